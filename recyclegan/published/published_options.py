"""The options of the published commands: names, defaults, what they mean here, and which of them mean nothing here."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recyclegan.config import Within
from recyclegan.errors import InputError

MODELS = ("cycle_gan", "recycle_gan", "reCycle_gan", "unsup_single")
DATASET_MODES = ("unaligned", "unaligned_scale", "unaligned_triplet", "unaligned_triplet_scale")
RESIZE_MODES = ("scale_shortest", "square", "rectangle", "none")
CROP_MODES = ("square", "rectangle", "none")
RESIZE_OR_CROP = ("resize_and_crop", "crop", "scale_width", "scale_width_and_crop")
GENERATORS = ("resnet_9blocks", "resnet_6blocks", "unet_128", "unet_256")
DISCRIMINATORS = ("basic", "n_layers", "pixel")
PREDICTORS = ("unet_128", "unet_256", "prediction")
NORMS = ("instance", "batch", "none")
INITIALIZATIONS = ("normal", "xavier", "kaiming", "orthogonal")
ENDLESS = math.inf
SIDE = Within(1, 16_384)
"""Pixels."""
WIDTH = Within(1, 1024)
"""Channels."""
COUNT = Within(1, 10**9)
COUNT_OR_NONE = Within(0, 10**9)
WEIGHT = Within(0, 1e9)
PIXELS = Within(0, 1e4)
"""How far things move."""
ZOOM = Within(0, 100, below=True)
FINITE = Within()


@dataclass(frozen=True)
class Option:
    """An option of a published command."""

    name: str
    default: Any
    """Its value where it is not given; None: it must be given. The type of the default is the option's."""
    text: str
    """What it means, for ``--help``."""
    choices: tuple[str, ...] = ()
    unused: str = ""
    """Why it has no meaning here; empty where it has one."""
    kind: type | None = None
    """Its type, where the default does not tell."""
    within: Within = FINITE
    """The range of a number; infinity is taken where it is the default."""

    @property
    def is_flag(self) -> bool:
        """Return whether the option takes no value."""
        return self.default is False and self.kind is None


@dataclass(frozen=True)
class Options:
    """The options of one call: all values, and which of them were given."""

    values: dict[str, Any]
    given: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Any:
        """Return the value of an option by its published name."""
        return self.values[name]

    def pair(self, name: str) -> tuple[float, float]:
        """Return the values of ``name_A`` and ``name_B``."""
        return float(self[f"{name}_A"]), float(self[f"{name}_B"])

    def gives(self, *names: str) -> bool:
        """Return whether one of the options was given."""
        return not self.given.isdisjoint(names)


_NO_VISDOM = "there is no visdom window; look at samples/ and curves.png in the run folder"

