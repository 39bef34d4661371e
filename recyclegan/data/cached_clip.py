"""A clip in the cache as training reads it: checked with every read, and decoded anew where it is damaged."""

from recyclegan.data.building import Counter, built
from recyclegan.data.entry import DamagedError, Entry, Window
from recyclegan.data.loading import Source
from recyclegan.domains import Colours
from recyclegan.errors import InputError


class CachedClip:
    """The frames of a clip in the cache; ``notes`` tells when they were damaged and decoded anew."""

    def __init__(self, source: Source, entry: Entry, damage: str = "") -> None:
        """Take an entry, and what was found in its place before it was built."""
        self._source = source
        self._entry = entry
        self.notes = [self._note(damage)] if damage else []

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Time, height, width, channels."""
        return self._entry.shape

    @property
    def palette(self) -> Colours:
        """The colours of all frames of a clip of label maps, sorted."""
        return self._entry.palette

    @property
    def digest(self) -> str:
        """The SHA-256 of the frames, in hexadecimal."""
        return self._entry.digest

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> Window:
        """Return consecutive frames.

        Raises:
            InputError: they are damaged in the cache, and cannot be decoded anew or are damaged again.
        """
        start, stop, _ = frames.indices(len(self))
        try:
            return self._entry.read(start, stop)
        except DamagedError as damage:
            self._renew(str(damage))
        try:
            return self._entry.read(start, stop)
        except DamagedError as damage:
            raise InputError(
                f"{self._entry.path}: is damaged again ({damage}); set RECYCLEGAN_CACHE to another disk"
            ) from damage

    def _renew(self, damage: str) -> None:
        path, name = self._entry.path, self._source.clip.name
        if self._source.key() != path.stem:
            raise InputError(
                f"{path}: {damage}, and {name}, which it was decoded from, has changed since training began; "
                "go on with --resume"
            )
        self._entry = built(self._source, path, Counter(0))
        self.notes.append(self._note(damage))

    def _note(self, damage: str) -> str:
        return f"{self._source.clip.name}: its frames in the cache were damaged ({damage}) and are decoded anew"
