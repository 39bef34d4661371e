"""What a comparison leaves: ``results.json``, ``table.md``, contact sheets and ``report.html``."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recyclegan.comparison.entry import Entry
from recyclegan.comparison.front import front_chart
from recyclegan.comparison.scores import Score, Standing
from recyclegan.comparison.seconds import in_words, total_seconds
from recyclegan.comparison.sheets import contact_sheet, film
from recyclegan.domains import Direction
from recyclegan.evaluation.measures import CLASSES, LIKENESS, MEASURES, SHARPNESS, STEADINESS
from recyclegan.files import temporary_folder, write_text
from recyclegan.metrics.intervals import Interval
from recyclegan.pages.html import Html, number
from recyclegan.pages.page import (
    Cell,
    Column,
    Section,
    details,
    heading,
    note,
    page,
    picture,
    table,
    text,
    video_player,
)
from recyclegan.settings.training import config_to_dict
from recyclegan.version import __version__
from recyclegan.video import write_image


def write_results(out: Path, standings: Sequence[Standing], entries: Sequence[Entry], minutes: float | None) -> None:
    """Write everything that people look at; each file appears whole."""
    budget = budgets(entries, minutes)
    write_text(out / "results.json", json.dumps(_content(standings, budget, entries), indent=1, allow_nan=False) + "\n")
    tables = [markdown(standing, budget) for standing in standings]
    write_text(out / "table.md", "\n".join([*tables, f"{in_words(_seconds(entries))}\n"]))
    for standing in standings:
        runs = [entry for entry in entries if standing.way in entry.ways]
        write_image(out / f"contact-sheet-{standing.way}.png", contact_sheet(runs, standing.way))
    write_text(out / "report.html", report(standings, entries, budget))


def budgets(entries: Sequence[Entry], minutes: float | None) -> dict[str, str]:
    """Return each contender's budget in words."""
    seeds: dict[str, list[int]] = {}
    for entry in entries:
        seeds.setdefault(entry.contender, []).append(entry.seed)
    steps = {entry.contender: entry.config.steps for entry in entries}
    about = f" (what {minutes:g} minutes allow)" if minutes else ""
    return {
        name: f"{steps[name]} steps{about}, {'seed' if len(own) == 1 else 'seeds'} {', '.join(map(str, own))}"
        for name, own in seeds.items()
    }


def _content(standings: Sequence[Standing], budget: dict[str, str], entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "recyclegan": __version__,
        "budget": budget,
        "directions": {
            standing.way: {
                "baseline": standing.baseline,
                "source": standing.source,
                "contenders": {
                    name: {measure: _score(score) for measure, score in scores.items()}
                    for name, scores in standing.scores.items()
                },
            }
            for standing in standings
        },
        "seconds": _seconds(entries),
        "configurations": {entry.contender: config_to_dict(entry.config) for entry in entries},
    }


def _seconds(entries: Sequence[Entry]) -> dict[str, float]:
    """Return the seconds that training, translating and measuring took in all runs."""
    return total_seconds([entry.folder for entry in entries])


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": _interval(score.value),
        "seeds": [_finite(value) for value in score.seeds],
        "difference": _interval(score.difference) if score.difference else None,
    }


def _interval(interval: Interval) -> dict[str, float | int | None]:
    return {name: _finite(value) for name, value in asdict(interval).items() if name != "draws"}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def markdown(standing: Standing, budget: dict[str, str]) -> str:
    """Return the standing as Markdown tables; what differs from the baseline beyond chance is set bold."""
    lines = [f"### {_title(standing.way)}", ""]
    for title, measures in grouped(standing):
        heads = [_aim(name) for name in measures]
        lines += [f"| {title} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for name, scores in standing.scores.items():
            cells = [_markdown_cell(scores.get(measure)) for measure in measures]
            lines.append(f"| {name}, {budget[name]} | {' | '.join(cells)} |")
        source = [number(standing.source.get(measure)) for measure in measures]
        lines += [f"| source itself | {' | '.join(source)} |", ""]
    return "\n".join(lines)


def grouped(standing: Standing) -> list[tuple[str, list[str]]]:
    """Return the measures that there are, under the title of their group."""
    groups = {
        "Steadiness": [measure.name for measure in STEADINESS],
        "Classes": [measure.name for measure in CLASSES],
        "Likeness": [SHARPNESS.name, *(measure.name for measure in LIKENESS)],
    }
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


def report(standings: Sequence[Standing], entries: Sequence[Entry], budget: dict[str, str]) -> Html:
    """Return the page."""
    sections = [
        Section(
            "Budget",
            [table(["Contender", "Budget"], [[name, words] for name, words in budget.items()])],
            f"What each got. {in_words(_seconds(entries))}.",
        )
    ]
    for standing in standings:
        runs = [entry for entry in entries if standing.way in entry.ways]
        sections += [_numbers(standing), _pictures(runs, standing.way)]
    measures = dict.fromkeys(name for standing in standings for name in standing.measures)
    how = table(["Measure", "How"], [[MEASURES[name].title, MEASURES[name].how] for name in measures])
    configurations = {entry.contender: json.dumps(config_to_dict(entry.config)) for entry in entries}
    folded = [details(name, [text(words)]) for name, words in configurations.items()]
    sections += [Section("How it was measured", [how]), Section("Configurations", folded)]
    lead = f"{len(budget)} contenders, {len(entries)} runs, on the same data, held-out clips and seeds."
    return page("Which is better?", sections, lead, "Numbers: results.json and table.md.")


def _numbers(standing: Standing) -> Section:
    pieces: list[Html] = []
    for title, measures in grouped(standing):
        pieces += [heading(title), _values(standing, measures), _differences(standing, measures)]
    source = "; ".join(f"{MEASURES[name].title} {number(value)}" for name, value in standing.source.items())
    if source:
        pieces.append(note(f"The source itself: {source}."))
    chart = front_chart(standing)
    lead = "Means over seeds; beneath them the 95 % intervals, for which seeds and clips are both drawn again."
    return Section(_title(standing.way), [*pieces, *([chart] if chart else [])], lead)


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


def _pictures(runs: Sequence[Entry], way: Direction) -> Section:
    sheet = picture(contact_sheet(runs, way), "The middle frame of held-out clips, first seed of each contender.")
    with temporary_folder() as folder:
        path = folder / "film.mp4"
        headings = film(runs, way, path)
        player = video_player(path, "One held-out clip.", headings)
    return Section(f"{_title(way)}, seen", [sheet, player])


def _title(way: Direction) -> str:
    return f"{way[0].upper()} to {way[1].upper()}"
