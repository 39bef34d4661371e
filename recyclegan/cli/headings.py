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
    "translate": ("direction", "start", "end", "max_side", "frames", "side_by_side", "existing", "device"),
    "evaluate": ("out", "target", "truth", "labels", "segmenter", "flow", "frames"),
    "flow-preview": ("size", "num_frames", "flow"),
    "compare": ("out", "contenders", "sweep", "steps", "minutes", "seeds", "jobs", "baseline", "truth", "resume"),
}
"""By command: the options that come first, in this order."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "Size": ("size", "load_size", "resize", "crop", "scale", "max_side"),
    "Data": (
        *("labels", "channels", "triplets", "damaged", "deinterlace", "flip", "shuffle", "cache", "cache_gb"),
        *("start", "end"),
    ),
    "Method": (),
    "Networks": (),
    "Motion": ("flow", "raft_weights"),
    "Optimiser": (
        *("steps", "epochs", "minutes", "batch_size", "lr", "betas", "decay", "drop_every", "ramp_up"),
        *("clip_gradients", "history", "ema", "seed"),
    ),
    "Machine": ("device", "devices", "precision", "deterministic", "jobs"),
    "Log and checkpoints": ("save_every", "save_epochs", "keep", "log_every", "sample_every"),
    "Classes": ("segmenter", "segmenter_input", "protocol"),
    "Distances and intervals": ("features", "num_samples", "perceptual", "num_draws"),
    "Output": ("codec", "crf", "side_by_side", "frames", "existing", "num_shown", "film_frames", "num_worst"),
    OTHERS: (),
}
"""Headings in their order, each with the fields that stand under it wherever they come from."""

OF_COMMANDS: dict[str, str] = {
    "translate.batch_size": "Machine",
    "evaluate.labels": "Classes",
    "compare.labels": "Classes",
    "evaluate.seed": "Distances and intervals",
    "compare.seed": "Distances and intervals",
}
"""Fields that stand elsewhere in some commands."""

METHOD = "method"
"""The field whose dataclass tells what stands below its heading."""
NESTS = {METHOD: "Method", "networks": "Networks", "frames": "Data", "flow": "Motion", "synthesis": "Motion"}
"""Headings by the name of the field whose dataclass an option stands in."""

PLACEHOLDERS: dict[str, str] = {
    "model": "RUN",
    "run": "RUN",
    "train.out": "RUN",
    "out": "DIR",
    "data": "DIR",
    "folder": "FOLDER",
    "viper": "DIR",
    "cityscapes": "DIR",
    "cache": "DIR",
    "prepare videos.out": "DATA",
    "prepare roadworld.out": "DATA",
    "prepare viper.out": "DATA",
    "prepare cityscapes.out": "DATA",
    "compare.data": "DATA",
    "calibrate.data": "DATA",
    "calibrate.out": "FILE",
    "flow-preview.out": "OUTPUT",
    "a": "FOOTAGE ...",
    "b": "FOOTAGE ...",
    "val_a": "FOOTAGE ...",
    "val_b": "FOOTAGE ...",
    "target": "FOOTAGE",
    "truth": "DIR",
    "picture": "FILE",
    "vgg": "FILE",
    "segmenter": "FILE",
    "raft_weights": "FILE",
    "features": "FILE|inception",
    "perceptual": "FILE|lpips",
    "train.flow": "FILE|auto",
    "flow-preview.flow": "FILE|auto",
    "size": "HEIGHT WIDTH",
    "load_size": "HEIGHT WIDTH",
    "max_side": "PIXELS",
    "start": "SECONDS",
    "end": "SECONDS",
    "minutes": "MINUTES",
    "cache_gb": "GB",
    "channels": "A B",
    "betas": "FIRST SECOND",
    "lr": "RATE",
    "val": "SHARE",
    "decay": "SHARE",
    "drop_every": "SHARE",
    "ramp_up": "SHARE",
    "ema": "SHARE",
    "preset": "NAME",
    "codec": "NAME",
    "baseline": "NAME",
    "evaluate.labels": "SET",
    "compare.labels": "SET",
    "contenders": '"METHOD OPTIONS" ...',
    "sweep": '"OPTION VALUE ..."',
    "looks": "A,B",
    "translate.places": "INPUT ... OUTPUT",
    "translate.device": "{auto,cpu,cuda,mps}",
}
"""What stands for a value, by field or by command and field."""


def heading(name: str, command: str, nest: str) -> str:
    """Return the heading that a field of a command stands under; ``nest`` is the field that it is nested in."""
    if stated := OF_COMMANDS.get(f"{command.split()[0]}.{name}"):
        return stated
    listed = next((title for title, names in HEADINGS.items() if name in names), None)
    return listed or NESTS.get(nest, OTHERS)


def placeholder(name: str, command: str) -> str:
    """Return what stands for the value of a field, empty where the table does not say."""
    of_command = PLACEHOLDERS.get(f"{command}.{name}") or PLACEHOLDERS.get(f"{command.split()[0]}.{name}")
    return of_command or PLACEHOLDERS.get(name, "")
