"""``report.html``: the numbers of an evaluation as a page for people, in one file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from recyclegan.evaluation.clip_measures import ClipMeasures
from recyclegan.evaluation.examples import FULL_HEAT, HEAT, PANELS, Example
from recyclegan.evaluation.measure_catalogue import MEASURES, SHARPNESS
from recyclegan.evaluation.results import COLOURS, SOURCE, TARGET, Result, Results, shares
from recyclegan.pages.charts import bar_chart, colour_scale, line_chart
from recyclegan.pages.page import (
    Cell,
    Html,
    Section,
    details,
    grid,
    grid_and_more,
    heading,
    headline,
    note,
    number,
    page,
    picture,
    slider,
    table,
    text,
    video_player,
)
from recyclegan.verdict import NAMES, Verdict

OPEN_CHARTS = 6
CHART_WIDTH = 400
COLOUR_WORDS = (
    "Colour alone: the class seen most often for each colour of these very sources. What lies beyond, was learned."
)
SEGMENTER_WORDS = "Source: what the same segmenter finds in the frames that were translated."
HEADLINE = (
    *("added_flicker", "warping_error", "mean_iou", "class_flips", "patches_coarse", "feature_frechet"),
    *("structure_distance", "downstream_iou", "class_survival", "sharpness"),
)


def report(results: Results, examples_shown: Sequence[Example], marks: dict[str, list[int]]) -> Html:
    """Return the report; ``marks`` are the worst frames of each clip by name, pointed out in its curves."""
    verdict = [verdict_section(results.verdict, results.results)] if results.verdict else []
    sections = [*verdict, _summary(results), _over_time(results.clips, marks)]
    if results.classes:
        sections.append(_classes(results))
    sections += [_by_class(name, result) for name, result in results.results.items() if result.by_class]
    if examples_shown:
        sections += [_seen(examples_shown), _worst(examples_shown)]
    measured, frames = (
        sum(counts) for counts in zip(*((c.num_measured, c.num_frames) for c in results.clips), strict=True)
    )
    amount = _count(frames, "frame") if measured == frames else f"{measured} of {_count(frames, 'frame')}"
    against = " and ".join(["their source", *(f"the {name}" for name in ("target", "truth") if name in results.inputs)])
    lead = f"{_count(len(results.clips), 'translated clip')}, {amount}, measured against {against}."
    return page("How good is the translation?", [*sections, _protocol(results)], lead, "Numbers: metrics.json.")


def verdict_section(verdict: Verdict, results: Mapping[str, Result]) -> Section:
    """Return what is wrong and what is right, with what to do about it and, folded, the numbers."""
    rows: list[list[Cell]] = [
        [f"{finding.name} (grave)" if finding.is_grave else finding.name, finding.remedy]
        for finding in verdict.findings
    ]
    faults = [table(["Fault", "What to do"], rows)] if rows else []
    numbers = [_row(name, results[name], (SOURCE, TARGET)) for name in results if name in NAMES]
    columns = ["Number", "Translated", "Source", "Target", "Better"]
    folded = details("The numbers behind it", [table(columns, numbers)])
    return Section("Verdict", [text(f"{verdict.sentence[:1].upper()}{verdict.sentence[1:]}."), *faults, folded])


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _summary(results: Results) -> Section:
    found = results.results
    figures = [_headline_figure(name, found[name]) for name in HEADLINE if name in found and _tells(name, found[name])]
    present = [ref for ref in (SOURCE, TARGET, COLOURS) if any(ref in r.references for r in found.values())]
    sharp = TARGET if TARGET in found["sharpness"].references else SOURCE
    columns = ["Measure", "Translated", *(name.capitalize() for name in present), "Better", "Sharpness kept"]
    rows = [[*_row(name, result, present), _kept(result, sharp)] for name, result in found.items() if name not in NAMES]
    caption = (
        "Mean over clips; beneath it the 95 % interval, drawn over clips, where there are several. Sharpness kept: of"
        f" the {sharp}'s; calm that comes with less of it was bought with blur."
    )
    pieces = [*([headline(figures)] if figures else []), table(columns, rows, caption), *map(note, results.notes)]
    if TARGET in present:
        pieces.append(note("Target: its distance to another draw of itself, the least that can be reached."))
    if "feature_frechet" in found:
        pieces.append(note("Target, for distances of features: of one half of its clips to the other half."))
    if "downstream_iou" in found:
        pieces.append(note("Downstream: beside it what the source's own frames teach, and what target frames teach."))
    return Section("Summary", pieces)


def _tells(name: str, result: Result) -> bool:
    """Return whether a number says something by itself: sharpness does beside the target's."""
    return name != "sharpness" or TARGET in result.references


def _headline_figure(name: str, result: Result) -> tuple[str, Cell, str]:
    if name == "sharpness":
        return "Sharpness", _kept(replace(result, sharpness=shares(result)), TARGET) or None, "of the target's"
    remark = next((f"{key} {number(value.value)}" for key, value in result.references.items()), "")
    return MEASURES[name].title, result.translated, remark


