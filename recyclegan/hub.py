"""Where a translator lies: on this machine or, where nothing here can be meant, on the Hugging Face hub."""

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from recyclegan.domains import Direction
from recyclegan.errors import InputError, nearest
from recyclegan.files import kind_of
from recyclegan.paths import AnyPath, as_path

HUB = "hf://"
"""Begins the name of a repository that is looked for on the hub alone."""
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
PATIENCE = 8.0
"""Seconds without an answer after which it is seen whether the hub can be reached at all."""
_REACH_SECONDS = 4.0


def locate(place: AnyPath, direction: Direction | None = None) -> Path:
    """Return the path of a translator or run folder, fetching ``owner/name`` from the hub where nothing here is meant.

    ``hf://owner/name`` always means the hub; ``owner/name`` does where there is no path ``owner``, nor one of nearly
    that name.

    Raises:
        InputError: there is no such path, the nearest being named, or no such repository, or the hub does not answer.
    """
    if str(place).startswith(HUB):
        return _from_hub(str(place).removeprefix(HUB), direction)
    path = as_path(place)
    if kind_of(path) != "nothing":
        return path
    if _may_be_repository(path):
        return _from_hub(str(place), direction)
    meant = _nearest_path(path if kind_of(path.parent) == "folder" else path.parent)
    raise InputError(
        f"{path}: no such file or folder{meant}; expected a run folder, a .safetensors or .onnx file, or "
        f"{HUB}OWNER/NAME on the Hugging Face hub"
    )


def _may_be_repository(path: Path) -> bool:
    """Return whether a path that is not there has the form of a repository, and nothing like its owner is here."""
    is_file = path.suffix in (".safetensors", ".onnx")
    here = is_file or not _REPOSITORY.fullmatch(str(path)) or kind_of(path.parent) != "nothing"
    return not here and not _nearest_path(path.parent)


def _nearest_path(path: Path) -> str:
    """Return ``" (did you mean 'x'?)"`` for what lies beside a path and has nearly its name, or an empty string."""
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        return ""
    return nearest(path.name, names)


def _from_hub(repository: str, direction: Direction | None) -> Path:
    """Return the file of a direction in a repository, fetched into the hub's own cache.

    Raises:
        InputError: it has no such file, or the hub does not answer.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{HUB}{repository}: is no repository; expected {HUB}OWNER/NAME")
    from huggingface_hub import hf_hub_download

    name = f"{direction or 'ab'}.safetensors"
    try:
        with _quiet():
            return Path(_patiently(lambda: hf_hub_download(repository, name)))
    except Exception as error:
        raise InputError(
            f"{repository}: neither a path here nor a translator on the hub ({type(error).__name__}); "
            f"expected {name} in {HUB}{repository}, and a connection"
        ) from error


def _patiently(fetch: Callable[[], str]) -> str:
    """Return what ``fetch`` returns; give up where it takes long and the hub cannot be reached.

    The library would try again and again for half a minute or more; its thread ends with the process.
    """
    answer: Future[str] = Future()
    Thread(target=_answer, args=(fetch, answer), daemon=True).start()
    try:
        return answer.result(PATIENCE)
    except TimeoutError:
        if answer.done():
            raise
        _reach_hub()
    return answer.result()


def _answer(fetch: Callable[[], str], answer: Future[str]) -> None:
    try:
        answer.set_result(fetch())
    except BaseException as error:
        answer.set_exception(error)


def _reach_hub() -> None:
    """Ask the hub for anything; its library's error says that it cannot be reached."""
    from huggingface_hub import constants, get_session

    get_session().head(constants.ENDPOINT, timeout=_REACH_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from telling of every try."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
