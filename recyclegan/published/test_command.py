"""``test.py``: the published test command."""

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from recyclegan.arrays import Image
from recyclegan.data import Clip, Crop, LoadSpec, Resize, find_clips
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.files import write_text
from recyclegan.networks.weights import check_finite
from recyclegan.published.command_line import choose_devices, notify, parse
from recyclegan.published.exchange import Architecture, find_generator, missing_epoch, read_generator
from recyclegan.published.layout import OPTIONS_FILE, image_file, results_folder, write_options
from recyclegan.published.published_options import TEST, UNUSED_IN_TEST, Options, notes_on_unused
from recyclegan.published.recipe import GENERATOR_NAMES
from recyclegan.published.start import domain_folder, is_triplets, label_domains, transform
from recyclegan.tensors import to_frames, to_images
from recyclegan.video import write_image

FRAMES_BETWEEN_NEWS = 100


@dataclass(frozen=True)
class Task:
    """One direction to test: a generator and the clips that it translates."""

    direction: Direction
    generator: nn.Module
    clips: tuple[Clip, ...]
    spec: LoadSpec
    crop: Crop

    @property
    def kinds(self) -> tuple[str, str]:
        """Return what the pictures of a frame are called: ``real_A`` and ``fake_B``."""
        return f"real_{source_domain(self.direction).upper()}", f"fake_{target_domain(self.direction).upper()}"


def test(argv: Sequence[str]) -> int:
    """Translate the frames of both domains, or of the one that is there, as ``test.py`` says; return the exit code.

    Raises:
        InputError: an option, the frames or the weights do not allow it.
    """
    options = parse("test.py", TEST, argv)
    devices = choose_devices(options)
    notify([*devices.notes, *notes_on_unused(TEST, options, UNUSED_IN_TEST)], "note: ")
    tasks = _tasks(options)
    folder = results_folder(Path(options["results_dir"]), options["name"], options["phase"], options["which_epoch"])
    names = {task.kinds: frame_names(task.clips, options) for task in tasks}
    for task in tasks:
        _translate(task, names[task.kinds], folder, options, torch.device(devices.kind))
    write_options(folder / OPTIONS_FILE, options.values)
    _write_page(folder, names, f"{options['name']}: {folder.name}")
    notify([f"{folder / 'index.html'}: written"])
    return 0


def _tasks(options: Options) -> list[Task]:
    """Return the directions that there are both weights and frames for.

    Raises:
        InputError: there is none.
    """
    folder = Path(options["checkpoints_dir"]) / options["name"]
    weights = {direction: find_generator(folder, options["which_epoch"], direction) for direction in DIRECTIONS}
    clips = _clips(options)
    root, phase = options["dataroot"], options["phase"]
    if not any(weights.values()):
        raise missing_epoch(folder, options["which_epoch"])
    if not clips:
        raise InputError(f"{root}: holds no {phase}/A or {phase}/B; expected --dataroot and --phase of frames to test")
    tasks = []
    for direction, file in weights.items():
        if file and source_domain(direction) in clips:
            tasks.append(_task(direction, file, clips, options))
        else:
            notify([f"{direction}: is left out, because there are no {'frames' if file else 'weights'}"], "note: ")
    if not tasks:
        raise InputError(f"{folder}: its networks do not translate the frames of {root}; add those of A or B")
    return tasks


def _task(direction: Direction, file: Path, clips: dict[Domain, tuple[Clip, ...]], options: Options) -> Task:
    generator, architecture = read_generator(file, options["norm"])
    notify(_differences(options, architecture, file), "note: ")
    domain = source_domain(direction)
    resize, crop = transform(options, {domain: found[0].size for domain, found in clips.items()})
    is_label = domain in label_domains(options, {domain: clips[domain]})
    return Task(direction, generator, clips[domain], LoadSpec(resize, is_label, architecture.channels_in), crop)


def _clips(options: Options) -> dict[Domain, tuple[Clip, ...]]:
    """Return the clips of the domains that the phase has; where there is no phase ``test`` it is ``val``."""
    phases = [options["phase"], "val"] if options["phase"] == "test" else [options["phase"]]
    domains: tuple[Domain, ...] = ("a", "b")
    folders = {domain: domain_folder(options, phases, domain) for domain in domains}
    return {domain: find_clips(folder, is_triplets(options)) for domain, folder in folders.items() if folder}


