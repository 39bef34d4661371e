"""``recyclegan import-reference`` and ``export-reference``: checkpoints of the published code, both ways."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars, say_notes
from recyclegan.domains import Domain


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