def _row(name: str, result: Result, references: Sequence[str]) -> list[Cell]:
    measure = MEASURES[name]
    level = "near the target" if measure is SHARPNESS else ""
    better = {"lower": "↓ lower", "higher": "↑ higher", None: level}[measure.better]
    return [measure.title, result.translated, *(result.references.get(ref) for ref in references), better]


def _kept(result: Result, reference: str) -> str:
    share = result.sharpness.get(reference, math.nan)
    return f"{100 * share:.0f} %" if math.isfinite(share) else ""


def _over_time(clips: Sequence[ClipMeasures], marks: dict[str, list[int]]) -> Section:
    charts = [chart for clip in clips for chart in _charts(clip, marks.get(clip.name, []))]
    lead = "How far each frame differs from the one before it, moved along. Dotted marks: the worst moments."
    return Section("Over time", grid_and_more(charts, OPEN_CHARTS, CHART_WIDTH), lead)


def _charts(clip: ClipMeasures, marks: Sequence[int]) -> list[Html]:
    charts = []
    if "added_flicker" in clip.curves:
        lines = {
            "translated": clip.curves["soft_warping_error"],
            "source": clip.curves["source_soft_warping_error"],
            "added flicker": clip.curves["added_flicker"],
        }
        charts.append(line_chart(lines, clip.name, y_label="mean absolute difference", marks=marks))
    if "class_flips" in clip.curves:
        flips = {"class flips": clip.curves["class_flips"]}
        charts.append(line_chart(flips, f"{clip.name}: classes", y_label="share of pixels", marks=marks))
    return charts


def _classes(results: Results) -> Section:
    scores = sorted(results.classes.items(), key=lambda item: -_or_zero(item[1].iou))
    bars = bar_chart({name: score.iou for name, score in scores}, "Intersection over union", largest=1.0)
    by_colour = COLOURS in results.results["mean_iou"].references
    rival, words = (COLOURS, COLOUR_WORDS) if by_colour else (SOURCE, SEGMENTER_WORDS)
    columns = ["Class", "Translated", rival.capitalize(), "Gain"]
    rows: list[list[Cell]] = [
        [name, score.interval, score.rival, score.iou - score.rival.value] for name, score in scores if score.rival
    ]
    folded = details(f"As a table, beside {rival}", [table(columns, rows)])
    return Section("Classes", [bars, folded, note(words)])


def _by_class(name: str, result: Result) -> Section:
    found = sorted(result.by_class.items(), key=lambda item: -item[1].translated.value)
    rows: list[list[Cell]] = [
        [who, one.translated, *(one.references.get(ref) for ref in (SOURCE, TARGET))] for who, one in found
    ]
    caption = "The farthest first. Target: of one half of its clips to the other half."
    return Section(MEASURES[name].title, [table(["Class", "Translated", "Source", "Target"], rows, caption)])


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _seen(examples_shown: Sequence[Example]) -> Section:
    first = examples_shown[0]
    pieces = [slider(first.before, first.after, f"{first.clip}, drag to compare.", ("Source", "Translated"))]
    for shown in examples_shown:
        caption = f"Frames {shown.first} to {shown.last}."
        pieces += [heading(shown.clip), video_player(shown.film, caption, PANELS), _heat_scale()]
    return Section("Seen", pieces, "The clips that flicker most, around their worst moment.")


def _heat_scale() -> Html:
    return colour_scale(HEAT.tolist(), "none", f"{FULL_HEAT} or more; black to white = 1", "Added flicker:")


def _worst(examples_shown: Sequence[Example]) -> Section:
    pieces = []
    for shown in examples_shown:
        for moment in shown.worst:
            pieces.append(heading(f"{shown.clip}, frame {moment.index}: added flicker {number(moment.added_flicker)}"))
            pictures = [
                ("Frame before", moment.previous),
                ("This frame", moment.current),
                ("Added flicker", moment.heat),
            ]
            pieces += [grid([picture(image, caption) for caption, image in pictures], 240), _heat_scale()]
    return Section("Worst moments", pieces)


def _protocol(results: Results) -> Section:
    how = [[MEASURES[name].title, MEASURES[name].how, MEASURES[name].unit] for name in results.results]
    terms = ("norm", "flow", "mask", "size", "samples")
    rests = [
        [MEASURES[name].title, *(result.stated.get(term, "") for term in terms)]
        for name, result in results.results.items()
    ]
    settings = [[name, value] for name, value in results.protocol.items()]
    inputs = [[name, value] for name, value in results.inputs.items()]
    words = "Numbers compare only where everything below is the same."
    return Section(
        "How it was measured",
        [
            text(words),
            table(["Setting", "Value"], [*settings, *inputs]),
            details("Each measure", [table(["Measure", "How", "Unit"], how)]),
            details("What each number rests on", [table(["Measure", *map(str.capitalize, terms)], rests)]),
        ],
    )
