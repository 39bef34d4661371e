"""``recyclegan prepare crops``: describes the crops of a data folder before they are matched."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import tyro

from recyclegan.cli.next_step import next_step
from recyclegan.cli.parsing import DEFAULT_METHOD, parse
from recyclegan.cli.progress import counter, progress_bars
from recyclegan.errors import InputError, nearest
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS, config_of
from recyclegan.settings.training import TrainConfig


@dataclass(frozen=True)
class PrepareCropsOptions:
    """What ``prepare crops`` takes. Options of the data are those that training will get: crops differ with them."""

    data: tyro.conf.Positional[Path]
    """Data folder, with train/A and train/B."""
    method: str = DEFAULT_METHOD
    """Method that will be trained: some take several frames in a row."""
    frames: DataConfig = field(default_factory=lambda: DataConfig(resize="rectangle", match="nearest"))


def prepare_crops(words: list[str]) -> None:
    """Read footage into the cache, and describe the layouts of its crops there."""
    options = parse(PrepareCropsOptions, words, "prepare crops")
    if options.method not in METHODS:
        raise InputError(f"--method {options.method}: unknown{nearest(options.method, METHODS)}")
    frames = replace(options.frames, match="nearest")
    config = TrainConfig(options.data, method=config_of(options.method)(), frames=frames, device="cpu")
    from recyclegan.training.training_data import describe_crops

    with progress_bars() as bars:
        print(describe_crops(config, counter(bars)))
    print(next_step("train", options.method, "--data", options.data, "--match", "nearest", *_further(words, options)))


def _further(words: list[str], options: PrepareCropsOptions) -> list[str]:
    """Return the words but for the data folder and the options that the next command names by itself."""
    further = [word for word in words if not word.startswith(("--method=", "--match="))]
    further.remove(next(word for word in further if Path(word) == options.data))
    for stated in ("--method", "--match"):
        if stated in further:
            del further[further.index(stated) : further.index(stated) + 2]
    return further
