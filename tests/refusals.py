"""What is said where something is refused."""

from typing import Any

import pytest

from recyclegan.errors import InputError


def message_of(action: Any, *arguments: Any, **options: Any) -> str:
    """Return the message of the InputError that an action ends in, which is one line."""
    with pytest.raises(InputError) as caught:
        action(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)
