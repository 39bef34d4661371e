"""Checks every annotated shape while the tests run, on one thread, with a frame cache of the tests' own."""

from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from jaxtyping import install_import_hook

from tests import type_checks

install_import_hook("recyclegan", f"{type_checks.__name__}.check")
install_import_hook("recyclegan.settings", f"{type_checks.__name__}.check_settings")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECYCLEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _silent_progress(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no work count as long, so that what commands say does not depend on the machine."""
    if not request.module.__name__.endswith("test_progress"):
        monkeypatch.setattr("recyclegan.cli.progress.LONG", float("inf"))


@pytest.fixture
def _unchecked() -> Iterator[None]:
    """Let shapes be unchecked, which are no plain numbers while torch traces a network."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
