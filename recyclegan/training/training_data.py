"""The footage that is trained on, its shapes, and its record in the run folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.arrays import Picture
from recyclegan.data import (
    CachedDomain,
    Clip,
    DomainFrames,
    LoadSpec,
    UnpairedClips,
    default_cache_folder,
    index_data,
    load_data,
)
from recyclegan.data.extra_clips import ClipsWithExtras, with_extras
from recyclegan.data.label_clips import LabelledClips, labelled_clips
from recyclegan.data.resize import scale_of
from recyclegan.data.staging import Kept, Prefetched, Staging, are_kept, keep, kept_words, num_bytes
from recyclegan.data.walk import in_short
from recyclegan.distributed.fabric import Fabric
from recyclegan.domains import DOMAINS, Colours, Domain, Domains
from recyclegan.errors import InputError
from recyclegan.files import kind_of, read_json, write_json
from recyclegan.labels import LARGEST_PALETTE
from recyclegan.matching import NearestCrops, match_crops
from recyclegan.pace import Progress
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.tensors import Clips, Frames, to_frames
from recyclegan.training.extra_frames import note_on_terms, with_extra_samples, with_teacher
from recyclegan.video import read_frame

DATA_FILE = "data.json"
NUM_SAMPLES = 2
"""Frames of each domain that are shown in a sample grid and measured."""


@dataclass(frozen=True)
class Footage:
    """Batches to train on, frames to show, and the palettes of label domains."""

    clips: UnpairedClips
    cached: dict[Domain, CachedDomain]
    samples: dict[Domain, list[Frames]]
    sample_names: dict[Domain, list[str]]
    """The clip of each frame that is shown, with the frame's number where it is not the first."""
    palettes: dict[Domain, Colours]
    device: torch.device
    changes: tuple[str, ...] = ()
    """How the clips differ from those that the run was last started with, and terms that are left out."""
    kept: Kept | None = None
    """All frames on the device, where they are kept there."""
    labelled: LabelledClips | None = None
    """The clips of A with their classes, where these are trained on."""
    extended: ClipsWithExtras | None = None
    """The clips of A with their further inputs, where there are any."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what there is to say of the data, and of the cache so far."""
        return (*self.clips.notes, *(note for domain in self.cached.values() for note in domain.notes))

    @property
    def digests(self) -> dict[Domain, dict[str, str]]:
        """Return for each domain the SHA-256 of each clip's frames by the clip's name."""
        return _digests(self.cached, self.labelled, self.extended)

    def seen(self, domain: Domain, frames: Frames) -> Float[Tensor, "batch frame_channels height width"]:
        """Return frames of a domain without the channels that lie behind those of a frame."""
        return frames[:, : self.cached[domain].clips[0].shape[3]]

    @property
    def beginning(self) -> tuple[str, ...]:
        """Return what is to be said before training begins: of changed clips, matched crops, frames that are kept."""
        kept = (kept_words(num_bytes(self.clips), self.device),) if self.kept else ()
        return (*self.changes, *self.matched, *kept)

    @property
    def matched(self) -> tuple[str, ...]:
        """Return how much of the footage has counterparts in layout, where crops are matched by it."""
        return (self.clips.matching.in_words,) if isinstance(self.clips.matching, NearestCrops) else ()

    def batch(self, step: int) -> dict[Domain, Clips]:
        """Return the batch of a step (from 0) on the device."""
        return self._staging.stage(step).take()

    def ahead(self, first: int, num_steps: int) -> Prefetched:
        """Return the batches from step ``first`` up to ``num_steps``, made ahead; close it when no more are wanted."""
        return Prefetched(self._staging.stage, first, num_steps)

    @cached_property
    def _staging(self) -> Staging:
        return Staging(self.clips, self.device, self.kept)