def _differences(options: Options, found: Architecture, file: Path) -> Iterator[str]:
    """Yield a line for each given option that the weights contradict; the weights are right."""
    expected = {"which_model_netG": GENERATOR_NAMES[options["which_model_netG"]], "ngf": options["ngf"]}
    for name, real in {"which_model_netG": found.generator, "ngf": found.width}.items():
        if options.gives(name) and expected[name] != real:
            yield f"--{name} says {expected[name]}, and {file.name} is {real}; goes by the weights"


@torch.inference_mode()
def _translate(task: Task, names: list[str], folder: Path, options: Options, device: torch.device) -> None:
    """Write every frame and its translation as pictures of the size that they were translated at."""
    generator = task.generator.to(device)
    images = (image for clip in task.clips for image in clip.images(task.spec.is_label))
    for number, (name, image) in enumerate(zip(names, images, strict=False), start=1):
        real = to_frames(center_crop(task.spec(image), task.crop, name)[None]).to(device)
        fake = generator(real)
        check_finite(fake, f"{name}: {task.direction}")
        for kind, frames in zip(task.kinds, (real, fake), strict=True):
            write_image(image_file(folder, name, kind), _stretch(to_images(frames)[0], options["aspect_ratio"]))
        if number % FRAMES_BETWEEN_NEWS == 0 or number == len(names):
            notify([f"{task.direction}: {number} of {len(names)} frames"])


def frame_names(clips: tuple[Clip, ...], options: Options) -> list[str]:
    """Return a name for each frame to translate: that of its file, with its clip's before it where two files share one.

    Raises:
        InputError: two frames of a clip share a name.
    """
    own = [_names_within(clip) for clip in clips]
    names = [name for clip_names in own for name in clip_names]
    if len(set(names)) < len(names):
        names = [
            f"{clip.name.replace('/', '_')}_{name}" for clip, these in zip(clips, own, strict=True) for name in these
        ]
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InputError(f"{clips[0].files[0].parent}: two frames would both become {twice}; rename one")
    most = min(options["how_many"], options["ntest"], options["max_dataset_size"])
    return names if most >= len(names) else names[: int(most)]


def _names_within(clip: Clip) -> list[str]:
    if clip.kind == "video":
        return [f"{Path(clip.name).name}_{number:05d}" for number in range(clip.num_frames)]
    if clip.kind == "triplet":
        return [f"{clip.files[0].stem}_{number}" for number in range(clip.num_frames)]
    return [file.stem for file in clip.files]


def center_crop(image: Image, crop: Crop, name: str) -> UInt8[np.ndarray, "cropped_height cropped_width channels"]:
    """Return the window in the middle of an image: a test crops nothing at random.

    Raises:
        InputError: the image is smaller than the window.
    """
    height, width = crop.size(*image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    if min(top, left) < 0:
        found = f"{image.shape[1]}x{image.shape[0]}"
        raise InputError(
            f"{name}: is {found} after resizing, smaller than the crop of {width}x{height}; give --crop_mode none"
        )
    return image[top : top + height, left : left + width]


def _stretch(image: Image, ratio: float) -> UInt8[np.ndarray, "stretched_height stretched_width channels"]:
    """Return the picture made wider by the ratio, or higher where the ratio is below 1."""
    height, width = image.shape[:2]
    return Resize("rectangle", round(height / min(ratio, 1)), round(width * max(ratio, 1)))(image)


def _write_page(folder: Path, shown: dict[tuple[str, str], list[str]], title: str) -> None:
    """Write a page that shows every frame beside its translation."""
    rows = [_row(folder, name, kinds) for kinds, names in shown.items() for name in names]
    style = "body{font-family:sans-serif}figure{display:inline-block;margin:4px}"
    head = f"<!doctype html><meta charset='utf-8'><title>{html.escape(title)}</title><style>{style}</style>"
    write_text(folder / "index.html", "\n".join([head, f"<h1>{html.escape(title)}</h1>", *rows, ""]))


def _row(folder: Path, name: str, kinds: tuple[str, str]) -> str:
    figures = []
    for kind in kinds:
        source = quote(image_file(folder, name, kind).relative_to(folder).as_posix())
        figures.append(f"<figure><img src='{source}' loading='lazy'><figcaption>{kind}</figcaption></figure>")
    return f"<h3>{html.escape(name)}</h3>{''.join(figures)}"