COMMON = (
    Option("dataroot", None, "folder with train/A, train/B, val/A, val/B (or trainA, trainB, ...)", kind=str),
    Option("name", "experiment_name", "name of the experiment: a folder of checkpoints_dir"),
    Option("model", "cycle_gan", "method", MODELS),
    Option(
        "dataset_mode", "unaligned", "how frames are loaded; triplets hold three frames side by side", DATASET_MODES
    ),
    Option("which_direction", "AtoB", "BtoA swaps the domains", ("AtoB", "BtoA")),
    Option("batchSize", 1, "frames (or clips) in a step", within=Within(1, 65_536)),
    Option("loadSize", 286, "scale to this size, where square or by the shorter side", within=SIDE),
    Option("fineSize", 256, "then crop to this size, where square", within=SIDE),
    Option("loadSizeH", 286, "scale to this height", within=SIDE),
    Option("loadSizeW", 542, "scale to this width", within=SIDE),
    Option("fineSizeH", 256, "then crop to this height", within=SIDE),
    Option("fineSizeW", 512, "then crop to this width", within=SIDE),
    Option("resize_mode", "rectangle", "how the modes ending in _scale resize", RESIZE_MODES),
    Option("crop_mode", "rectangle", "how the modes ending in _scale crop", CROP_MODES),
    Option("resize_or_crop", "resize_and_crop", "how the other modes resize and crop", RESIZE_OR_CROP),
    Option("input_nc", 3, "channels of A: 3, or 1 for grey", within=Within(1, 3)),
    Option("output_nc", 3, "channels of B: 3, or 1 for grey", within=Within(1, 3)),
    Option("ngf", 64, "channels of the generators' first layer", within=WIDTH),
    Option("ndf", 64, "channels of the discriminators' first layer", within=WIDTH),
    Option("npf", 64, "channels of the predictors' first layer; without it those of U-Nets are --ngf", within=WIDTH),
    Option("which_model_netG", "resnet_9blocks", "architecture of the generators", GENERATORS),
    Option("which_model_netD", "basic", "architecture of the discriminators", DISCRIMINATORS),
    Option("which_model_netP", "unet_256", "architecture of the predictors", PREDICTORS),
    Option("n_layers_D", 3, "layers of the discriminators, with --which_model_netD n_layers", within=Within(1, 10)),
    Option("norm", "instance", "normalisation of all networks", NORMS),
    Option("no_dropout", False, "no dropout in the generators"),
    Option("init_type", "normal", "distribution of the first weights", INITIALIZATIONS),
    Option("gpu_ids", "0", "GPUs, such as 0 or 0,1; -1 for the CPU"),
    Option("checkpoints_dir", "./checkpoints", "folder of all experiments"),
    Option("max_dataset_size", ENDLESS, "largest number of frames of each domain", within=COUNT),
    Option("serial_batches", False, "take frames in the order of their names"),
    Option("no_flip", False, "do not mirror frames; with --dataset_mode unaligned, the only one that does"),
    Option(
        "labels", "auto", "domains that hold label maps; auto looks at their colours", ("auto", "none", "a", "b", "ab")
    ),
    Option("which_epoch", "latest", "epoch whose weights are loaded"),
    Option("nThreads", 2, "", unused="frames come decoded from a cache"),
    Option("split", "", "", unused="name the folder of frames with --phase"),
    Option("display_winsize", 256, "", unused=_NO_VISDOM),
    Option("display_id", 0, "", unused=_NO_VISDOM),
    Option("display_port", 8097, "", unused=_NO_VISDOM),
)

TRAIN = (
    *COMMON,
    Option("phase", "train", "folder of frames below dataroot"),
    Option("continue_train", False, "go on with the experiment"),
    Option("epoch_count", 1, "number of the first epoch, with --continue_train", within=Within(1)),
    Option("niter", 100, "epochs at the first learning rate", within=COUNT_OR_NONE),
    Option(
        "niter_decay",
        100,
        "epochs in which it then falls linearly; it never reaches 0 while there is training",
        within=COUNT_OR_NONE,
    ),
    Option("lr", 0.0002, "first learning rate of Adam", within=Within(0, 1e3, above=True)),
    Option("beta1", 0.5, "first momentum term of Adam", within=Within(0, 1, below=True)),
    Option("lr_policy", "lambda", "constant, then falling (lambda), or a tenth every lr_decay_iters epochs (step)"),
    Option("lr_decay_iters", 50, "epochs between falls, with --lr_policy step", within=COUNT),
    Option("no_lsgan", False, "cross-entropy instead of least squares"),
    Option("pool_size", 50, "earlier fakes kept for the discriminators", within=COUNT_OR_NONE),
    Option("lambda_A", 10.0, "weight of cycle and recycle terms that start in A", within=WEIGHT),
    Option("lambda_B", 10.0, "weight of cycle and recycle terms that start in B", within=WEIGHT),
    Option("identity", 0.5, "weight of the identity term, times lambda_A and lambda_B", within=WEIGHT),
    Option("adversarial_loss_p", False, "adversarial term for frames predicted from real ones"),
    Option("lambda_cycle_A", 10.0, "weight of the cycle term that starts in A", within=WEIGHT),
    Option("lambda_cycle_B", 10.0, "weight of the cycle term that starts in B", within=WEIGHT),
    Option("lambda_unsup_cycle_A", 10.0, "weight of the unsupervised recycle term that starts in A", within=WEIGHT),
    Option("lambda_unsup_cycle_B", 10.0, "weight of the unsupervised recycle term that starts in B", within=WEIGHT),
    Option("lambda_spa_unsup_A", 10.0, "weight of the unsupervised spatial term that starts in A", within=WEIGHT),
    Option("lambda_spa_unsup_B", 10.0, "weight of the unsupervised spatial term that starts in B", within=WEIGHT),
    Option("lambda_content_A", 0.0, "weight of the content term that starts in A", within=WEIGHT),
    Option("lambda_content_B", 0.0, "weight of the content term that starts in B", within=WEIGHT),
    Option("lambda_identity", 0.0, "weight of the identity term", within=WEIGHT),
    Option("motion_level", 8.0, "standard deviation of the coarse flow in pixels", within=PIXELS),
    Option("shift_level", 10.0, "largest shift in pixels", within=PIXELS),
    Option("scale_level", 0.0, "largest zoom in pixels a hundred pixels from its centre", within=ZOOM),
    Option("noise_level", 0.001, "standard deviation of the noise on warped frames", within=Within(0, 10)),
    Option("print_freq", 100, "steps between lines of losses", within=COUNT),
    Option("save_latest_freq", 2000, "steps between writings of the latest weights", within=COUNT),
    Option("save_epoch_freq", 1, "epochs between weights that are kept", within=COUNT_OR_NONE),
    Option("display_freq", 2000, "steps between sample pictures", within=COUNT),
    Option("vgg", "", "file of VGG-19 weights for the content term; without one, torchvision's"),
    Option("seed", 0, "everything random follows from it", within=Within(0, 2**32 - 1)),
    Option("display_single_pane_ncols", 0, "", unused=_NO_VISDOM),
    Option("update_html_freq", 1000, "", unused="sample pictures are PNG files in samples/"),
    Option("no_html", False, "", unused="sample pictures are PNG files in samples/"),
)

