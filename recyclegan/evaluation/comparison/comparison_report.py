"""What a comparison leaves: ``results.json``, ``table.md``, contact sheets and ``report.html``.

What contenders' translations look like: frames of the same moments side by side, and films in step.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from recyclegan.arrays import Image, Picture
from recyclegan.checkpoint import load_card
from recyclegan.data import Resize, find_clips
from recyclegan.domains import Direction, source_domain
from recyclegan.evaluation.comparison.contender_run import ContenderRun, by_direction, in_words, total_seconds
from recyclegan.evaluation.comparison.front import front_chart
from recyclegan.evaluation.comparison.standings import Score, Standing
from recyclegan.evaluation.measure_catalogue import (
    CLASSES,
    DISTANCES,
    FEATURES,
    MEASURES,
    PICTURES,
    SHARPNESS,
    STEADINESS,
    STRUCTURE,
    SURVIVAL,
    USE,
)
from recyclegan.evaluation.paired_clips import PairedClip, pair_clips
from recyclegan.evaluation.results import interval_content, without_nan
from recyclegan.files import temporary_folder, write_text
from recyclegan.labels import LABEL_SETS, LabelSet, colourize
from recyclegan.pages.grids import Band, Row, sheet
from recyclegan.pages.page import (
    Cell,
    Column,
    Html,
    Section,
    details,
    heading,
    note,
    number,
    page,
    picture,
    table,
    text,
    video_player,
)
from recyclegan.settings.training import config_to_dict
from recyclegan.version import __version__
from recyclegan.video import write_image, write_video

TWO_AXES = (
    *(measure.name for measure in FEATURES),
    *("warping_error", "added_flicker"),
    *(measure.name for measure in (*USE, SURVIVAL[0], STRUCTURE)),
    *("edges_kept", "holes", "checkerboard"),
)
"""What footage is judged by, in one table: how real, how steady, how useful, how much is kept, how whole."""
NUM_CLIPS = 3
PANEL_WIDTH = 256
FILM_FRAMES = 90
RATE = Fraction(15)


@dataclass(frozen=True)
class SheetColumn:
    """What stands under a heading: the frames of every held-out clip."""

    heading: str
    frames: Mapping[str, Callable[[], Iterator[Image]]]
    """By the clip's name."""


def columns(all_runs: Sequence[ContenderRun], direction: Direction) -> list[SheetColumn]:
    """Return the source, the first finished run of each contender, and the true label maps, where they are known."""
    shown = list({run.contender: run for run in reversed(all_runs)}.values())[::-1]
    source = find_clips(shown[0].footage("val", source_domain(direction)))
    found = [
        SheetColumn("source", {clip.name: clip.images for clip in source}),
        *(
            SheetColumn(one.contender, {clip.name: clip.images for clip in find_clips(one.translated(direction))})
            for one in shown
        ),
    ]
    return [*found, *_truth(shown[0], direction)]


def contact_sheet(all_runs: Sequence[ContenderRun], direction: Direction) -> Picture:
    """Return the middle frame of the first clips, the source to the left of every contender's translation."""
    shown = columns(all_runs, direction)
    rows = []
    for clip in find_clips(all_runs[0].footage("val", source_domain(direction)))[:NUM_CLIPS]:
        middle = clip.num_frames // 2
        panels = [_panel(next(islice(column.frames[clip.name](), middle, None))) for column in shown]
        rows.append(Row(panels, f"{clip.name}, frame {middle}"))
    return sheet([Band([column.heading for column in shown], rows)])


def film(all_runs: Sequence[ContenderRun], direction: Direction, path: Path) -> list[str]:
    """Write a video of the first clip, all columns side by side; return their headings."""
    shown = columns(all_runs, direction)
    clip = next(iter(shown[0].frames))
    frames = zip(*(islice(column.frames[clip](), FILM_FRAMES) for column in shown), strict=True)
    write_video(path, (np.concatenate([_panel(image) for image in row], axis=1) for row in frames), RATE)
    return [column.heading for column in shown]


def _truth(run: ContenderRun, direction: Direction) -> Iterator[SheetColumn]:
    """Yield the true label maps of the source, where they are known and the contenders write label maps."""
    label_set, truth = run.measuring.evaluation.labels, run.measuring.truth
    if label_set is None or truth is None or not load_card(run.config.out / f"{direction}.safetensors").palette:
        return
    domain, labels = source_domain(direction), LABEL_SETS[label_set]
    pairs = pair_clips(run.translated(direction), run.footage("val", domain), truth / domain.upper(), labels)
    if all(pair.truth and pair.truth.tells_classes for pair in pairs):
        yield SheetColumn("truth", {pair.source.name: partial(_label_maps, pair, labels) for pair in pairs})


