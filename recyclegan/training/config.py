"""Everything that decides a training run, as it stands in the run's ``config.json``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from recyclegan.config import Count, CountOrNone, Seed, Share, Within, check_numbers, from_dict, to_dict
from recyclegan.data import Scale
from recyclegan.errors import InputError, nearest
from recyclegan.methods import METHODS, NetworkConfig, UnsupRecycleGAN
from recyclegan.tensors import Domain
from recyclegan.video import Damaged, Reading

Side = Annotated[int, Within(1, 16_384)]
"""Height or width in pixels."""
Labels = Literal["none", "a", "b", "ab"]
Precision = Literal["32", "bf16-mixed", "16-mixed"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Decay = Annotated[float, Within(0, 1, below=True)]
"""Share of the past in a moving average."""
LEAST_DROP_EVERY = 0.2
"""Least fraction of training between two falls of the learning rate: four falls at most, to a ten-thousandth."""


@dataclass(frozen=True)
class DataConfig:
    """How footage becomes frames."""

    size: tuple[Annotated[int, Within(32, 16_384)], Annotated[int, Within(32, 16_384)]] = (256, 256)
    """Height and width in pixels of the frames that are trained on."""
    load_size: tuple[Side, Side] | None = None
    """Height and width that frames are resized to before a crop of SIZE is taken; by default SIZE times 286/256."""
    resize: Literal["scale_shortest", "rectangle", "square", "none"] = "scale_shortest"
    """Scale the shorter side to the load size, or both sides to it, or take frames as they are."""
    crop: Literal["rectangle", "none"] = "rectangle"
    """Crop SIZE at a random place, or train on whole frames."""
    flip: bool = False
    """Mirror half of the clips; off by default, because text and the side of the road have a direction."""
    shuffle: bool = True
    """Take clips in an order of chance; off: in the order of their names."""
    labels: Labels = "none"
    """Domains that hold label maps: resized by nearest neighbour, palette kept exactly."""
    channels: tuple[int, int] = (3, 3)
    """Colour channels of a and of b: 3, or 1 for grey."""
    triplets: bool = False
    """Take each image for three frames side by side, the data of Recycle-GAN, instead of for one frame."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""
    cache: Path | None = None
    """Folder of the frame cache; by default the user's cache folder."""
    cache_gb: Annotated[float, Within(0, 1e9, above=True)] | None = None
    """Largest size of the frame cache in gigabytes; by default that of the variable RECYCLEGAN_CACHE_GB, or 64."""

    def __post_init__(self) -> None:
        """Refuse sizes that no network can take."""
        check_numbers(self)
        if not set(self.channels) <= {1, 3}:
            raise InputError(f"channels: found {self.channels}, expected 1 or 3 for each domain")

    @property
    def scale(self) -> Scale:
        """Return the scale that networks are trained at, and shown whole frames at ever after."""
        return Scale(self.size, self.load_size, self.resize, cuts=self.crop != "none")

    @property
    def reading(self) -> Reading:
        """Return how videos are read."""
        return Reading(self.damaged, self.deinterlace)

    def is_label(self, domain: Domain) -> bool:
        """Return whether a domain holds label maps."""
        return self.labels != "none" and domain in self.labels


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    data: Path
    """Folder with train/A, train/B and, for samples, val/A, val/B: videos, or folders of frames."""
    out: Path
    """Run folder to write."""
    method: Any = field(default_factory=UnsupRecycleGAN.Config)
    """The configuration of the method, an instance of its ``Config``."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    frames: DataConfig = field(default_factory=DataConfig)
    steps: Count | None = None
    """Steps to train for; by default EPOCHS."""
    epochs: Annotated[float, Within(0, 1e9, above=True)] = 2.0
    """Passes over the larger domain, where no steps are given."""
    batch_size: Annotated[int, Within(1, 65_536)] = 1
    """Clips of each domain in a step, on each device."""
    lr: Annotated[float, Within(0, above=True)] = 2e-4
    """Learning rate of Adam."""
    betas: tuple[Decay, Decay] = (0.5, 0.999)
    """Momentum terms of Adam."""
    decay: Share = 0.0
    """Last fraction of all steps in which the learning rate falls linearly; it never reaches 0. A run that is resumed
    with more steps takes the rate of the longer one."""
    drop_every: Share = 0.0
    """Fraction of all steps, 0.2 or more, after which the learning rate falls to a tenth, again and again; 0: never."""
    ramp_up: Share = 0.0
    """First fraction of all steps in which all terms but the adversarial ones grow linearly to their weights: the look
    comes first, steadiness follows."""
    clip_gradients: Annotated[float, Within(0)] = 0.0
    """Largest norm of the gradients; 0 leaves them alone."""
    history: CountOrNone = 0
    """Earlier fakes kept to be shown to the discriminators again."""
    ema: Decay = 0.999
    """Decay of the moving average of the generators' weights that translators carry; 0 carries the last weights."""
    seed: Seed = 0
    """Everything random follows from it."""
    precision: Precision = "32"
    """Floating point of the networks."""
    deterministic: bool = False
    """Let a GPU give the same bits every time: slower, and refused where an operation has no such algorithm. A CPU
    does without."""
    device: Device = "auto"
    """Where to train."""
    devices: Annotated[int, Within(1, 4096)] = 1
    """How many of them."""
    save_every: Count = 1000
    """Steps between checkpoints."""
    save_epochs: CountOrNone = 0
    """Epochs between checkpoints that are written besides; 0: only those of SAVE_EVERY."""
    keep: Count = 2
    """Checkpoints kept."""
    log_every: Count = 20
    """Steps between lines of stats.jsonl, each the mean since the last."""
    sample_every: Count = 500
    """Steps between sample grids, and between measures of held-out frames."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        check_numbers(self)
        if 0 < self.drop_every < LEAST_DROP_EVERY:
            most = f"0, or {LEAST_DROP_EVERY} to 1; more than four falls leave no rate to learn with"
            raise InputError(f"drop_every: found {self.drop_every}, expected {most}")
        networks, (height, width) = self.networks, self.frames.size
        if networks.discriminator == "patch" and min(height, width) >> networks.discriminator_layers < 3:
            layers = networks.discriminator_layers
            raise InputError(
                f"discriminator_layers: found {layers}, too many for frames of {height}x{width}; take fewer"
            )

    @property
    def method_name(self) -> str:
        """Return the name of the method that the configuration belongs to."""
        return next(name for name, method in METHODS.items() if type(self.method) is method.Config)


def config_to_dict(config: TrainConfig) -> dict[str, Any]:
    """Return the configuration as JSON values, the method by name."""
    return {**to_dict(config), "method": {"name": config.method_name, **to_dict(config.method)}}


def config_from_dict(values: dict[str, Any], source: str = "config") -> TrainConfig:
    """Return the configuration that ``config_to_dict`` wrote.

    Raises:
        InputError: an unknown method or field, or a value of the wrong type.
    """
    stored = values.get("method", {})
    if not isinstance(stored, dict):
        raise InputError(f"{source}: method: found {stored!r}, expected a table of fields")
    method = dict(stored)
    name = method.pop("name", None)
    if not isinstance(name, str) or name not in METHODS:
        raise InputError(f"{source}: unknown method {name!r}{nearest(str(name), METHODS)}")
    try:
        config: Any = from_dict(METHODS[name].Config, method, f"{source}: method")
        return from_dict(TrainConfig, {**values, "method": config}, source)
    except InputError as error:
        raise error if source in str(error) else InputError(f"{source}: {error}") from error
