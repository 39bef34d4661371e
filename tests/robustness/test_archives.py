"""Mutated archives: prepared as they say, or refused in one line, with nothing left behind."""

import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data.archives import read_arrays
from recyclegan.data.published_folders import prepare_viper
from recyclegan.errors import InputError
from tests.data.downloads import write_viper
from tests.robustness.mutations import mutated

LONGEST = 10
"""Seconds that an archive may take."""


def archive_of(root: Path, method: int) -> bytes:
    path = root.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(root))
    return path.read_bytes()


def try_mutations(folder: Path, data: bytes, count: int, seed: int) -> int:
    """Return how many of ``count`` mutated archives were prepared."""
    place = folder / "place"
    place.mkdir()
    accepted = 0
    for number in range(count):
        (place / "viper.zip").write_bytes(mutated(data, np.random.default_rng((seed, number))))
        start = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            accepted += prepared(place / "out", place / "viper.zip")
        assert time.monotonic() - start < LONGEST, f"seed {seed}, number {number}"
        assert {path.name for path in place.iterdir()} <= {"viper.zip"}
    return accepted


def prepared(out: Path, archive: Path) -> bool:
    """Return whether a data folder was made, and remove it."""
    try:
        made = prepare_viper(out, archive)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return False
    assert made.num_clips
    for path in sorted(out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    out.rmdir()
    return True


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_mutated_archives(tmp_path: Path, method: int) -> None:
    root = write_viper(tmp_path / "viper", numbers=range(1, 3), flow=False)
    assert try_mutations(tmp_path, archive_of(root, method), 30, seed=0) < 30


@pytest.mark.slow
def test_a_thousand_mutated_archives(tmp_path: Path) -> None:
    root = write_viper(tmp_path / "viper", numbers=range(1, 3), flow=False)
    assert try_mutations(tmp_path, archive_of(root, zipfile.ZIP_DEFLATED), 1000, seed=1) < 1000


def test_mutated_arrays(tmp_path: Path) -> None:
    path = tmp_path / "flow.npz"
    np.savez_compressed(path, u=np.ones((9, 16), np.float16), v=np.zeros((9, 16), np.float16))
    data, refused = path.read_bytes(), 0
    for number in range(100):
        path.write_bytes(mutated(data, np.random.default_rng(number)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read_arrays(path, ("u", "v"))
            except InputError as error:
                assert "\n" not in str(error)  # noqa: PT017
                refused += 1
    assert refused > 50
