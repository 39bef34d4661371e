"""``util/eval_rgb2lbl.py`` and ``util/eval_lbl2rgb.py``: the published scoring commands.

Scores of translated label maps as the published scripts print them, and as they are usually meant.

Protocol ``standard``: means over the classes that the truth shows; void (unlabeled, ambiguous) does not count.
Protocol ``reference``: the arithmetic behind the published numbers. 31 classes, void among them; one that the truth
never shows counts 0; boat shares plane's place, where a boat taken for a plane is still wrong.

Van and train share a colour. Maps that come from colours hold train for both.
"""

import glob
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8
from PIL import Image as Pillow

from recyclegan.arrays import ClassMap, Image
from recyclegan.data import Resize
from recyclegan.data.label_maps import read_ids
from recyclegan.engines import pick_device
from recyclegan.errors import InputError
from recyclegan.features.pretrained import load_fcn8s
from recyclegan.files import natural_key, whole_file
from recyclegan.labels import VIPER, exact_class, nearest_class
from recyclegan.metrics.segmentation import ABSENT, PROTOCOLS, confusion_matrix, ratio, segmentation_scores
from recyclegan.notes import notify as note
from recyclegan.published.command_line import notify, parse
from recyclegan.published.layout import frame_of
from recyclegan.published.published_options import LABEL_TO_RGB, RGB_TO_LABEL, Options, notes_on_unused
from recyclegan.settings.evaluation import Protocol
from recyclegan.video import IMAGE_SUFFIXES, read_image, write_image

NUM_CLASSES = len(VIPER.ids)
VAN, TRAIN, PLANE, BOAT = (VIPER.names.index(name) for name in ("van", "train", "plane", "boat"))
VOID_ID = 255
"""An id of true maps that no protocol counts."""
WEATHERS = {
    "Day": range(65, 70),
    "Night": range(73, 78),
    "Sunset": range(25, 30),
    "Snow": range(40, 44),
    "Rain": range(63, 65),
}
"""Clips of VIPER's validation set, by number."""

Confusion = Int64[np.ndarray, "classes predictions"]
PerClass = Float64[np.ndarray, " classes"]


@dataclass(frozen=True)
class Scores:
    """Scores in [0, 1] by one protocol; a class without a score is NaN."""

    protocol: Protocol
    mean_iou: float
    mean_accuracy: float
    pixel_accuracy: float
    iou: PerClass
    accuracy: PerClass
    names: tuple[str, ...]


def class_ids(image: Image) -> ClassMap:
    """Return the id of the nearest palette colour of each pixel; train for the colour of vans and trains."""
    return merge_van_and_train(nearest_class(image, VIPER))


def merge_van_and_train(ids: ClassMap) -> ClassMap:
    """Return the map with train in the place of van, as far as colours can tell them."""
    return np.where(ids == VAN, np.uint8(TRAIN), ids)


def count(predicted: ClassMap, true: ClassMap) -> Confusion:
    """Return the counts of one frame; add those of many."""
    return confusion_matrix(predicted, true, NUM_CLASSES, VOID_ID)


def score(confusion: Confusion, protocol: Protocol) -> Scores:
    """Return the scores of accumulated counts by a protocol."""
    return standard_scores(confusion) if protocol == "standard" else reference_scores(confusion)


def standard_scores(confusion: Confusion) -> Scores:
    """Return the scores over the classes that the truth shows, void left out."""
    counted = confusion.copy()
    counted[list(VIPER.ignored)] = 0
    scores = segmentation_scores(counted, "standard")
    accuracy = ratio(np.diagonal(counted), counted.sum(axis=1), ABSENT["standard"])
    means = (scores.mean_iou, scores.mean_accuracy, scores.pixel_accuracy)
    return Scores("standard", *means, scores.iou, accuracy, VIPER.names)


def reference_scores(confusion: Confusion) -> Scores:
    """Return the scores over 31 classes, as behind the published numbers."""
    counts = (np.diagonal(confusion), confusion.sum(axis=1), confusion[:, :NUM_CLASSES].sum(axis=0))
    right, true, predicted = (_boat_to_plane(values) for values in counts)
    iou = ratio(right, np.where(true > 0, true + predicted - right, 0), ABSENT["reference"])
    accuracy = ratio(right, true, ABSENT["reference"])
    names = (*VIPER.names[:PLANE], "plane or boat")
    pixel_accuracy = float(right.sum() / true.sum()) if true.any() else float("nan")
    return Scores("reference", float(iou.mean()), float(accuracy.mean()), pixel_accuracy, iou, accuracy, names)