def load_footage(config: TrainConfig, clip_length: int, fabric: Fabric, decoding: Progress | None) -> Footage:
    """Return the footage of a run, decoding into the cache what is not there yet.

    Raises:
        InputError: folders, clips, sizes or palettes are not what the configuration says.
    """
    frames, window = config.frames, scale_of(config.frames).window
    _check_label_channels(config)
    specs = {domain: load_spec(config, domain) for domain in DOMAINS}
    place, most = frames.cache, frames.cache_bytes
    data = load_data(config.data, "train", specs, place, most, decoding, frames.triplets, frames.reading)
    extended = None
    if config.extras.extra:
        extended = with_extras(config.data, data["a"], specs["a"], config.extras.channels, frames, decoding)
    drawn: dict[Domain, DomainFrames] = {**data, **({"a": extended.frames} if extended else {})}
    labelled = None
    if config.faithfulness.labels_weight:
        labelled = labelled_clips(config.data, drawn["a"], specs["a"], frames, decoding)
        drawn["a"] = labelled.frames
    if METHODS[config.method_name].imitates:
        drawn["a"] = with_teacher(config, data["a"], specs["b"], decoding)
    order = config.batch_size, config.seed, fabric.global_rank, fabric.world_size, frames.shuffle
    clips = UnpairedClips(drawn["a"], drawn["b"], clip_length, window, frames.flip, *order)
    cache = frames.cache or default_cache_folder()
    match_crops(clips, data, frames, clip_length, window, config.seed, cache, decoding)
    palettes = {domain: _palette(domain, data[domain]) for domain in DOMAINS if frames.is_label(domain)}
    said = (*data_changes(config.out, _digests(data, labelled, extended)), *note_on_terms(config))
    samples = _samples(config)
    shown = {domain: [frames for _, frames in named] for domain, named in samples.items()}
    names = {domain: [name for name, _ in named] for domain, named in samples.items()}
    stays = are_kept(config.data_on_device, num_bytes(clips), fabric.device)
    kept = keep(clips, fabric.device) if stays else None
    return Footage(clips, data, shown, names, palettes, fabric.device, said, kept, labelled, extended)


def _digests(
    cached: Mapping[Domain, CachedDomain], *beside_a: LabelledClips | ClipsWithExtras | None
) -> dict[Domain, dict[str, str]]:
    digests = {domain: dict(clips.digests) for domain, clips in cached.items()}
    for beside in beside_a:
        digests["a"] |= beside.digests if beside else {}
    return digests


def describe_crops(config: TrainConfig, decoding: Progress | None = None) -> str:
    """Describe the layouts of all crops that a run will draw from, in the cache; return how many match, in words.

    Raises:
        InputError: as ``load_footage``.
    """
    fabric = Fabric(accelerator="cpu", devices=1)
    footage = load_footage(config, METHODS[config.method_name].clip_length, fabric, decoding)
    return "; ".join(footage.matched)


def _check_label_channels(config: TrainConfig) -> None:
    for domain, channels in zip(DOMAINS, config.frames.channels, strict=True):
        if config.frames.is_label(domain) and channels != 3:
            raise InputError(
                f"channels: {channels} for the label maps of domain {domain.upper()}, whose classes are colours; "
                "expected 3"
            )


def load_spec(config: TrainConfig, domain: Domain) -> LoadSpec:
    """Return how frames of a domain are kept in the cache."""
    frames = config.frames
    return LoadSpec(scale_of(frames).whole, frames.is_label(domain), Domains(frames.channels).channels_of(domain))


def _palette(domain: Domain, data: CachedDomain) -> Colours:
    """Return the colours of all frames of a domain of label maps, sorted by red, then green, then blue."""
    colours: set[tuple[int, int, int]] = set()
    for name, clip in zip(data.names, data.clips, strict=True):
        colours.update(clip.palette)
        if len(colours) > LARGEST_PALETTE:
            raise InputError(
                f"{name}: brings the colours of domain {domain.upper()} to {len(colours)}: not a label map (expected "
                f"at most {LARGEST_PALETTE}); name label maps saved without compression loss"
            )
    if len(colours) == 1:
        raise InputError(
            f"domain {domain.upper()}: a palette of one colour, {colours.pop()}, in all label maps; expected one for "
            "each class; paint class ids in colours (recyclegan prepare), or leave the domain out of --labels"
        )
    return tuple(sorted(colours))


