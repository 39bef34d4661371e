"""The settings of every method, and the methods by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from recyclegan.config import Count, PerDomain, Weight, Within, check_numbers
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import PredictorName


@dataclass(frozen=True)
class UnsupRecycleGANConfig:
    """Ask that translating and warping commute, under synthetic flow that is exact in both domains.

    Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out.
    """

    adversarial: PerDomain = (1.0, 1.0)
    """Look like the other domain."""
    cycle: PerDomain = (0.0, 0.0)
    """There and back gives the frame again."""
    unsup_recycle: PerDomain = (10.0, 10.0)
    """There, moved, and back gives the moved frame."""
    unsup_spatial: PerDomain = (10.0, 10.0)
    """Translating the moved frame gives the moved translation."""
    content: PerDomain = (0.0, 0.0)
    """The translation keeps the frame's VGG-19 features."""
    identity: PerDomain = (0.0, 0.0)
    """A frame translated into its own domain stays as it is."""
    vgg: Path | None = None
    """File of VGG-19 weights for the content term; without one, torchvision's."""
    flow: FlowSynthesis = field(default_factory=FlowSynthesis)
    """The synthetic motion."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self)


@dataclass(frozen=True)
class CycleGANConfig:
    """Ask that the way there and back gives the frame again.

    Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out.
    """

    adversarial: PerDomain = (1.0, 1.0)
    """Look like the other domain."""
    cycle: PerDomain = (10.0, 10.0)
    """There and back gives the frame again."""
    identity: PerDomain = (5.0, 5.0)
    """A frame translated into its own domain stays as it is."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self)


@dataclass(frozen=True)
class RecycleGANConfig:
    """Ask that a clip translated, continued by a predictor, and translated back is the clip that went on.

    Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out.
    """

    adversarial: PerDomain = (1.0, 1.0)
    """Each of the three translated frames looks like the other domain."""
    recurrent: PerDomain = (10.0, 10.0)
    """The predictor tells the third frame from the first two."""
    recycle: PerDomain = (10.0, 10.0)
    """The third frame predicted in the other domain, translated back, is the third frame."""
    adversarial_predicted: PerDomain = (0.0, 0.0)
    """Frames predicted from real ones look like their own domain."""
    identity: PerDomain = (0.0, 0.0)
    """The first two frames, translated into their own domain, stay as they are."""
    predictor: PredictorName = "unet-128"
    """Architecture of the predictors."""
    predictor_width: Annotated[int, Within(1, 1024)] | None = None
    """Channels of the predictors' first layer; by default the generators', for "prediction" a sixteenth of it."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, such as predictors without layers."""
        check_numbers(self)


@dataclass(frozen=True)
class ReCycleGANConfig(RecycleGANConfig):
    """Recycle-GAN, asking also that the way there and back gives the first two frames again.

    Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out.
    """

    cycle: PerDomain = (10.0, 10.0)
    """There and back gives the first two frames again."""


@dataclass(frozen=True)
class CUTConfig:
    """Ask that each place of a translation keeps most in common with the same place of its source; a to b only.

    Weights of the terms, and the embedding that places are compared in. A weight of 0 leaves its term out.
    """

    adversarial: Weight = 1.0
    """Look like the other domain."""
    contrastive: Weight = 10.0
    """Each place resembles the same place of the source more than other places of it."""
    identity: Weight = 0.0
    """The same for frames of b, which are translated too; the paper weighs this and ``contrastive`` with 1."""
    unsup_spatial: Weight = 0.0
    """Translating the moved frame gives the moved translation; no part of the published method."""
    layers: tuple[int, ...] = (0, 4, 7, 10, 14)
    """Layers of the ResNet generator whose features are compared: by default the padded frame, both strides, the
    first and the fifth block."""
    places: Count = 256
    """Places of a frame that are compared."""
    embedding: Annotated[int, Within(1, 65_536)] = 256
    """Length of the vector that each place of a layer is embedded in."""
    temperature: Annotated[float, Within(0, 1e6, above=True)] = 0.07
    """Divides similarities; smaller tells places apart more sharply."""
    flow: FlowSynthesis = field(default_factory=FlowSynthesis)
    """The synthetic motion of the spatial term."""

    def __post_init__(self) -> None:
        """Refuse embeddings that compare nothing."""
        check_numbers(self, "cut ")


@dataclass(frozen=True)
class DistillConfig:
    """Ask that a student paints what its teacher paints, and that translating and warping commute; a to b only.

    Weights of the terms. A weight of 0 leaves its term out.
    """

    adversarial: Weight = 0.5
    """Look like the footage of the target; 0 where there is none."""
    imitation: Weight = 10.0
    """Each frame becomes what the teacher makes of it, from single edges to broad areas."""
    unsup_spatial: Weight = 5.0
    """Translating the moved frame gives the moved translation, which makes a student steadier than its teacher."""
    bands: Annotated[int, Within(1, 6)] = 3
    """Scales at which frames are compared, each half the size of the one before."""
    flow: FlowSynthesis = field(default_factory=FlowSynthesis)
    """The synthetic motion."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self, "distill ")


CONFIGS: dict[str, type] = {
    "unsup-recycle-gan": UnsupRecycleGANConfig,
    "cycle-gan": CycleGANConfig,
    "recycle-gan": RecycleGANConfig,
    "re-cycle-gan": ReCycleGANConfig,
    "cut": CUTConfig,
    "distill": DistillConfig,
}
"""The settings of the methods that stand apart from their networks, so that they are read without loading torch."""


class _Methods(Mapping[str, Any]):
    """Classes by name, each imported from `recyclegan.methods` when it is first asked for.

    Those ``beside`` have a command of their own: they are found by name, but not listed.
    """

    def __init__(self, places: Mapping[str, str], beside: Mapping[str, str]) -> None:
        self.places, self._listed = {**places, **beside}, tuple(places)

    def __getitem__(self, name: str) -> Any:
        module, _, kind = self.places[name].partition(".")
        return getattr(import_module(f"recyclegan.methods.{module}"), kind)

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


METHODS = _Methods(
    {
        "unsup-recycle-gan": "unsup_recycle_gan.UnsupRecycleGAN",
        "cycle-gan": "cycle_gan.CycleGAN",
        "recycle-gan": "recycle_gan.RecycleGAN",
        "re-cycle-gan": "recycle_gan.ReCycleGAN",
        "cut": "cut.CUT",
    },
    beside={"distill": "imitation.Distillation"},
)
"""The methods by name, with file and class in `recyclegan.methods`. A new one is one file and one word here."""


def config_of(name: str) -> type:
    """Return the class of a method's settings; a method that is not in ``CONFIGS`` is imported, and torch with it."""
    return CONFIGS.get(name) or METHODS[name].Config


def summary_of(name: str) -> str:
    """Return what a method asks for, in one line."""
    return ((CONFIGS.get(name) or METHODS[name]).__doc__ or "").splitlines()[0]
