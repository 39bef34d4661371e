"""``recyclegan live MODEL INPUT OUTPUT``."""

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import say, say_notes
from recyclegan.config import Share, Within
from recyclegan.domains import Direction
from recyclegan.settings.streaming import Late, LiveScale, PipeOptions
from recyclegan.settings.translating import EngineChoice, PrecisionChoice


@dataclass(frozen=True)
class LiveOptions:
    """What ``live`` takes."""

    model: tyro.conf.Positional[str]
    """Run folder, .safetensors file, exported file (.onnx, .xml, .pt2), a name that ``recyclegan models`` lists, or
    hf://owner/name on the Hugging Face hub."""
    input: tyro.conf.Positional[str]
    """A camera (camera, camera:1, /dev/video1), the screen or a region of it (screen:640x360+100+50), a video, which is
    played at its own pace, or - (frames on standard input)."""
    output: tyro.conf.Positional[str]
    """window, page (in a browser; page:8766 for that port), camera (a virtual one, for other programs), or - (frames on
    standard output)."""
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    strength: Share = 1.0
    """Share of the translation in what is shown; the rest is the source."""
    late: Late = "auto"
    """What becomes of frames that come while others are translated: drop all but the newest, so that what is shown is
    never old, or let whoever sends them wait, so that none is lost; auto lets pipes wait for pipes, else drops."""
    scale: LiveScale = "auto"
    """Size at which frames are translated: that of training, their own (native), or, with auto, that of training or
    as much less as this machine needs to keep up, which is told."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    precision: PrecisionChoice = "auto"
    """Floating point of the generator; auto takes half precision where the hardware computes it faster and the first
    frame comes out the same to 40 dB."""
    engine: EngineChoice = "auto"
    """What runs the generator; auto takes the fastest of those that are soon ready, tried on the first frame."""
    max_memory: Annotated[float, Within(0, above=True)] | None = None
    """Gigabytes that translating a frame may take at most."""
    host: str = "127.0.0.1"
    """Address that a page listens on; 0.0.0.0 lets other machines of the network look on and set the strength."""
    pipe: PipeOptions = field(default_factory=PipeOptions)


def live(words: list[str]) -> None:
    """Translate frames as they come, from a camera, a screen, a video or a pipe."""
    options = parse(LiveOptions, words, "live")
    from recyclegan.live import Controls, Live, open_source, opened_sink
    from recyclegan.translation import Translator

    translator = Translator.from_pretrained(
        options.model,
        options.direction,
        options.device,
        options.precision,
        engine=options.engine,
        max_memory=options.max_memory,
    )
    source = open_source(options.input, options.pipe)
    controls = Controls(options.strength)
    with opened_sink(options.output, source, options.pipe, controls, _tell, options.host) as sink:
        notes = Live(translator, source, sink, controls, options.late, options.scale, _tell).run()
    say_notes(notes)


def _tell(line: str) -> None:
    say(f"live: {line}")
