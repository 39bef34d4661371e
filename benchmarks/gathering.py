"""Results of every benchmark in one form: lines as ``measured.py`` makes them, those of steps and of translations too.

``step.py`` and ``translate.py`` give a line of their own for each way of working, with more in it than a table shows,
and under ``error`` or ``failed`` what became of one that went wrong.
"""

import json
from collections.abc import Iterable
from typing import Any

from measured import OURS, PUBLISHED, Line, machine

Told = dict[str, Any]


def gathered(output: Iterable[str], command: str) -> tuple[list[Line], list[str]]:
    """Return the results among the lines that a benchmark printed, and what failed, whatever else it said."""
    lines, failures = [], []
    for messages in _dictionaries(output):
        if fault := messages.get("error") or messages.get("failed"):
            failures.append(f"{_name(messages)}: {fault}")
        else:
            lines += [{**line, "command": line.get("command", command)} for line in _lines(messages)]
    return lines, failures


def is_result(text: str) -> bool:
    """Return whether a line of output is one of results."""
    return any(True for _ in _dictionaries([text]))


def _dictionaries(output: Iterable[str]) -> Iterable[Told]:
    for text in output:
        try:
            messages = json.loads(text) if text.startswith("{") else None
        except ValueError:
            continue
        if isinstance(messages, dict):
            yield messages


def _name(messages: Told) -> str:
    return " ".join(
        str(messages[key]) for key in ("recipe", "variant", "size", "engine", "precision") if messages.get(key)
    )


def _lines(messages: Told) -> list[Line]:
    if {"part", "what", "how", "value"} <= messages.keys():
        return [messages]
    match messages.get("benchmark"):
        case "step" if "attainable" in messages:
            return _of_device(messages["attainable"])
        case "step" if "seconds" in messages:
            return [_of_step(messages)]
        case "translate" if "frames_per_second" in messages:
            return [_of_translation(messages)]
    return []


def _of_device(rates: dict[str, float]) -> list[Line]:
    units = {"tflops": ("a large matrix product", "TFLOP/s"), "gigabytes_per_second": ("a large copy", "GB/s")}
    known = {name: rate for name, rate in rates.items() if name in units}
    return [_line("step", units[name][0], "the device itself", rate, units[name][1]) for name, rate in known.items()]


def _of_step(messages: Told) -> Line:
    size = messages.get("size")
    what = f"step of {messages['recipe']}" + (f", {size[1]}x{size[0]}" if size else "")
    theirs = messages["variant"] == "reference"
    how = f"{PUBLISHED}, 32" if theirs else f"{OURS}, {messages['variant']}"
    line = _line("step", what, how, messages["seconds"], "s/step", messages.get("spread"))
    limit = "fell back: run as it is written" if messages.get("fell_back") else ""
    memory = {"peak_memory_mb": _megabytes(messages.get("gigabytes_above_idle")), "limit": limit}
    return {**line, **memory, "share_of_attainable": messages.get("share_of_attainable")}


def _of_translation(messages: Told) -> Line:
    what = f"{messages['frames']} frames of {messages['size']}, file to file"
    theirs = messages["engine"] == "published"
    how = f"{PUBLISHED}, 32" if theirs else f"{OURS}, {messages['engine']}, {messages['precision']}"
    line = _line(
        "translate",
        what,
        how,
        messages["frames_per_second"],
        "frames/s",
        messages.get("spread"),
        messages.get("repeats"),
    )
    peak = messages.get("peak_device_gigabytes", messages.get("peak_resident_gigabytes"))
    return {**line, "peak_memory_mb": _megabytes(peak)}


def _megabytes(gigabytes: float | None) -> float | None:
    return None if gigabytes is None else round(1000 * gigabytes, 1)


def _line(
    part: str, what: str, how: str, value: float, unit: str, spread: list[float] | None = None, number: int = 1
) -> Line:
    numbers = {"value": float(f"{value:.4g}"), "unit": unit, "spread": spread or [value, value], "n": number}
    rest = {"peak_memory_mb": None, "share_of_attainable": None, "limit": "", "machine": machine()}
    return {"part": part, "what": what, "how": how, **numbers, **rest}
