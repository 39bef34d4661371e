"""What an exported file is to be: its format, its precision, and what is a part of it. What does not fit is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from recyclegan.engines.exported import check_installed
from recyclegan.errors import InputError
from recyclegan.paths import AnyPath
from recyclegan.settings.translating import EXPORT_SUFFIXES, ExportFormat, ExportPrecision

_PACKAGES: dict[ExportFormat, Sequence[str]] = {
    "onnx": ("onnx", "onnxruntime"),
    "torch": (),
    "openvino": ("openvino", "onnx"),
}


@dataclass(frozen=True)
class ExportForm:
    """What a file is to be."""

    format: ExportFormat
    precision: ExportPrecision = "32"
    opset: int = 17
    images: bool = False
    resize: bool = False
    int8: AnyPath | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together, and what needs a package that is missing.

        Raises:
            InputError: it does not.
        """
        if self.precision not in get_args(ExportPrecision):
            raise InputError(f"precision {self.precision}: expected {' or '.join(get_args(ExportPrecision))}")
        if self.resize and not self.images:
            raise InputError("resize: is for files that take images; give --images too, or leave it out")
        if self.resize and self.format == "torch":
            raise InputError("resize: is not for .pt2; leave --resize out, or give --format onnx")
        if self.int8 is not None:
            self._check_int8()
        check_installed("export", *_PACKAGES[self.format])

    def _check_int8(self) -> None:
        if self.format == "torch":
            raise InputError("int8: is not for .pt2; leave --int8 out, or give --format onnx or openvino")
        if self.precision == "16":
            raise InputError("int8: takes the place of --precision 16; leave one of them out")
        check_installed("int8", "onnx", "onnxruntime")


def format_of(out: Path, given: ExportFormat | None) -> ExportFormat:
    """Return the format that is asked for, by default that of a file's ending.

    Raises:
        InputError: there is none of that name, or its files end otherwise.
    """
    if given not in (None, *EXPORT_SUFFIXES):
        raise InputError(f"format {given}: expected {', '.join(EXPORT_SUFFIXES)}")
    found = next((name for name, suffix in EXPORT_SUFFIXES.items() if out.suffix.lower() == suffix), None)
    if found is None or given not in (None, found):
        wanted = [EXPORT_SUFFIXES[given]] if given else [*EXPORT_SUFFIXES.values()]
        raise InputError(f"{out}: is no name for an exported file; expected one that ends in {' or '.join(wanted)}")
    return found