def _boat_to_plane(values: Int64[np.ndarray, " all"]) -> Int64[np.ndarray, " classes"]:
    """Return the values of all classes but boat, whose value is added to plane's."""
    folded = values[:BOAT].copy()
    folded[PLANE] += values[BOAT]
    return folded


def weather_of(frame: str) -> str | None:
    """Return the weather of a frame of VIPER's validation set by its clip: ``065_00001`` is Day; None for others."""
    clip = re.match(r"(\d{3})(?!\d)", frame)
    number = int(clip.group(1)) if clip else None
    return next((weather for weather, clips in WEATHERS.items() if number in clips), None)


def score_lines(scores: Scores, details: bool) -> Iterable[str]:
    """Yield what is printed of scores: the three means, and with ``details`` every class that has a score."""
    means = f"{scores.mean_iou:.4f}/{scores.mean_accuracy:.4f}/{scores.pixel_accuracy:.4f}"
    yield f"Eval result ({scores.protocol}): mIoU/mAcc/allAcc {means}."
    if not details:
        return
    for number, (iou, accuracy, name) in enumerate(zip(scores.iou, scores.accuracy, scores.names, strict=True)):
        if not np.isnan(iou):
            yield f"Class_{number} result ({scores.protocol}): iou/accuracy {iou:.4f}/{accuracy:.4f}, name: {name}."


MEAN_BGR = (104.007, 116.669, 122.679)
"""Mean colour that the FCN-8s was trained with."""
RGB_TARGET = Path("../data/Viper2Label_single/val/B")
LABEL_TARGET = Path("../data/viper/val/resize_cls")
"""Where the published scripts look for true label maps."""

ALL = "All"
_INEXACT = "truth in colours that are no class"

Predict = Callable[[Path], ClassMap]
"""From a translated frame to the class of each pixel."""


def eval_rgb2lbl(argv: Sequence[str]) -> int:
    """Score label maps translated from video: each pixel has the class of the nearest palette colour.

    Raises:
        InputError: an option, the pictures or the true maps are not there or do not fit.
    """
    options = parse("eval_rgb2lbl.py", RGB_TO_LABEL, argv)
    notify([f"V2L experiment: {options['exp_name']}"])
    pairs = Pairs(options, "fake_B", RGB_TARGET, Path(options["map_cache_dir"]), by_colour=True)
    notify(score_report(pairs.counts(lambda path: class_ids(read_image(path))), options))
    return 0


def eval_lbl2rgb(argv: Sequence[str]) -> int:
    """Score video translated from label maps: an FCN-8s tells the class of each pixel.

    Raises:
        InputError: an option, the pictures, the weights or the true maps are not there or do not fit.
    """
    options = parse("eval_lbl2rgb.py", LABEL_TO_RGB, argv)
    notify([*notes_on_unused(LABEL_TO_RGB, options), *_notes_on_mean(options)], "note: ")
    notify([f"L2V experiment: {options['exp_name']}, with model: {options['model_path']}"])
    pairs = Pairs(options, "fake_A", LABEL_TARGET, Path(options["pred_cache_dir"]), by_colour=False)
    lines = score_report(pairs.counts(_judge(options)), options)
    notify(lines)
    if options["output_name"]:
        with whole_file(Path(options["output_name"])) as scratch:
            scratch.write_text("\n".join([*lines, ""]))
    return 0


def _notes_on_mean(options: Options) -> Iterator[str]:
    if not options["mean"]:
        yield "--mean False: no mean colour is subtracted; the published script reads False as True, and subtracts it"


def _judge(options: Options) -> Predict:
    """Return the FCN-8s as a function from a picture, brought to the size of the comparison, to class ids."""
    path = Path(options["model_path"])
    network = load_fcn8s(path)
    num_classes = network["score_fr"].out_channels
    if num_classes != options["n_class"]:
        raise InputError(f"--n_class {options['n_class']}: {path} tells {num_classes} classes")
    device = pick_device("auto")
    network.to(device)
    mean = torch.tensor(MEAN_BGR if options["mean"] else (0.0, 0.0, 0.0)).view(1, 3, 1, 1)

    @torch.inference_mode()
    def predict(path: Path) -> ClassMap:
        picture = Pillow.fromarray(read_image(path))
        size = (options["eval_w"], options["eval_h"])
        levels = np.asarray(picture.resize(size, Pillow.Resampling.LANCZOS))[:, :, ::-1]
        frames = torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].float() - mean
        return network(frames.to(device))[0].argmax(dim=0).byte().cpu().numpy()

    return predict


