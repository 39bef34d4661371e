"""``recyclegan export``, ``import-reference`` and ``export-reference``: networks for other programs, and from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars, say_notes
from recyclegan.config import Within
from recyclegan.domains import Direction, Domain
from recyclegan.settings.translating import ExportFormat, ExportPrecision


@dataclass(frozen=True)
class TranslatorExportOptions:
    """What ``export`` takes. The file is compared with torch at three sizes, and written only if it agrees."""

    model: tyro.conf.Positional[str]
    """Run folder, .safetensors file, a name that ``recyclegan models`` lists, or hf://owner/name on the Hugging Face
    hub."""
    out: tyro.conf.Positional[Path]
    """File to write, for any number of frames of any size: .onnx (ONNX), .xml (OpenVINO, with .bin beside it) or .pt2
    (a program of torch.export)."""
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    format: ExportFormat | None = None
    """What to write, where the ending of the file is not to say it."""
    precision: ExportPrecision = "32"
    """Bits of the floating point that the network computes in; 16 halves the file. What goes in and comes out is the
    same."""
    opset: Annotated[int, Within(13, 20)] = 17
    """Version of ONNX's operators; older programs read older ones."""
    images: bool = False
    """Take and give 8-bit images (batch, height, width, RGB) instead of frames in [-1, 1] (batch, channels, height,
    width): scaling, rounding and the colours of label maps are inside."""
    resize: bool = False
    """With --images: bring them to the scale of training, as translate does, and back to their size inside."""
    int8: Path | None = None
    """Footage, a video or a folder of videos or frames, like that to be translated: convolutions compute in 8 bits,
    whose ranges it tells. How far that is from 32 bits on other frames of it, and how fast, is told and kept in the
    card."""


def export(words: list[str]) -> None:
    """Write a trained model as ONNX, OpenVINO or .pt2, which run without this program, and see that it agrees."""
    options = parse(TranslatorExportOptions, words, "export")
    from recyclegan.exports import export as run_export

    chosen = dict(vars(options))
    written = run_export(chosen.pop("model"), **chosen)
    print(f"{written.path}: written ({written.card.direction}, {written.size / 1e6:.1f} MB)")
    print(f"{written.runner} against torch at {written.sizes}{', in 32 bits' * bool(written.int8)}: {written.distance}")
    if written.int8:
        print(written.int8)


@dataclass(frozen=True)
class ImportOptions:
    """What ``import-reference`` takes."""

    folder: tyro.conf.Positional[Path]
    """Folder with EPOCH_net_G_A.pth and others."""
    out: Path
    """Folder for ab.safetensors and ba.safetensors."""
    epoch: str = "latest"
    """Epoch whose weights are taken."""
    labels: Literal["none", "viper", "cityscapes"] = "none"
    """The colours of the label maps, if a domain holds some; translations to them show no others."""
    label_domain: Domain = "b"
    """The domain that holds the label maps."""


def import_reference(words: list[str]) -> None:
    """Make translators of checkpoints that the published code, or its relatives, wrote."""
    options = parse(ImportOptions, words, "import-reference")
    from recyclegan.labels import LABEL_SETS
    from recyclegan.published import import_reference as run_import

    labels = LABEL_SETS.get(options.labels)
    with progress_bars() as bars:
        counter(bars)(0, None, f"importing {options.folder}")
        notes = run_import(options.folder, options.epoch, options.out, labels, options.label_domain)
    say_notes(notes)
    print(f"{options.out}: written")


@dataclass(frozen=True)
class ExportOptions:
    """What ``export-reference`` takes."""

    run: tyro.conf.Positional[Path]
    """Run folder."""
    out: Path
    """Folder for EPOCH_net_G_A.pth and others."""
    epoch: str = "latest"
    """Epoch that the files are named after."""


def export_reference(words: list[str]) -> None:
    """Write a run's networks as checkpoints that the published code reads."""
    options = parse(ExportOptions, words, "export-reference")
    from recyclegan.published import export_reference as run_export

    for path in run_export(options.run, options.out, options.epoch):
        print(path)
