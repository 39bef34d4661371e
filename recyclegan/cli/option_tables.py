"""Where options stand in help, and what stands for their values: one table for all commands.

An option that is in no table stands under the heading of the dataclass that it is nested in, and its value is called
after its type or its name.
"""

FIRST = "What matters most"
OTHERS = "Options"

MOST_UNGROUPED = 12
"""Options of a command that need no headings."""

MAIN: dict[str, tuple[str, ...]] = {
    "train": (
        *("data", "out", "preset", "minutes", "steps", "size", "load_size", "flow", "labels", "width"),
        *("batch_size", "device", "resume", "dry_run"),
    ),
    "distill": (
        *("data", "out", "student", "budget", "target", "steps", "size", "width", "direction", "levels"),
        *("batch_size", "device", "resume"),
    ),
    "translate": ("direction", "start", "end", "max_side", "frames", "side_by_side", "strength", "existing", "device"),
    "live": ("direction", "strength", "late", "scale", "device"),
    "evaluate": ("out", "target", "truth", "labels", "segmenter", "flow", "frames"),
    "flow-preview": ("size", "num_frames", "flow"),
    "compare": ("out", "contenders", "sweep", "steps", "minutes", "seeds", "jobs", "baseline", "truth", "resume"),
}
"""By command: the options that come first, in this order."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "Size": ("size", "load_size", "resize", "crop", "scale", "max_side"),
    "Data": (
        *("labels", "channels", "triplets", "damaged", "deinterlace", "flip", "shuffle", "match", "neighbours"),
        *("cache", "cache_gb", "data_on_device", "start", "end"),
    ),
    "Method": (),
    "Networks": (),
    "Adversary": (),
    "Labels of the source": (),
    "Further inputs": (),
    "Motion": ("flow", "raft_weights"),
    "Optimiser": (
        *("steps", "epochs", "minutes", "batch_size", "lr", "lr_ratio", "betas", "decay", "drop_every", "ramp_up"),
        *("progressive", "clip_gradients", "history", "ema", "seed"),
    ),
    "Machine": ("device", "devices", "precision", "compile", "engine", "max_memory", "deterministic", "jobs"),
    "Log and checkpoints": ("save_every", "save_epochs", "keep", "log_every", "sample_every"),
    "Classes": ("segmenter", "segmenter_input", "protocol"),
    "Use": ("downstream", "target_truth", "labelled"),
    "Distances and intervals": ("features", "deep_features", "num_samples", "perceptual", "num_draws"),
    "Output": (
        *("codec", "crf", "encoder_preset", "side_by_side", "frames", "existing"),
        *("num_shown", "film_frames", "num_worst", "host"),
    ),
    "Pipes": ("rate", "pixel_format", "pipe_format"),
    OTHERS: (),
}
"""Headings in their order, each with the fields that stand under it wherever they come from."""

OF_COMMANDS: dict[str, str] = {
    "translate.batch_size": "Machine",
    "translate.extra": "Data",
    "translate.size": "Pipes",
    "live.size": "Pipes",
    "evaluate.labels": "Classes",
    "compare.labels": "Classes",
    "evaluate.seed": "Distances and intervals",
    "compare.seed": "Distances and intervals",
}
"""Fields that stand elsewhere in some commands."""

METHOD = "method"
"""The field whose dataclass tells what stands below its heading."""
NESTS = {
    METHOD: "Method",
    "networks": "Networks",
    "adversary": "Adversary",
    "frames": "Data",
    "faithfulness": "Labels of the source",
    "extras": "Further inputs",
    "flow": "Motion",
    "synthesis": "Motion",
}
"""Headings by the name of the field whose dataclass an option stands in."""

PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "RUN": ("model", "run", "train.out", "distill.out"),
    "TEACHER": ("teacher",),
    "DIR": ("out", "data", "viper", "cityscapes", "cache", "truth", "target_truth"),
    "FOLDER": ("folder", "translate.extra"),
    "DATA": (
        "prepare videos.out",
        "prepare roadworld.out",
        "prepare viper.out",
        "prepare cityscapes.out",
        "prepare crops.data",
        "compare.data",
        "calibrate.data",
    ),
    "FILE": ("calibrate.out", "picture", "vgg", "efficientnet", "segmenter", "raft_weights"),
    "OUTPUT": ("flow-preview.out", "export.out"),
    "MODEL": ("export.model", "live.model"),
    "FOOTAGE": ("export.int8", "target", "labelled"),
    "FOOTAGE ...": ("a", "b", "val_a", "val_b"),
    "FILE|inception": ("features",),
    "FILE|lpips": ("perceptual",),
    "FILE|auto": ("train.flow", "flow-preview.flow"),
    "HEIGHT WIDTH": ("size", "load_size"),
    "PIXELS": ("max_side",),
    "SECONDS": ("start", "end"),
    "WIDTHxHEIGHT": ("translate.size", "live.size"),
    "FPS": ("rate",),
    "SHARE": ("strength", "val", "decay", "drop_every", "ramp_up", "labels_warm_up", "ema"),
    "MINUTES": ("minutes",),
    "GB": ("cache_gb", "max_memory"),
    "A B": ("channels",),
    "FIRST SECOND": ("betas",),
    "RATE": ("lr",),
    "DIVISOR ... 1": ("progressive",),
    "NAME ...": ("train.extra", "prepare roadworld.extra"),
    "NAME": ("preset", "codec", "baseline"),
    "SET": ("evaluate.labels", "compare.labels"),
    '"METHOD OPTIONS" ...': ("contenders",),
    '"OPTION VALUE ..."': ("sweep",),
    "A,B": ("looks",),
    "FPS@WxH": ("budget",),
    "INPUT ... OUTPUT": ("translate.places",),
    "{auto,cpu,cuda,mps}": ("live.device", "translate.device"),
}
"""What stands for a value: of which fields, or fields of commands."""
_BY_FIELD = {field: value for value, fields in PLACEHOLDERS.items() for field in fields}


def heading(name: str, command: str, nest: str) -> str:
    """Return the heading that a field of a command stands under; ``nest`` is the field that it is nested in."""
    if stated := OF_COMMANDS.get(f"{command.split()[0]}.{name}"):
        return stated
    listed = next((title for title, names in HEADINGS.items() if name in names), None)
    return listed or NESTS.get(nest, OTHERS)


def placeholder(name: str, command: str) -> str:
    """Return what stands for the value of a field, empty where the table does not say."""
    of_command = _BY_FIELD.get(f"{command}.{name}") or _BY_FIELD.get(f"{command.split()[0]}.{name}")
    return of_command or _BY_FIELD.get(name, "")
