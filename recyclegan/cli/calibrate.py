"""``recyclegan calibrate``, and the calibrated setting of the synthetic flow that ``train --flow`` takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from recyclegan.cli.next_step import to_train
from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars, say_notes
from recyclegan.config import Count, Seed, Within
from recyclegan.files import check_writable
from recyclegan.settings.frames import DataConfig, Reading
from recyclegan.settings.motion import FlowSynthesis

if TYPE_CHECKING:
    from recyclegan.calibration import Calibration, Footage, View

NUM_ROWS = 3
"""Pairs of each domain in the picture."""
NUM_SYNTHETIC = 3
"""Synthetic flows in each of its rows."""
UNTRUSTED = 128
"""Grey in the picture."""
GREY = "Grey: no motion was found that can be trusted."
LEVELS = 3
"""Folders between a data folder and the frames of a clip: DATA/train/A/CLIP."""
TITLES = {
    "length": "mean length",
    "shift": "shift",
    "zoom": "zoom",
    "rotation": "rotation, deg",
    "rest": "rest",
    "correlation": "its half-width",
}


@dataclass(frozen=True)
class CalibrateOptions:
    """What ``calibrate`` takes."""

    data: tyro.conf.Positional[Path]
    """Data folder, whose train/A and train/B are looked at; or any folder of clips, or a video."""
    out: Path | None = None
    """File to write; by default flow.json in the data folder, or VIDEO.flow.json beside a video."""
    size: tuple[int, int] = (256, 256)
    """Height and width of the frames that would be trained on; the setting is relative to the shorter side."""
    pairs: Count = 100
    """Pairs of neighbouring frames to look at in each domain."""
    headroom: Annotated[float, Within(0, 100, above=True)] = 1.0
    """Synthetic motion over the motion between neighbouring frames."""
    seed: Seed = 0
    """Draws the pairs."""
    picture: Path | None = None
    """PNG file to write besides: frames, the flow found in them, and synthetic flow to compare."""
    triplets: bool = False
    """Take each image for three frames side by side instead of for one frame."""
    damaged: Literal["refuse", "keep"] = "refuse"
    """Refuse damaged videos, or keep what of them decodes; that is told."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""


def calibrate(words: list[str]) -> None:
    """Fit the synthetic motion to the motion in your clips; train --flow takes the file it writes."""
    options = parse(CalibrateOptions, words, "calibrate")
    from recyclegan.calibration import footage_of, write_calibration

    out = options.out or _default_out(options.data)
    reading = Reading(options.damaged, options.deinterlace)
    footage, view = footage_of(options.data, options.triplets, reading), view_of(DataConfig(options.size))
    say_notes(note for clips in footage.values() for clip in clips for note in clip.notes())
    for path in filter(None, (out, options.picture)):
        check_writable(path)
    calibration = calibrated(footage, view, options.pairs, options.headroom, options.seed)
    print("\n".join(_table(calibration)))
    write_calibration(calibration, out)
    print(f"{out}: written")
    if options.picture:
        _write_picture(options.picture, footage, view, calibration.flow, options.seed)
        print(f"{options.picture}: written")
    if (options.data / "train").is_dir():
        print(to_train(options.data, "--flow", out if options.out else "auto"))


def _default_out(data: Path) -> Path:
    from recyclegan.calibration import FLOW_FILE

    return data.with_suffix(f".{FLOW_FILE}") if data.is_file() else data / FLOW_FILE


def flow_for(file: Path | None, place: Path, frames: DataConfig) -> FlowSynthesis:
    """Return the setting that a file of ``calibrate`` holds, or, without one, that is fitted to footage now; tell it.

    Raises:
        InputError: the file is no calibration, or the footage allows none.
    """
    from recyclegan.calibration import footage_of, read_calibration

    if file:
        found, source = read_calibration(file), str(file)
    else:
        footage = footage_of(place, frames.triplets, frames.reading)
        found, source = calibrated(footage, view_of(frames)), f"fitted to {place}"
    print(f"flow: {flow_in_words(found.flow)} ({source})")
    return found.flow


def written_for(place: Path) -> Path | None:
    """Return the file of a calibration that stands beside footage, or in the data folder that it lies in."""
    from recyclegan.calibration import FLOW_FILE

    above = [folder / FLOW_FILE for folder in place.absolute().parents[:LEVELS]]
    return next((file for file in (_default_out(place), *above) if file.is_file()), None)


def view_of(frames: DataConfig) -> "View":
    """Return how training takes frames."""
    from recyclegan.calibration import View
    from recyclegan.data.resize import scale_of

    return View(scale_of(frames).whole, scale_of(frames).window)


def calibrated(
    footage: "Footage", view: "View", num_pairs: int = 100, headroom: float = 1.0, seed: int = 0
) -> "Calibration":
    """Return a calibration, with progress and its notes told."""
    from recyclegan.calibration import calibrate as run_calibration

    with progress_bars() as bars:
        calibration = run_calibration(footage, view, num_pairs, headroom, seed, counter(bars))
    say_notes(calibration.notes)
    return calibration


def flow_in_words(flow: FlowSynthesis) -> str:
    """Return the calibrated fields of a setting in one line."""
    names = ("motion", "shift", "smoothness", "zoom", "rotation")
    return ", ".join(f"{name} {getattr(flow, name):g}" for name in names)


def _table(calibration: "Calibration") -> list[str]:
    """Return lines that compare found and synthetic motion part by part, at every quantile."""
    from recyclegan.calibration import QUANTILES

    columns = {domain: found.quantiles for domain, found in calibration.found.items() if found.quantiles}
    columns["synthetic"] = calibration.synthetic
    lines = ["motion between neighbouring frames, in pixels at a shorter side of 256 (zoom: % of the distance)"]
    lines += ["".join([f"{'':<28}", *(f"{f'{at:.0%}':>8}" for at in QUANTILES)])]
    for part, title in TITLES.items():
        for column, values in columns.items():
            lines.append("".join([f"{title:<16}{column:<12}", *(f"{value:8.2f}" for value in values[part])]))
            title = ""
    return [*lines, f"flow: {flow_in_words(calibration.flow)}"]


def _write_picture(path: Path, footage: "Footage", view: "View", flow: "FlowSynthesis", seed: int) -> None:
    """Write a row a pair: the frame, the flow found (grey where it is not trusted), and synthetic flows; with a key."""
    import numpy as np
    import torch

    from recyclegan.calibration import examples
    from recyclegan.flow import sample_motion
    from recyclegan.pages.grids import Band, Row, sheet
    from recyclegan.preview import flow_colours, with_flow_key
    from recyclegan.tensors import to_frames
    from recyclegan.video import write_image

    rng, shown = torch.Generator().manual_seed(seed), examples(footage, view, NUM_ROWS, seed)
    flows = []
    for example in shown:
        synthetic = sample_motion(flow, to_frames(example.frames[1:]).repeat(NUM_SYNTHETIC, 1, 1, 1), rng).flow
        flows.append(torch.cat([example.flow * example.trusted, synthetic]))
    colours, rows = iter(flow_colours(torch.cat(flows))), []
    for example in shown:
        found, *others = (next(colours) for _ in range(1 + NUM_SYNTHETIC))
        trusted = np.where(example.trusted[0, 0, :, :, None], found, np.uint8(UNTRUSTED))
        rows.append(Row([example.frames[1], trusted, *others], example.name))
    headings = ["frame", "motion found", *(f"synthetic {number}" for number in range(1, 1 + NUM_SYNTHETIC))]
    write_image(path, with_flow_key(sheet([Band(headings, rows)]), torch.cat(flows), GREY))
