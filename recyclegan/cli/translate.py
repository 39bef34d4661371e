"""``recyclegan translate MODEL INPUT... OUTPUT``."""

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import tyro

from recyclegan.cli.next_step import after_translating
from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars
from recyclegan.config import Within
from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.settings.frames import Damaged
from recyclegan.settings.translating import EngineChoice, PrecisionChoice

PLACES = tyro.conf.arg(
    help="Videos, images, folders of them, and patterns in quotes such as 'clips/*.mp4'; several keep their names in "
    "the folder OUTPUT. Then the video, image or folder to write.",
    metavar="INPUT... OUTPUT",
    help_behavior_hint="(required)",
)


@dataclass(frozen=True)
class TranslateOptions:
    """What ``translate`` takes."""

    model: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="MODEL")]]
    """Run folder, .safetensors file, exported .onnx file, or hf://owner/name on the Hugging Face hub."""
    places: tyro.conf.Positional[Annotated[tuple[str, ...], PLACES]]
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    start: Annotated[str, tyro.conf.arg(metavar="TIME")] = "0"
    """Where in each video to begin: seconds, mm:ss or hh:mm:ss."""
    end: Annotated[str | None, tyro.conf.arg(metavar="TIME")] = None
    """Where in each video to end."""
    max_side: Annotated[int, Within(16, 65_536)] | None = None
    """Pixels that the longer side of what is written has at most."""
    side_by_side: bool = False
    """Show the source to the left of its translation."""
    frames: bool = False
    """Write videos as folders of PNG frames, which keeps the colours of label maps exactly."""
    existing: Literal["refuse", "skip", "replace"] = "refuse"
    """What to do with outputs that are there already."""
    scale: Literal["trained", "native"] = "trained"
    """Translate at the scale of training (that of the load size) and bring the result back to size, or at the
    frames' own size."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    precision: PrecisionChoice = "auto"
    """Floating point of the generator; auto takes half precision where the hardware computes it faster and the first
    frame of the video comes out the same to 40 dB."""
    engine: EngineChoice = "auto"
    """What runs the generator; auto takes the fastest of those installed, tried on the first frame of a long video."""
    batch_size: Annotated[int, Within(1, 65_536)] | Literal["auto"] = "auto"
    """Frames translated at once; auto takes more as long as each takes less time by it. Large frames are fewer."""
    max_memory: Annotated[float, Within(0, above=True)] | None = None
    """Gigabytes that translating a frame may take at most; larger frames are translated in bands, to the same
    picture."""
    codec: str | None = None
    """Video encoder; by default H.264, VP9 for .webm. h264_nvenc, hevc_nvenc and others use a graphics card."""
    crf: int = 18
    """Quality of the video, lower is better and larger: 0 to 51 for H.264 and H.265, 0 to 63 for VP9 and AV1."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes; that is told."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""


def translate(words: list[str]) -> None:
    """Translate videos, images or folders of them with a trained model."""
    options = parse(TranslateOptions, _places_first(words), "translate")
    *inputs, target = options.places or ("",)
    if not inputs:
        raise InputError("translate: expected RUN INPUT... OUTPUT; see recyclegan translate --help")
    from recyclegan.translation import Output, Translator, find_inputs

    output = Output(
        options.codec,
        options.crf,
        options.side_by_side,
        options.frames,
        options.existing,
        options.damaged,
        options.deinterlace,
        options.start,
        options.end,
        options.max_side,
    )
    find_inputs(inputs)
    translator = Translator.from_pretrained(
        options.model,
        options.direction,
        options.device,
        options.precision,
        options.scale,
        options.batch_size,
        options.engine,
        options.max_memory,
    )
    source = inputs if len(inputs) > 1 or target.endswith("/") else inputs[0]
    with progress_bars() as bars:
        notes = translator.translate_path(source, target, output, counter(bars))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    figures = translator.computing.account.line(translator.device.type)
    print(f"{Path(target)}: written{f' ({figures})' if figures else ''}")
    if isinstance(source, str) and Path(source).exists():
        print(after_translating(Path(source), Path(target), options.model, options.direction or "ab"), end="")


def _places_first(words: list[str]) -> list[str]:
    """Return the words with options behind all others, which may so stand anywhere on the line."""
    flags = {f"--{name.replace('_', '-')}" for name, kind in get_type_hints(TranslateOptions).items() if kind is bool}
    places, options = list[str](), list[str]()
    remaining = iter(words)
    for word in remaining:
        is_alone = not word.startswith("--") or "=" in word or word.replace("--no-", "--") in flags | {"--help"}
        (options if word.startswith("-") else places).append(word)
        options += [] if is_alone else islice(remaining, 1)
    return places + options