def _label_maps(pair: PairedClip, labels: LabelSet) -> Iterator[Image]:
    assert pair.truth is not None
    return (colourize(known.classes, labels) for known in pair.truth.frames(pair.size))


def _panel(image: Image) -> Picture:
    """Return an image brought to the width of a panel, in even numbers of pixels."""
    height, width = image.shape[:2]
    size = max(2, round(height * PANEL_WIDTH / width / 2) * 2), PANEL_WIDTH
    return Resize("rectangle", *size)(image, is_label=width < PANEL_WIDTH)


def write_results(
    out: Path, standings: Sequence[Standing], all_runs: Sequence[ContenderRun], minutes: float | None
) -> None:
    """Write everything that people look at; each file appears whole."""
    budget = budgets(all_runs, minutes)
    write_text(
        out / "results.json",
        json.dumps(without_nan(_content(standings, budget, all_runs)), indent=1, allow_nan=False) + "\n",
    )
    tables = [markdown(standing, budget) for standing in standings]
    write_text(out / "table.md", "\n".join([*tables, f"{in_words(_seconds(all_runs))}\n"]))
    for direction, runs in by_direction(all_runs).items():
        write_image(out / f"contact-sheet-{direction}.png", contact_sheet(runs, direction))
    write_text(out / "report.html", report(standings, all_runs, budget))


def budgets(all_runs: Sequence[ContenderRun], minutes: float | None) -> dict[str, str]:
    """Return each contender's budget in words."""
    seeds: dict[str, list[int]] = {}
    for run in all_runs:
        seeds.setdefault(run.contender, []).append(run.seed)
    steps = {run.contender: run.config.steps for run in all_runs}
    about = f" (what {minutes:g} minutes allow)" if minutes else ""
    return {
        name: f"{steps[name]} steps{about}, {'seed' if len(own) == 1 else 'seeds'} {', '.join(map(str, own))}"
        for name, own in seeds.items()
    }


def _content(standings: Sequence[Standing], budget: dict[str, str], all_runs: Sequence[ContenderRun]) -> dict[str, Any]:
    return {
        "recyclegan": __version__,
        "budget": budget,
        "directions": {
            standing.direction: {
                "baseline": standing.baseline,
                "source": standing.source,
                "target": standing.target,
                "verdicts": standing.verdicts,
                "contenders": {
                    name: {measure: _score(score) for measure, score in scores.items()}
                    for name, scores in standing.scores.items()
                },
            }
            for standing in standings
        },
        "seconds": _seconds(all_runs),
        "configurations": {run.contender: config_to_dict(run.config) for run in all_runs},
    }


def _seconds(all_runs: Sequence[ContenderRun]) -> dict[str, float]:
    """Return the seconds that training, translating and measuring took in all runs."""
    return total_seconds([run.folder for run in all_runs])


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": interval_content(score.value),
        "seeds": list(score.seeds),
        "difference": interval_content(score.difference) if score.difference else None,
    }


