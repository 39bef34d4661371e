"""The settings of what the generator a to b reads beside frames of A: depth, label maps and other channels."""

from collections.abc import Sequence
from dataclasses import dataclass

from recyclegan.config import check_numbers
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig

METHODS_WITH_EXTRAS = ("unsup-recycle-gan", "cycle-gan", "recycle-gan", "re-cycle-gan")
"""The methods whose terms know which channels are those of the frame."""
LEFT_OUT = ("cycle", "unsup_recycle", "recycle", "identity")
"""Terms of b that would give frames without extras to the generator a to b; they are left out where it reads some."""
MOST_EXTRAS = 32
PER_BAND = "pyramid"
"""How the names of generators begin that take apart all channels that they read, and so read none but a frame's."""


@dataclass(frozen=True)
class ExtraConfig:
    """Channels beside each frame of A, such as depth, that the generator a to b reads as well; by default none.

    Example:
        >>> ExtraConfig(("depth", "normals"), (1, 3)).channels
        {'depth': 1, 'normals': 3}
    """

    extra: tuple[str, ...] = ()
    """What the generator a to b reads beside each frame of A: names of folders in train/A_extra, and in val/A_extra for
    clips that are held out, such as depth. Each holds videos or folders of frames under the names of A's clips."""
    extra_channels: tuple[int, ...] = ()
    """Channels of each of EXTRA: 3, or 1 for grey; by default 3 of each."""

    def __post_init__(self) -> None:
        """Refuse what are no names of folders, and channels that do not belong to them."""
        check_numbers(self)
        for name in self.extra:
            if not name.strip() or name.startswith((".", "-")) or set(name) & set("/\\"):
                raise InputError(f"extra: found {name!r}, expected the name of a folder in train/A_extra")
        if len(set(self.extra)) < len(self.extra) or len(self.extra) > MOST_EXTRAS:
            raise InputError(f"extra: found {' '.join(self.extra)}, expected each name once, {MOST_EXTRAS} at most")
        if not set(self.extra_channels) <= {1, 3} or len(self.extra_channels) not in (0, len(self.extra)):
            found = " ".join(map(str, self.extra_channels))
            raise InputError(f"extra_channels: found {found}, expected 1 or 3 for each name of --extra, or nothing")

    @property
    def channels(self) -> dict[str, int]:
        """Return the channels of each by name, in the order in which they lie behind those of the frame."""
        return dict(zip(self.extra, self.extra_channels or [3] * len(self.extra), strict=True))

    @property
    def num_channels(self) -> int:
        """Return how many channels lie behind those of each frame of A."""
        return sum(self.channels.values())

    def check(self, frames: DataConfig, generator: str, method: str) -> None:
        """Refuse what reads no extras.

        Raises:
            InputError: images hold three frames, or neither generator nor method takes further channels.
        """
        if frames.triplets:
            raise InputError("extra: found --triplets, whose images have no frames beside them; leave one out")
        if generator.startswith(PER_BAND):
            raise InputError(f"extra: found generator {generator}, which reads frames alone; take detail-6")
        if method not in METHODS_WITH_EXTRAS:
            raise InputError(f"extra: found method {method}, expected one of {', '.join(METHODS_WITH_EXTRAS)}")


def named_in_words(names: Sequence[str]) -> str:
    """Return names in words: ``depth``, or ``depth and labels``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
