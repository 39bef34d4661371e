"""The preset that ``train`` starts from where neither one nor a weight of the method is named."""

from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from recyclegan.cli.parsing import peek
from recyclegan.errors import InputError
from recyclegan.settings.methods import UnsupRecycleGANConfig

DEFAULT_METHOD = "unsup-recycle-gan"
NO_PRESET = "none"
"""Names the method's own weights."""
FOR_FOOTAGE = "steady-footage"
FOR_LABEL_MAPS = "steady-video-to-label"
WEIGHTS = tuple(
    f"--{field.name.replace('_', '-')}" for field in fields(UnsupRecycleGANConfig) if isinstance(field.default, tuple)
)
"""Options that say what the method shall be, so that no preset is assumed."""


@dataclass(frozen=True)
class Chosen:
    """A preset that was chosen for the user."""

    name: str
    told: str
    """What was chosen and why, in one line."""


def is_named(words: list[str], option: str) -> bool:
    """Return whether an option is among the words of a command, with hyphens or underscores."""
    return any(word.split("=")[0].replace("_", "-") == option for word in words if word.startswith("--"))


def default_preset(method: str, words: list[str]) -> Chosen | None:
    """Return the preset that ``train`` starts from with these options, or None where the user has chosen."""
    if method != DEFAULT_METHOD or is_named(words, "--preset"):
        return None
    if any(is_named(words, weight) for weight in WEIGHTS):
        return Chosen(NO_PRESET, f"preset: none (weights are named; --preset {FOR_FOOTAGE} starts from ours)")
    labels, data = peek(words, "--labels"), peek(words, "--data")
    if labels == "b" or (labels is None and data is not None and _shows_label_maps(Path(data))):
        why = "--labels b" if labels else f"{data}/train/B shows label maps"
        return Chosen(FOR_LABEL_MAPS, f"preset: {FOR_LABEL_MAPS} (the default, as {why}; {_OTHERWISE})")
    return Chosen(FOR_FOOTAGE, f"preset: {FOR_FOOTAGE} (the default; {_OTHERWISE})")


_OTHERWISE = f"--preset {NO_PRESET} for the method's own weights"


def _shows_label_maps(data: Path) -> bool:
    """Return whether the first frame of B is a label map for certain; what is wrong with the data is said later."""
    from recyclegan.data import index_data
    from recyclegan.data.label_maps import shows_label_map

    with suppress(InputError):
        clip = index_data(data, "train", ("b",))["b"][0]
        return shows_label_map(next(iter(clip.images())))
    return False