@dataclass(frozen=True)
class Pairs:
    """Translated frames and their true label maps.

    The folders named caches are written, never read, so that no map of an earlier test is scored by mistake.
    """

    options: Options
    what: str
    """What the translated pictures are called: ``fake_B``."""
    usual_target: Path
    """Where the published script looks for the truth."""
    cache: Path
    by_colour: bool
    """Whether predictions come from colours, which van and train share."""

    def counts(self, predict: Predict) -> dict[str, Confusion]:
        """Return the counts of all frames, and of each weather, at the size of the comparison.

        Raises:
            InputError: no picture matches, or one has no true map.
        """
        counts = {name: np.zeros((NUM_CLASSES, NUM_CLASSES + 1), np.int64) for name in (ALL, *WEATHERS)}
        for picture in self._pictures():
            frame = frame_of(picture, self.what)
            counted = self._count(predict(picture), picture, self._truth(picture, frame))
            counts[ALL] += counted
            if weather := weather_of(frame):
                counts[weather] += counted
        return counts

    def _pictures(self) -> list[Path]:
        pattern = self.options["exp_name"]
        found = [path for path in map(Path, glob.glob(pattern)) if path.suffix.lower() in IMAGE_SUFFIXES]  # noqa: PTH207
        if not found:
            raise InputError(
                f"--exp_name {pattern}: matches no picture; expected such as 'results/.../images/*{self.what}*'"
            )
        return sorted(found, key=natural_key)

    def _count(self, predicted: ClassMap, picture: Path, truth: Path) -> Confusion:
        true, is_coloured = read_truth(truth)
        _keep(self.cache, picture, predicted)
        _keep(Path(self.options["lbl_cache_dir"]), truth, true)
        if self.by_colour or is_coloured:
            predicted, true = merge_van_and_train(predicted), merge_van_and_train(true)
        size = Resize("rectangle", self.options["eval_h"], self.options["eval_w"])
        return count(_resized(predicted, size), _resized(true, size))

    def _truth(self, picture: Path, frame: str) -> Path:
        """Return the true map of a frame: in the target folder, or beside the picture.

        Raises:
            InputError: there is none.
        """
        stems = [frame, f"{frame}_centered"]
        beside = [picture.with_name(f"{stem}_real_B.png") for stem in stems]
        given = self.options["target_path"]
        target = Path(given) if given else self.usual_target
        folders = (target, target / frame.split("_")[0])
        below = [
            folder / f"{stem}{suffix}" for folder in folders for stem in stems for suffix in sorted(IMAGE_SUFFIXES)
        ]
        for path in below if given else [*beside, *below]:
            if path.is_file():
                return path
        places = f"{frame}.png in {target}" if given else f"{beside[0].name} beside it, or {frame}.png in {target}"
        raise InputError(f"{picture}: has no true label map ({places}); name their folder with --target_path")


def read_truth(path: Path) -> tuple[ClassMap, bool]:
    """Return the class ids in a label map, and whether they come from colours; a map of one channel holds ids.

    As in the published script, colours that are no class count as the nearest one, because it enlarges label maps
    smoothly; that is told of the first such map.

    Raises:
        InputError: the map is missing, damaged or no image, or holds an id that is no class.
    """
    ids = read_ids(path, VIPER)
    if ids is not None:
        return ids, False
    image = read_image(path, as_labels=True)
    try:
        exact_class(image, VIPER)
    except InputError as error:
        note(f"{path}: {error}; the truth is taken for the nearest classes, as in the published script", _INEXACT)
    return class_ids(image), True


def _keep(folder: Path, source: Path, ids: ClassMap) -> None:
    write_image(folder / f"{source.stem}.png", ids[:, :, None])


def _resized(ids: ClassMap, size: Resize) -> UInt8[np.ndarray, "new_height new_width"]:
    """Return the class map at another size, by nearest neighbour: no class appears that was not there."""
    return size(ids[:, :, None], is_label=True)[:, :, 0]


def score_report(counts: dict[str, Confusion], options: Options) -> list[str]:
    """Return the lines that are printed: for all frames and each weather, by each protocol that is asked for."""
    protocols = PROTOCOLS if options["protocol"] == "both" else (options["protocol"],)
    lines = []
    for name, confusion in counts.items():
        lines.append(f"{name}:")
        if not confusion.any():
            lines.append("Empty list.")
            continue
        for protocol in protocols:
            lines += score_lines(score(confusion, protocol), options["details"])
    return lines