TEST = (
    *COMMON,
    Option("phase", "test", "folder of frames below dataroot; test is val where there is no test"),
    Option("results_dir", "./results/", "folder of all results"),
    Option("how_many", 999999, "largest number of frames of each domain", within=COUNT),
    Option("ntest", ENDLESS, "largest number of frames of each domain", within=COUNT),
    Option(
        "aspect_ratio",
        1.0,
        "stretch the pictures' width by this, or with less than 1 their height by its inverse",
        within=Within(0.01, 100),
    ),
)

_SCORE = (
    Option("exp_name", None, "pattern of the translated frames, in quotes", kind=str),
    Option("lbl_cache_dir", "gt_lbl_ind_map", "folder for the true class maps"),
    Option("eval_h", 256, "height at which maps are compared", within=SIDE),
    Option("eval_w", 256, "width at which maps are compared", within=SIDE),
    Option("protocol", "both", "which means are printed", ("both", "standard", "reference")),
    Option("target_path", "", "folder of the true label maps; by default FRAME_real_B beside the translated frames"),
)

RGB_TO_LABEL = (
    *_SCORE,
    Option("map_cache_dir", "seg_lbl_ind_map", "folder for the class maps of translated frames"),
    Option("details", True, "print every class"),
)

LABEL_TO_RGB = (
    *_SCORE,
    Option("pred_cache_dir", "pred_lbl_ind_map", "folder for the class maps of translated frames"),
    Option("model_path", None, "FCN-8s weights", kind=str),
    Option("n_class", 32, "classes of the FCN-8s", within=Within(1, 256)),
    Option("mean", True, "subtract the mean colour before the FCN-8s"),
    Option("details", True, "print every class"),
    Option("output_name", "", "file that the scores are also written to"),
    Option("verbose", False, "", unused="every score is printed", kind=bool),
)

UNUSED_IN_TEST = {
    "batchSize": "frames are translated one by one",
    "serial_batches": "frames are taken in the order of their names",
    "no_flip": "frames are never mirrored in a test",
    "init_type": "weights are loaded",
    "ndf": "no discriminator is needed",
    "npf": "no predictor is needed",
    "which_model_netD": "no discriminator is needed",
    "which_model_netP": "no predictor is needed",
    "n_layers_D": "no discriminator is needed",
}
"""Options that have a meaning in training alone."""


def read_bool(word: str) -> bool:
    """Return True for ``True`` and False for ``False`` (also 1, 0, yes, no, in any case).

    Differs from the published scripts, which read every word, ``False`` too, as True.

    Raises:
        InputError: any other word.
    """
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if word.lower() not in words:
        raise InputError(f"found {word!r}, expected True or False")
    return words[word.lower()]


def read_count(word: str) -> float:
    """Return a whole number, or infinity for ``inf``."""
    return ENDLESS if word == "inf" else int(word)


def notes_on_unused(table: tuple[Option, ...], options: Options, others: dict[str, str] | None = None) -> Iterator[str]:
    """Yield a line for every given option that has no meaning here; ``others`` adds to those that the table names."""
    reasons = {option.name: option.unused for option in table if option.unused} | (others or {})
    for name, reason in reasons.items():
        if options.gives(name):
            yield f"--{name} has no meaning here: {reason}"
