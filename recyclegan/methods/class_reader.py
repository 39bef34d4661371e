"""The segmenter that is trained along, on frames of A and their translations: it must read the same classes in both."""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from recyclegan.domains import Domain
from recyclegan.methods.adversary import Fakes
from recyclegan.methods.augmentation import sample_augmentation
from recyclegan.networks.segmentation_unet import SegmentationUNet, class_weights
from recyclegan.tensors import Clips, Frames, Scalar, Terms

Classes = Int64[Tensor, "batch height width"]
"""The class of each pixel, counted from 0; void is 255."""
CarryingClips = Float[Tensor, "batch time carried height width"]
"""Clips with a class behind the colours of each pixel."""

RATE = 2e-3
"""Learning rate of the segmenter, whatever that of the other networks is."""
BETAS = (0.9, 0.999)


class ClassReader(nn.Module):
    """A small U-Net that reads classes, with instance norm: it judges each frame by the frame's own contrasts.

    Each class counts by the root of how rare it is; void does not.
    """

    weights: Float[Tensor, "classes"]

    def __init__(self, counts: Sequence[int]) -> None:
        """Take how many pixels of each class were counted; weights come from torch's global random state."""
        super().__init__()
        self.network = SegmentationUNet(len(counts), norm=partial(nn.InstanceNorm2d, affine=True))
        self.register_buffer("weights", class_weights(torch.tensor(counts)))

    def forward(self, frames: Frames) -> Float[Tensor, "batch classes height width"]:
        """Return the scores of each class at every pixel of frames in [-1, 1]."""
        return self.network(frames)

    def misread(self, frames: Frames, classes: Classes) -> Scalar:
        """Return how far the classes that are read in frames are from these: the weighted mean cross-entropy."""
        odds = self(frames).float().log_softmax(dim=1)
        # Written out, because torch's own has no gradient that a GPU computes with the same bits every time.
        of_class = classes[:, None] == torch.arange(odds.shape[1], device=odds.device)[:, None, None]
        counting = of_class * self.weights[:, None, None]
        return -(odds * counting).sum() / counting.sum().clamp(min=1)

    def lesson(self, frames: Frames, fake: Fakes, classes: Classes, rng: torch.Generator) -> Scalar:
        """Return the mean of the same over frames in other colours and over translations, of which ``fake`` begins.

        Who had learned from frames alone would hold translations to the source's look.
        """
        recoloured = sample_augmentation(("colour",), frames, rng)(frames)
        return (self.misread(recoloured, classes) + self.misread(fake[: len(classes)], classes)) / 2

    def terms(self, fake: Fakes, classes: Classes, weight: Scalar) -> Terms:
        """Yield the term that asks for the classes of first frames in their translations, of which ``fake`` begins."""
        yield "labels", weight * self.misread(fake[: len(classes)], classes)


def frames_and_classes(batch: Mapping[Domain, Tensor]) -> tuple[dict[Domain, Tensor], Classes]:
    """Return the frames of a batch whose clips of a carry a class behind their colours, and those of first frames."""
    carrying = batch["a"]
    classes = carrying[:, 0, -1].float().add(1).mul(127.5).round().long()
    return {**batch, "a": carrying[:, :, :-1].contiguous()}, classes


def with_one_class(clips: Clips) -> CarryingClips:
    """Return clips that carry the first class behind their colours."""
    return torch.cat([clips, torch.full_like(clips[:, :, :1], -1.0)], dim=2)