def markdown(standing: Standing, budget: dict[str, str]) -> str:
    """Return the standing as Markdown tables; what differs from the baseline beyond chance is set bold."""
    lines = [f"### {_title(standing.direction)}", ""]
    if standing.verdicts:
        verdicts = [f"| {name} | {sentence} |" for name, sentence in standing.verdicts.items()]
        lines += ["| | Verdict (of the worst seed) |", "|---|---|", *verdicts, ""]
    for title, measures in grouped(standing):
        heads = [_aim(name) for name in measures]
        lines += [f"| {title} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for name, scores in standing.scores.items():
            cells = [_markdown_cell(scores.get(measure)) for measure in measures]
            lines.append(f"| {name}, {budget[name]} | {' | '.join(cells)} |")
        source = [number(standing.source.get(measure)) for measure in measures]
        lines.append(f"| source itself | {' | '.join(source)} |")
        if any(measure in standing.target for measure in measures):
            target = [number(standing.target.get(measure)) for measure in measures]
            lines.append(f"| target itself | {' | '.join(target)} |")
        lines.append("")
    return "\n".join(lines)


def grouped(standing: Standing) -> list[tuple[str, list[str]]]:
    """Return the measures that there are, under the title of their group."""
    groups: dict[str, Sequence[str]] = {
        "Pictures": [measure.name for measure in PICTURES if measure.better],
        "Steadiness": [measure.name for measure in STEADINESS],
        "Classes": [measure.name for measure in CLASSES],
        "Distribution": [SHARPNESS.name, *(measure.name for measure in DISTANCES)],
    }
    if any(measure.name in standing.measures for measure in (*FEATURES, *USE)):
        groups = {"Realism over steadiness": TWO_AXES} | groups
    there = {title: [name for name in names if name in standing.measures] for title, names in groups.items()}
    return [(title, names) for title, names in there.items() if names]


def _aim(name: str) -> str:
    arrow = {"lower": " ↓", "higher": " ↑", None: ""}[MEASURES[name].better]
    return f"{MEASURES[name].title}{arrow}"


def _markdown_cell(score: Score | None) -> str:
    if score is None:
        return number(None)
    mark = "**" if score.verdict else ""
    low, high = score.value.low, score.value.high
    spread = f" ({number(low)} to {number(high)})" if low == low else ""
    return f"{mark}{number(score.value.value)}{mark}{spread}"


def report(standings: Sequence[Standing], all_runs: Sequence[ContenderRun], budget: dict[str, str]) -> Html:
    """Return the page."""
    sections = [
        Section(
            "Budget",
            [table(["Contender", "Budget"], [[name, words] for name, words in budget.items()])],
            f"What each got. {in_words(_seconds(all_runs))}.",
        )
    ]
    for standing in standings:
        sections += [_numbers(standing), _pictures(by_direction(all_runs)[standing.direction], standing.direction)]
    measures = dict.fromkeys(name for standing in standings for name in standing.measures)
    how = table(["Measure", "How"], [[MEASURES[name].title, MEASURES[name].how] for name in measures])
    configurations = {run.contender: json.dumps(config_to_dict(run.config)) for run in all_runs}
    folded = [details(name, [text(words)]) for name, words in configurations.items()]
    sections += [Section("How it was measured", [how]), Section("Configurations", folded)]
    lead = f"{len(budget)} contenders, {len(all_runs)} runs, on the same data, held-out clips and seeds."
    return page("Which is better?", sections, lead, "Numbers: results.json and table.md.")


def _numbers(standing: Standing) -> Section:
    verdicts: list[list[Cell]] = [[name, sentence] for name, sentence in standing.verdicts.items()]
    pieces: list[Html] = [table(["", "Verdict, of the worst seed"], verdicts)] if verdicts else []
    for title, measures in grouped(standing):
        pieces += [heading(title), _values(standing, measures), _differences(standing, measures)]
    for who, values in (("source", standing.source), ("target", standing.target)):
        if own := "; ".join(f"{MEASURES[name].title} {number(value)}" for name, value in values.items()):
            pieces.append(note(f"The {who} itself: {own}."))
    chart = front_chart(standing)
    lead = "Means over seeds; beneath them the 95 % intervals, for which seeds and clips are both drawn again."
    return Section(_title(standing.direction), [*pieces, *([chart] if chart else [])], lead)


def _values(standing: Standing, measures: Sequence[str]) -> Html:
    heads: list[Column | str] = ["", *(Column(MEASURES[name].title, MEASURES[name].better) for name in measures)]
    rows: list[list[Cell]] = [
        [name, *(scores[measure].value if measure in scores else None for measure in measures)]
        for name, scores in standing.scores.items()
    ]
    return table(heads, rows, "The best of each column is marked.")


def _differences(standing: Standing, measures: Sequence[str]) -> Html:
    rows: list[list[Cell]] = [
        [name, *(scores[measure].difference if measure in scores else None for measure in measures)]
        for name, scores in standing.scores.items()
        if name != standing.baseline
    ]
    caption = f"Less {standing.baseline}, on the same clips. An interval without 0 is a difference beyond chance."
    return details(
        f"Less {standing.baseline}", [table(["", *(MEASURES[name].title for name in measures)], rows, caption)]
    )


def _pictures(runs: Sequence[ContenderRun], direction: Direction) -> Section:
    with temporary_folder() as folder:
        path = folder / "film.mp4"
        headings = film(runs, direction, path)
        player = video_player(path, "One held-out clip.", headings)
    words = "The middle frame of held-out clips, first seed of each contender."
    sheet = picture(contact_sheet(runs, direction), words, columns=len(headings))
    return Section(f"{_title(direction)}, seen", [sheet, player])


def _title(direction: Direction) -> str:
    return f"{direction[0].upper()} to {direction[1].upper()}"
