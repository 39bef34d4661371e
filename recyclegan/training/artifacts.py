"""What a run shows as it goes: sample grids, loss curves, and the two translators."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from recyclegan.checkpoint import Card, load_translator, save_translator
from recyclegan.data.resize import scale_of
from recyclegan.domains import Direction, Domains, opposite, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.files import digest, digest_of, encoded, kind_of, write_bytes
from recyclegan.logs import read_stats, series
from recyclegan.networks.wrappers import IdentityGenerator
from recyclegan.pages.charts import draw_curves
from recyclegan.pages.grids import Band, Row, sheet
from recyclegan.runs.run_folder import STATS_FILE
from recyclegan.runs.run_page import RunPage, run_page
from recyclegan.states import checkpoints, step_of
from recyclegan.steps.train_state import TrainState
from recyclegan.tensors import to_images
from recyclegan.training.training_data import Footage
from recyclegan.training.validation import verdict_lines
from recyclegan.verdict import NAMES
from recyclegan.video import write_image

CURVES_FILE, PAGE_FILE = "curves.png", "index.html"


def translating_generators(state: TrainState) -> nn.ModuleDict:
    """Return the generators that users get, in evaluation mode: averaged where the run averages."""
    generators = copy.deepcopy(state.method.generators)
    if state.average:
        generators.load_state_dict(state.average.average)
    return generators.eval()


def save_translators(state: TrainState, footage: Footage, done: int) -> None:
    """Write ``ab.safetensors`` and ``ba.safetensors`` (those that the method trains) into the run folder."""
    for path, generator, card in _translators(state, footage, done):
        save_translator(path, generator, card)


def renew_translators(state: TrainState, footage: Footage, done: int) -> list[str]:
    """Write those translators that are not of the run's weights after ``done`` steps; tell what was wrong with them."""
    messages = []
    for path, generator, card in _translators(state, footage, done):
        if fault := translator_fault(path, generator, card):
            save_translator(path, generator, card)
            messages.append(f"{path}: {fault}; is written anew, from step {done}")
    return messages


def _translators(state: TrainState, footage: Footage, done: int) -> Iterator[tuple[Path, nn.Module, Card]]:
    generators = translating_generators(state)
    for direction in state.method.directions:
        path, card = state.config.out / f"{direction}.safetensors", make_card(state, footage, direction, done)
        yield path, generators[direction], card


def translator_fault(path: Path, generator: nn.Module, card: Card) -> str:
    """Return what tells a file from the translator that should be there, metrics aside; nothing where they agree."""
    if not path.exists():
        return "was not there"
    try:
        found, stated = load_translator(path)
    except InputError:
        return "was damaged"
    if stated.steps != card.steps:
        return f"was that of step {stated.steps}"
    if replace(stated, metrics={}) != card:
        return "had the card of another version"
    return "" if _same_weights(found, generator) else "had other weights than the checkpoint"


def _same_weights(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name].cpu()) for name in first)


def complete(state: TrainState, footage: Footage, done: int) -> list[str]:
    """Write what a finished run lacks: translators, its last line, samples, curves, page; tell what is written anew."""
    messages = renew_translators(state, footage, done)
    run = state.config.out
    if state.log.renew(run / STATS_FILE):
        messages.append(f"{run / STATS_FILE}: had lost its last line, which is written again")
    if not sample_file(run, done).exists():
        write_samples(state, translating_generators(state), footage, done)
    if not (run / CURVES_FILE).exists():
        write_curves(run)
    if done == state.num_steps or not (run / PAGE_FILE).exists():
        write_page(state, done, going=False)
    return messages


def sample_file(run: Path, done: int) -> Path:
    """Return the grid of samples after ``done`` steps."""
    return run / "samples" / f"step-{done:08d}.png"


def make_card(state: TrainState, footage: Footage, direction: Direction, done: int) -> Card:
    """Return what a translator of this run says of itself."""
    config, networks, scale = state.config, state.config.networks, scale_of(state.config.frames)
    domains = Domains(config.frames.channels, footage.palettes)
    source, target = source_domain(direction), target_domain(direction)
    return Card(
        method=config.method_name,
        direction=direction,
        generator=networks.generator,
        channels_in=domains.channels_of(source),
        channels_out=domains.channels_of(target),
        width=networks.width,
        norm=networks.norm,
        dropout=networks.dropout,
        size=scale.size,
        resize=scale.resize,
        load_size=None if scale.resize == "none" else scale.loaded,
        steps=done,
        labels_in=config.frames.is_label(source),
        extras=config.extras.channels if source == "a" else {},
        palette=domains.palette_of(target),
        detail=_detail(state.method.generators[direction], domains),
    )


def _detail(generator: nn.Module, domains: Domains) -> tuple[tuple[float, ...], ...]:
    """Return what a frame's detail is multiplied by: what the generator multiplies colours by, if it adds to those."""
    if not isinstance(generator, IdentityGenerator) or len(set(domains.channels)) > 1 or domains.palettes:
        return ()
    return tuple(map(tuple, generator.colours.tolist()))


@torch.inference_mode()
def write_samples(state: TrainState, generators: nn.ModuleDict, footage: Footage, done: int) -> None:
    """Write a grid of held-out frames with their translations, and with the way there and back, as a PNG."""
    bands = [_band(direction, generators, footage) for direction in state.method.directions]
    write_image(sample_file(state.config.out, done), sheet(bands))


def _band(direction: Direction, generators: nn.ModuleDict, footage: Footage) -> Band:
    source, target = source_domain(direction), target_domain(direction)
    returns = opposite(direction) in generators and not (direction == "ba" and footage.extended)
    headings = [f"{source.upper()}: real", f"translated to {target.upper()}", f"back to {source.upper()}"]
    rows = []
    for name, frames in zip(footage.sample_names[source], footage.samples[source], strict=True):
        real = frames.to(footage.device)
        fake = generators[direction](real)
        shown = [footage.seen(source, real), fake, *([generators[opposite(direction)](fake)] if returns else [])]
        rows.append(Row([to_images(image)[0] for image in shown], name))
    return Band(headings[: len(rows[0].pictures)], rows)


def write_curves(run: Path) -> None:
    """Draw what ``stats.jsonl`` holds so far as ``curves.png``, but for what verdicts rest on."""
    points = series(read_stats(run / STATS_FILE))
    points = {name: course for name, course in points.items() if name.partition("/")[2] not in NAMES}
    if points:
        write_image(run / CURVES_FILE, draw_curves(points))


@contextmanager
def failure_on_page(state: TrainState) -> Iterator[None]:
    """Let the run's page tell where the block failed, and that the run can go on from its newest checkpoint."""
    try:
        yield
    except Exception as error:
        run = state.config.out
        if state.fabric.is_global_zero and (run / PAGE_FILE).exists():
            done = max(map(step_of, checkpoints(run)), default=0)
            with suppress(InputError):
                write_page(state, done, going=False, verdict=[f"Training failed: {str(error) or type(error).__name__}"])
        raise


def write_page(state: TrainState, done: int, *, going: bool, verdict: Sequence[str] = ()) -> None:
    """Write ``index.html``: the run after ``done`` steps, whether training goes on, and what is to be said of it."""
    run = state.config.out
    entries, speed = read_stats(run / STATS_FILE), state.pace.speed(done) if going else 0.0
    shown = RunPage(
        state.config, going, done, state.num_steps, series(entries), (*verdict, *verdict_lines(entries)), speed
    )
    page, content = run / PAGE_FILE, encoded(run_page(shown))
    if kind_of(page) != "file" or digest(page) != digest_of(content):
        write_bytes(page, content)