def _samples(config: TrainConfig) -> dict[Domain, list[tuple[str, Frames]]]:
    """Return whole frames of each domain by name, at the scale of training, of held-out clips where there are any.

    They are the first frames of the first clips; of an only clip, the first one and the middle one.
    """
    split = "val" if (config.data / "val").is_dir() else "train"
    clips = index_data(config.data, split, triplets=config.frames.triplets, reading=config.frames.reading)
    samples = {domain: [*_samples_of(clips[domain], load_spec(config, domain))] for domain in DOMAINS}
    beside = load_spec(config, "a"), samples["a"], _samples_of
    return {**samples, "a": with_extra_samples(config, split, clips["a"], *beside)}


def _samples_of(clips: Sequence[Clip], spec: LoadSpec) -> Iterator[tuple[str, Frames]]:
    shown = [(clip, 0) for clip in clips[:NUM_SAMPLES]]
    if len(clips) == 1 and clips[0].num_frames > 1:
        shown.append((clips[0], clips[0].num_frames // 2))
    for clip, number in shown:
        name = f"{clip.name}, frame {number}" if number else clip.name
        yield name, to_frames(spec(_image_at(clip, number, spec.is_label))[None])


def _image_at(clip: Clip, number: int, as_labels: bool) -> Picture:
    if clip.kind == "video" and number:
        return read_frame(clip.files[0], number, clip.reading)
    return next(islice(clip.images(as_labels), number, None))


Digests = Mapping[Domain, Mapping[str, str]]
"""For each domain, the SHA-256 of each clip's frames by the clip's name."""


def data_changes(run: Path, now: Digests) -> list[str]:
    """Return what has changed in the data since the run was last started; nothing where that is not known."""
    try:
        recorded = _read(run)
    except InputError as error:
        return [f"{error}; whether the data has changed since the run was started is not known"]
    if not recorded:
        return []
    before = recorded[-1]
    return [
        f"domain {domain.upper()}: {difference}"
        for domain in DOMAINS
        if (difference := _difference(before[domain], now[domain]))
    ]


def write_data(run: Path, now: Digests, step: int) -> None:
    """Write into the run folder that ``now`` is what is trained on from ``step``."""
    try:
        recorded = [entry for entry in _read(run) if entry["from"] < step]
    except InputError:
        recorded = []
    entry = {domain: dict(now[domain]) for domain in DOMAINS}
    if not recorded or any(recorded[-1][domain] != entry[domain] for domain in DOMAINS):
        write_json(run / DATA_FILE, [*recorded, {"from": step, **entry}])


def _read(run: Path) -> list[dict[str, Any]]:
    """Return the entries of a run, none where there is no file.

    Raises:
        InputError: the file is not as it was written.
    """
    path = run / DATA_FILE
    if kind_of(path) == "nothing":
        return []
    entries = read_json(path)
    if not (isinstance(entries, list) and all(map(_is_entry, entries))):
        raise InputError(f"{path}: is not as it was written")
    return entries


def _is_entry(value: Any) -> bool:
    """Return whether a value has the form of an entry."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("from"), int)
        and all(isinstance(value.get(domain), dict) for domain in DOMAINS)
    )


def _difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what became of the clips of a domain in words; nothing where they are the same."""
    both = before.keys() & now.keys()
    fates = {
        "removed": before.keys() - both,
        "changed": {name for name in both if before[name] != now[name]},
        "added": now.keys() - both,
    }
    parts = [f"{len(names)} {fate} ({in_short(sorted(names))})" for fate, names in fates.items() if names]
    return f"clips are not those that the run was last started with: {', '.join(parts)}" if parts else ""
