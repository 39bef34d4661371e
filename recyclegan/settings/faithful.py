"""The settings of what keeps the classes of the source in its translations."""

from dataclasses import dataclass

from recyclegan.config import Share, Weight, check_numbers
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig


@dataclass(frozen=True)
class FaithfulnessConfig:
    """Label maps of the source that a segmenter, trained along, must read in translations; by default none.

    Example:
        >>> FaithfulnessConfig(labels_weight=1.0).labels_warm_up
        0.1
    """

    labels_weight: Weight = 0.0
    """Weight of reading the classes of train/A_labels in translations of a; 0 leaves label maps and segmenter out."""
    labels_warm_up: Share = 0.1
    """First fraction of all steps in which that weight grows from 0 in proportion, while the segmenter learns."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self)

    def check_frames(self, frames: DataConfig) -> None:
        """Refuse frames that no segmenter can read.

        Raises:
            InputError: a domain holds label maps or grey frames, or images hold three frames.
        """
        if not self.labels_weight:
            return
        if frames.labels != "none" or frames.channels != (3, 3):
            found = f"--labels {frames.labels}" if frames.labels != "none" else "grey frames"
            raise InputError(f"labels_weight: found {found}, expected colour video in both domains; set it to 0")
        if frames.triplets:
            raise InputError("labels_weight: found --triplets, whose images have no label maps; set it to 0")
