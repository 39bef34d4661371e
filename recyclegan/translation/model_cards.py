"""Model cards: the page that stands beside a translator on the hub, made of what is known of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recyclegan.checkpoint import Card
from recyclegan.errors import InputError
from recyclegan.files import read_json
from recyclegan.paths import AnyPath, as_path_or_none
from recyclegan.settings.extra_inputs import named_in_words
from recyclegan.shipped import shipped
from recyclegan.version import __version__

PICTURE = "picture.png"
"""Name of the picture beside the card."""


@dataclass(frozen=True)
class Facts:
    """What a translator's file does not say of itself."""

    data: str = ""
    """What it was trained on, in words."""
    licence: str = ""
    """Licence of the weights, as the hub writes it: ``apache-2.0``, ``cc-by-sa-4.0``."""
    picture: Path | None = None
    """A PNG file that shows what it does."""


def facts_of(weights: Path | None, data: str = "", licence: str = "", picture: AnyPath | None = None) -> Facts:
    """Return what was given, and for the rest what the run or the package tells that the weights lie in.

    A run tells the name of its data folder and its newest samples, the package all of the three.
    """
    shown = as_path_or_none(picture)
    if shown is not None and shown.suffix.lower() != ".png":
        raise InputError(f"{shown}: expected a picture whose name ends in .png")
    known = _told(weights) if weights else Facts()
    return Facts(data or known.data, licence or known.licence, shown or known.picture)


def _told(weights: Path) -> Facts:
    model = shipped().get(weights.stem)
    if model and weights == model.weights:
        return Facts(model.data, model.licence.lower(), model.picture)
    run = weights.parent
    samples = sorted((run / "samples").glob("*.png"))
    data = read_json(run / "config.json").get("data", "") if (run / "config.json").is_file() else ""
    return Facts(Path(data).name, "", samples[-1] if samples else None)


def model_card(card: Card, facts: Facts, repository: str = "") -> str:
    """Return the text of README.md: what it is, a picture, how it is used, its data, measures and licence.

    ``repository`` is its ``owner/name`` on the hub, where it is known.
    """
    return "\n".join([*_header(facts), "", *_body(card, facts, repository or "OWNER/NAME")]) + "\n"


def _header(facts: Facts) -> list[str]:
    """Return what the hub reads."""
    licence = [f"license: {facts.licence}"] if facts.licence else []
    tags = ["tags:", "- recyclegan", "- unpaired", "- video-to-video", "- image-to-image"]
    return ["---", *licence, "library_name: recyclegan", "pipeline_tag: image-to-image", *tags, "---"]


def _body(card: Card, facts: Facts, repository: str) -> Iterator[str]:
    yield f"# {repository.partition('/')[2]}"
    yield ""
    kind = "video into label maps" if card.palette else "label maps into video" if card.labels_in else "video"
    yield f"Translates {kind}, frame by frame. Written by recyclegan {__version__}."
    yield ""
    if facts.picture:
        yield from (f"![What it makes of frames that training did not see]({PICTURE})", "")
    yield from ("## How to use it", "", "```sh", "pip install recyclegan")
    yield from (f"recyclegan translate hf://{repository} INPUT OUTPUT", "```", "", "```python")
    yield from ("from recyclegan import Translator", "")
    yield f'Translator.from_pretrained("hf://{repository}").translate_video("in.mp4", "out.mp4")'
    yield from ("```", "", "## What it is", "", *_facts(card, facts), "", "## Measures", "", *_measures(card))


def _facts(card: Card, facts: Facts) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    yield f"| data | {facts.data or 'not stated'} |"
    yield f"| licence | {facts.licence or 'not stated'} |"
    yield f"| method | {card.method}, {card.steps} steps, direction {card.direction} |"
    yield f"| network | {card.generator}, width {card.width} |"
    if card.extras:
        yield f"| reads besides | {named_in_words([*card.extras])}, by `--extra FOLDER` |"
    yield f"| scale | {card.scale.loaded[1]}x{card.scale.loaded[0]} ({card.resize}) |"


def _measures(card: Card) -> Iterator[str]:
    if not card.metrics:
        yield "None were taken: `recyclegan evaluate` takes them."
        return
    yield "Taken by `recyclegan evaluate` and what the makers add, on footage that training did not see."
    yield from ("", "| measure | value |", "|---|---|")
    yield from (f"| {name} | {value:.4g} |" for name, value in card.metrics.items())
