"""``recyclegan translate MODEL INPUT... OUTPUT``."""

import sys
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import tyro

from recyclegan.cli.next_step import after_translating
from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars, say_notes
from recyclegan.config import Share, Within, fields_of
from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.settings.frames import Damaged
from recyclegan.settings.streaming import PIPE, PipeOptions
from recyclegan.settings.translating import EngineChoice, PrecisionChoice

PLACES = tyro.conf.arg(
    help="Videos, images, folders of them, and patterns in quotes such as 'clips/*.mp4'; several keep their names in "
    "the folder OUTPUT. Then the video, image or folder to write. - is a pipe (standard input or output), "
    "frame_%05d.png numbered images, out.gif an animation.",
    metavar="INPUT... OUTPUT",
    help_behavior_hint="(required)",
)


@dataclass(frozen=True)
class TranslateOptions:
    """What ``translate`` takes."""

    model: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="MODEL")]]
    """Run folder, .safetensors file, exported file (.onnx, .xml, .pt2), a name that ``recyclegan models`` lists, or
    hf://owner/name on the Hugging Face hub."""
    places: tyro.conf.Positional[Annotated[tuple[str, ...], PLACES]]
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    revision: str | None = None
    """Branch, tag or commit, where the model is a repository of the hub."""
    start: Annotated[str, tyro.conf.arg(metavar="TIME")] = "0"
    """Where in each video to begin: seconds, mm:ss or hh:mm:ss."""
    end: Annotated[str | None, tyro.conf.arg(metavar="TIME")] = None
    """Where in each video to end."""
    max_side: Annotated[int, Within(16, 65_536)] | None = None
    """Pixels that the longer side of what is written has at most."""
    strength: Share = 1.0
    """Share of the translation in what is written; the rest is the source."""
    side_by_side: bool = False
    """Show the source to the left of its translation."""
    extra: Path | None = None
    """Folder of what the model reads beside each frame, where it was trained with --extra: NAME/CLIP for each clip. By
    default the one beside the clips' own folder, val/A_extra for val/A."""
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
    encoder_preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """The encoder's own preset, where it is slower than the generator: ultrafast, superfast, veryfast, faster, fast,
    medium (default) to veryslow for H.264 and H.265, p1 to p7 for NVENC. Faster ones write worse or larger videos."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes; that is told."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""
    pipe: PipeOptions = field(default_factory=PipeOptions)


HOW = ("direction", "device", "precision", "scale", "batch_size", "engine", "max_memory", "revision")
"""Options that say how a translator is loaded and run."""


def translate(words: list[str]) -> None:
    """Translate videos, images or folders of them with a trained model."""
    options = parse(TranslateOptions, _places_first(words), "translate")
    *inputs, target = options.places or ("",)
    if not inputs:
        raise InputError("translate: expected RUN INPUT... OUTPUT; see recyclegan translate --help")
    from recyclegan.freed_memory import keep_freed_memory
    from recyclegan.translation import Output, Translator, find_inputs, is_streamed, translate_stream

    streams = [place for place in options.places if is_streamed(place)]
    if streams and len(inputs) > 1:
        raise InputError(f"{streams[0]}: is one input, or the output of one; found {len(inputs)} inputs")
    output = Output(**fields_of(Output, options))
    if not is_streamed(inputs[0]):
        find_inputs(inputs)
    keep_freed_memory()
    translator = Translator.from_pretrained(options.model, **{name: getattr(options, name) for name in HOW})
    source = inputs if len(inputs) > 1 or target.endswith("/") else inputs[0]
    with progress_bars() as bars:
        if streams:
            notes = translate_stream(inputs[0], target, translator, output, options.pipe, counter(bars))
        else:
            notes = translator.translate_path(source, target, output, counter(bars))
    say_notes(notes)
    _tell_what_is_written(target, translator.computing.account.line(translator.device.type))
    if target != PIPE and isinstance(source, str) and Path(source).exists():
        print(after_translating(Path(source), Path(target), options.model, options.direction or "ab"), end="")


def _tell_what_is_written(target: str, figures: str) -> None:
    """Print where it was written and what it took; a pipe of frames has standard output for itself."""
    told = sys.stderr if target == PIPE else sys.stdout
    print(f"{Path(target)}: written{f' ({figures})' if figures else ''}", file=told)


def _places_first(words: list[str]) -> list[str]:
    """Return the words with options behind all others, which may so stand anywhere on the line."""
    flags = {f"--{name.replace('_', '-')}" for name, kind in get_type_hints(TranslateOptions).items() if kind is bool}
    places, options = list[str](), list[str]()
    remaining = iter(words)
    for word in remaining:
        is_alone = not word.startswith("--") or "=" in word or word.replace("--no-", "--") in flags | {"--help"}
        (options if word.startswith("-") and word != PIPE else places).append(word)
        options += [] if is_alone else islice(remaining, 1)
    return places + options
