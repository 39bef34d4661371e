"""Recipes by name: the published ones, and three of our own."""

from dataclasses import dataclass, field
from typing import Any

from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import CycleGANConfig, UnsupRecycleGANConfig
from recyclegan.settings.networks import AdversaryConfig, NetworkConfig


@dataclass(frozen=True)
class Preset:
    """Defaults of a training run that belong together."""

    method: str
    config: Any
    frames: DataConfig
    others: dict[str, Any] = field(default_factory=dict)
    """Further fields of the training configuration."""


PAINTING_CLASSES = NetworkConfig(generator="classes-6", adversary=AdversaryConfig(r1=(0.1, 1.0), coordinates=True))
"""Networks for label maps: discriminators know where they look, and are held back, most where they see label maps."""
ADDING_TO_COLOURS = NetworkConfig(
    generator="colours-6",
    adversary=AdversaryConfig(
        r1=(0.1, 0.1), r1_every=4, scales=2, augment=("translation", "cutout"), augment_ramp=1000
    ),
)
"""Networks for footage: generators start at the target's colours; discriminators see frames at two sizes, more and
more of them moved and with a part cut out, so that they do not learn a few clips by heart.
"""

PRESETS = {
    "viper-to-cityscapes": Preset(
        method="unsup-recycle-gan",
        config=UnsupRecycleGANConfig(content=(1.0, 1.0)),
        frames=DataConfig(size=(256, 512), load_size=(286, 542), resize="rectangle"),
        others={"epochs": 2.0},
    ),
    "video-to-label": Preset(
        method="unsup-recycle-gan",
        config=UnsupRecycleGANConfig(cycle=(10.0, 10.0), unsup_recycle=(0.0, 10.0), unsup_spatial=(10.0, 0.0)),
        frames=DataConfig(size=(256, 256), load_size=(286, 286), resize="rectangle", labels="b"),
        others={"epochs": 5.0},
    ),
    "steady": Preset(
        method="unsup-recycle-gan",
        config=UnsupRecycleGANConfig(cycle=(10.0, 10.0)),
        frames=DataConfig(resize="rectangle"),
        others={"networks": NetworkConfig(generator="detail-6"), "epochs": 2.0, "decay": 0.3},
    ),
    "steady-footage": Preset(
        method="unsup-recycle-gan",
        config=UnsupRecycleGANConfig(unsup_recycle=(6.0, 6.0), unsup_spatial=(40.0, 40.0)),
        frames=DataConfig(resize="rectangle"),
        others={
            "networks": ADDING_TO_COLOURS,
            "lr_ratio": 3.0,
            "epochs": 2.0,
            "decay": 0.3,
            "progressive": (2, 2, 1),
        },
    ),
    "steady-video-to-label": Preset(
        method="unsup-recycle-gan",
        config=UnsupRecycleGANConfig(cycle=(0.0, 10.0), unsup_recycle=(0.0, 10.0), unsup_spatial=(25.0, 4.0)),
        frames=DataConfig(size=(256, 256), load_size=(286, 286), resize="rectangle", labels="b"),
        others={"networks": PAINTING_CLASSES, "ramp_up": 0.5, "epochs": 5.0, "decay": 0.3},
    ),
    "horse-to-zebra": Preset(
        method="cycle-gan",
        config=CycleGANConfig(),
        frames=DataConfig(size=(256, 256), load_size=(286, 286), resize="rectangle", flip=True),
        others={"networks": NetworkConfig(generator="resnet-9"), "epochs": 200.0, "decay": 0.5, "history": 50},
    ),
}
"""Source: Wang, Akash and Misu 2022, and the commands published beside it; of the last, Zhu et al. 2017, section 4.
The three called steady are ours, chosen in docs/results.md and docs/log.md; ``steady`` is the one for footage that
was there before ``steady-footage``."""
