"""What all tests of evaluation share."""

from collections.abc import Iterator

import pytest

from recyclegan.evaluation import survival


@pytest.fixture(autouse=True, scope="session")
def _moments_of_learning_to_read_objects() -> Iterator[None]:
    """Let segmenters that read objects learn for a moment; tests of what they read say how long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survival, "STEPS", 8)
        yield
