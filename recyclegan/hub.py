"""Where a translator lies: at a path, in the package or, where nothing here can be meant, on the Hugging Face hub."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from recyclegan.domains import DIRECTIONS, Direction
from recyclegan.errors import InputError, nearest
from recyclegan.files import kind_of
from recyclegan.notes import notify
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.translating import EXPORT_SUFFIXES
from recyclegan.shipped import find_shipped, names

HUB = "hf://"
"""Begins the name of a repository that is looked for on the hub alone."""
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_REVISION = re.compile(r"\w[\w./-]{0,250}")
PATIENCE = 8.0
"""Seconds without an answer after which it is seen whether the hub can be reached at all."""
_REACH_SECONDS = 4.0


def locate(place: AnyPath, direction: Direction | None = None, revision: str | None = None) -> Path:
    """Return the path of a translator or run folder, fetching ``owner/name`` from the hub where nothing here is meant.

    A path that is there wins; then a word alone may name a translator of the package. ``hf://owner/name`` always means
    the hub; ``owner/name`` does where there is no path ``owner``, nor one of nearly that name. ``revision`` is a
    branch, tag or commit of a repository, which may stand behind its name too: ``hf://owner/name@v1``.

    Raises:
        InputError: there is no such path, the nearest being named, or no such repository or revision, or the hub does
            not answer and the file was not fetched before.
    """
    if str(place).startswith(HUB):
        name, _, at = str(place).removeprefix(HUB).partition("@")
        return _from_hub(name, direction, revision or at or None)
    path = as_path(place)
    if kind_of(path) == "nothing" and _may_be_repository(path):
        return _from_hub(str(place), direction, revision)
    if revision:
        raise InputError(f"revision {revision}: is for repositories of the hub, {place} is none; leave it out")
    if kind_of(path) != "nothing":
        return path
    if found := find_shipped(place):
        return found
    meant = _nearest_path(path if kind_of(path.parent) == "folder" else path.parent, names())
    raise InputError(
        f"{path}: no such file or folder{meant}; expected a run folder, a .safetensors or exported file, a name that "
        f"recyclegan models lists, or {HUB}OWNER/NAME on the Hugging Face hub"
    )


def _may_be_repository(path: Path) -> bool:
    """Return whether a path that is not there has the form of a repository, and nothing like its owner is here."""
    is_file = path.suffix in (".safetensors", *EXPORT_SUFFIXES.values())
    here = is_file or not _REPOSITORY.fullmatch(str(path)) or kind_of(path.parent) != "nothing"
    return not here and not _nearest_path(path.parent)


def _nearest_path(path: Path, words: Iterable[str] = ()) -> str:
    """Return ``" (did you mean 'x'?)"`` for what has nearly the name of a path and lies beside it, or is among the
    ``words`` that may stand for a path without a folder; an empty string where nothing has.
    """
    known = list(words) if path.parent == Path() else []
    with suppress(OSError):
        known += [other.name for other in path.parent.iterdir()]
    return nearest(path.name, known)


def _from_hub(repository: str, direction: Direction | None, revision: str | None) -> Path:
    """Return the file of a direction in a repository, fetched into the hub's own cache.

    Without a direction it is that of ab, or of ba where there is no other.

    Raises:
        InputError: it has no such file or revision, or the hub does not answer and no copy was fetched before.
    """
    check_repository(repository, revision)
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    wanted = [f"{way}.safetensors" for way in ([direction] if direction else DIRECTIONS)]
    for name in wanted:
        try:
            return _fetched(repository, name, revision)
        except Exception as error:
            is_missing = isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError)
            if is_missing and name != wanted[-1]:
                continue
            raise InputError(
                f"{repository}: neither a path here nor a translator on the hub ({type(error).__name__}); "
                f"{_remedy(error, wanted, revision)}"
            ) from error
    raise AssertionError(wanted)


def check_repository(repository: str, revision: str | None = None) -> None:
    """Refuse what cannot be the name of a repository, or of a branch, tag or commit.

    Raises:
        InputError: it cannot.
    """
    if not _REPOSITORY.fullmatch(repository) or not _REVISION.fullmatch(revision or "main"):
        raise InputError(f"{HUB}{repository}: is no repository; expected {HUB}OWNER/NAME, or {HUB}OWNER/NAME@REVISION")


def _remedy(error: Exception, wanted: list[str], revision: str | None) -> str:
    """Return what is to be done about an error of the hub's library."""
    from huggingface_hub import constants, errors

    match error:
        case errors.LocalEntryNotFoundError() | errors.OfflineModeIsEnabled():
            pass
        case errors.RepositoryNotFoundError():
            return "check its name; a private one needs hf auth login"
        case errors.RevisionNotFoundError():
            return f"it has no revision {revision}"
        case errors.EntryNotFoundError():
            return f"it holds no {' or '.join(wanted)}"
    offline = ", and HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else ""
    return f"expected {' or '.join(wanted)} there, and a connection: no copy was fetched before{offline}"


def _fetched(repository: str, name: str, revision: str | None) -> Path:
    """Return a file of a repository; where the hub does not answer, the copy that was fetched before, which is told."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    def download() -> str:
        return hf_hub_download(repository, name, revision=revision) if revision else hf_hub_download(repository, name)

    copy = try_to_load_from_cache(repository, name, revision=revision)
    if isinstance(copy, str) and (reason := _silence()):
        notify(f"{repository}: {reason}; the copy that was fetched before is taken (commit {Path(copy).parent.name})")
        return Path(copy)
    with _quiet():
        return Path(_patiently(download))


def _silence() -> str:
    """Return in words why the hub does not answer, an empty text where it does."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        with _quiet():
            _reach_hub()
    except Exception as error:
        return f"the hub does not answer ({type(error).__name__})"
    return ""


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
