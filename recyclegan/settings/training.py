"""Everything that decides a training run, as it stands in the run's ``config.json``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from recyclegan.config import Count, CountOrNone, Seed, Share, Weight, Within, check_numbers, from_dict, to_dict
from recyclegan.errors import InputError, nearest
from recyclegan.settings.extra_inputs import ExtraConfig
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS, UnsupRecycleGANConfig, config_of
from recyclegan.settings.networks import NetworkConfig

Precision = Literal["32", "bf16-mixed", "16-mixed"]
Compile = Literal["auto", "off", "on"]
Device = Literal["auto", "cpu", "cuda", "mps"]
OnDevice = Literal["auto", "on", "off"]
Decay = Annotated[float, Within(0, 1, below=True)]
"""Share of the past in a moving average."""
LEAST_DROP_EVERY = 0.2
"""Least fraction of training between two falls of the learning rate: four falls at most, to a ten-thousandth."""
LEAST_SIDE = 32
"""Pixels of the shorter side of what is trained on."""
UNNAMED = Path("runs/DATA-METHOD")
"""Stands for a run folder that gets the names of its data folder and of its method."""


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


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run.

    Example:
        >>> TrainConfig(data="data", steps=1000).out
        PosixPath('runs/data-unsup-recycle-gan')
    """

    data: Path
    """Folder with train/A, train/B and, for samples, val/A, val/B: videos, or folders of frames."""
    out: Path = UNNAMED
    """Run folder to write; by default it is called after the data folder and the method."""
    method: Any = field(default_factory=UnsupRecycleGANConfig)
    """The configuration of the method, an instance of its ``Config``."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    frames: DataConfig = field(default_factory=DataConfig)
    faithfulness: FaithfulnessConfig = field(default_factory=FaithfulnessConfig)
    """What keeps the classes of the source."""
    extras: ExtraConfig = field(default_factory=ExtraConfig)
    """What the generator a to b reads beside the frames of A."""
    steps: Count | None = None
    """Steps to train for; where none are given, EPOCHS tell how many."""
    epochs: Annotated[float, Within(0, 1e9, above=True)] = 2.0
    """Passes over the larger domain, where no steps are given."""
    batch_size: Annotated[int, Within(1, 65_536)] = 1
    """Clips of each domain in a step, on each device."""
    lr: Annotated[float, Within(0, above=True)] = 2e-4
    """Learning rate of Adam."""
    lr_ratio: Annotated[float, Within(0, above=True)] = 1.0
    """Learning rate of the discriminators, as a multiple of the generators'."""
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
    progressive: tuple[Annotated[int, Within(1, 64)], ...] = ()
    """What the sides of frames are divided by in equal parts of all steps, the last one 1: 4 2 1 1 trains a quarter of
    the steps at a quarter of the size, a quarter at half of it, and the rest at SIZE. Steps at smaller sizes take less
    time; the look comes first, fine detail follows."""
    clip_gradients: Annotated[float, Within(0)] = 0.0
    """Largest norm of the gradients; 0 leaves them alone."""
    history: CountOrNone = 0
    """Earlier fakes kept to be shown to the discriminators again."""
    ema: Decay = 0.999
    """Decay of the moving average of the generators' weights that translators carry; 0 carries the last weights."""
    seed: Seed = 0
    """Seed of everything that is random."""
    precision: Precision = "32"
    """Floating point of the networks."""
    deterministic: bool = False
    """Let a GPU give the same bits every time: slower, and refused where an operation has no such algorithm. A CPU
    does without."""
    compile: Compile = "auto"
    """How a GPU runs a step: ``auto`` replayed as CUDA graphs, with fused norms and borders where Triton is; ``on``
    compiled by torch, which takes minutes, and replayed; ``off`` as it is written. On a CPU only ``on`` compiles."""
    device: Device = "auto"
    """Where to train."""
    devices: Annotated[int, Within(1, 4096)] = 1
    """How many devices to train on."""
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
    data_on_device: OnDevice = "auto"
    """Keep all frames on the device, so that no step reads or copies any; auto: on CUDA, where a third of its free
    memory is enough. The batches are the same."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, and name the run folder where no name is given."""
        check_numbers(self)
        if self.out == UNNAMED:
            object.__setattr__(self, "out", default_run(self.data, self.method_name))
        if 0 < self.drop_every < LEAST_DROP_EVERY:
            most = f"0, or {LEAST_DROP_EVERY} to 1; more than four falls leave no rate to learn with"
            raise InputError(f"drop_every: found {self.drop_every}, expected {most}")
        self.networks.check_frames(self.frames.size, self.frames.labels)
        self.faithfulness.check_frames(self.frames)
        if self.extras.extra:
            self.extras.check(self.frames, self.networks.generator, self.method_name)
        if self.progressive:
            self._check_progressive()

    def _check_progressive(self) -> None:
        """Refuse parts of training that do not end at the whole frame, or begin at one that networks do not allow."""
        divisors = " ".join(map(str, self.progressive))
        if self.progressive[-1] != 1:
            raise InputError(f"progressive: found {divisors}, expected 1 at the end, for frames of SIZE itself")
        height, width = smallest_frame(self.progressive, self.frames.size)
        if min(height, width) < LEAST_SIDE:
            raise InputError(
                f"progressive: found {divisors}, which begins with frames of {height}x{width}, expected "
                f"{LEAST_SIDE}x{LEAST_SIDE} at least; begin with a smaller number, or give a larger --size"
            )
        self.networks.check_frames((height, width), self.frames.labels)

    @property
    def method_name(self) -> str:
        """Return the name of the method that the configuration belongs to."""
        return next(name for name in METHODS.places if type(self.method) is config_of(name))


def smallest_frame(progressive: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width of the smallest frames of parts of training, whose whole ones have ``size``."""
    height, width = (side // max(progressive) for side in size)
    return height, width


def parts_within(progressive: tuple[int, ...], size: tuple[int, int], networks: NetworkConfig) -> tuple[int, ...]:
    """Return these parts of training, or none where their smallest frames are too small for the networks."""
    if not progressive:
        return ()
    smallest = smallest_frame(progressive, size)
    return progressive if min(smallest) >= LEAST_SIDE and networks.allows(smallest) else ()


def default_run(data: Path, method: str) -> Path:
    """Return the run folder of a data folder and a method, where none is named: ``runs/DATA-METHOD``."""
    return UNNAMED.parent / f"{data.resolve().name or 'data'}-{method}"


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
        config: Any = from_dict(config_of(name), method, f"{source}: method")
        return from_dict(TrainConfig, {**values, "method": config}, source)
    except InputError as error:
        raise error if source in str(error) else InputError(f"{source}: {error}") from error
