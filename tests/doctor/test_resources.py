from collections import namedtuple
from pathlib import Path

import pytest

from recyclegan.doctor import split_checks
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.settings.networks import NetworkConfig
from tests.doctor.world import make_world, only, survey_of

Usage = namedtuple("Usage", "free")


@pytest.fixture
def scan(tmp_path: Path):
    return survey_of(make_world(tmp_path / "data", clips=2), size=(32, 32))


def test_the_cache_is_as_large_as_the_frames_at_load_size(scan, monkeypatch: pytest.MonkeyPatch) -> None:
    # 48 frames of two domains at 36 x 48, which is 64x48 with its shorter side at 32 * 286 / 256.
    finding = only(split_checks.cache_room(scan), "note", "at 32x32")
    assert f"{48 * 3 * 36 * 48 / 1e6:.2f} MB" in finding.what


def test_a_full_disk(scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_checks.shutil, "disk_usage", lambda _: Usage(1000))
    only(split_checks.cache_room(scan), "problem", "0.00 MB left")


def test_more_than_the_cache_may_hold(scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_checks.shutil, "disk_usage", lambda _: Usage(10**15))
    monkeypatch.setattr(split_checks, "_area", lambda _: 10**10)
    only(split_checks.cache_room(scan), "problem", "--cache-gb allows 64 GB")


@pytest.mark.parametrize(("free", "severity"), [(10**12, "note"), (10**8, "warning")])
def test_memory_of_a_step(scan, monkeypatch: pytest.MonkeyPatch, free: int, severity: str) -> None:
    monkeypatch.setattr(split_checks, "free_memory", lambda: (free, "this machine"))
    only(split_checks.step_memory(scan), severity, "32x32", "width 64", "this machine")


def test_the_estimate_is_what_was_measured_for_the_published_recipe() -> None:
    above_idle = split_checks.bytes_of_training((256, 512), 64) - 4 / 5 * split_checks.BYTES_OF_WEIGHTS
    assert above_idle == pytest.approx(1.57e9, rel=0.01)


def test_the_estimate_counts_the_weights_of_all_networks() -> None:
    method = UnsupRecycleGAN(UnsupRecycleGAN.Config(), NetworkConfig())
    copies = 5 * sum(parameter.numel() * parameter.element_size() for parameter in method.parameters())
    assert pytest.approx(copies, rel=0.01) == split_checks.BYTES_OF_WEIGHTS


def test_the_estimate_grows_with_pixels_and_width() -> None:
    small, wide = (split_checks.bytes_of_training((128, 128), width) for width in (32, 64))
    assert 2 < wide / small < 4
    assert split_checks.bytes_of_training((256, 128), 64) - wide == pytest.approx(
        split_checks.BYTES_A_PIXEL * 128 * 128
    )


def test_free_memory_is_a_positive_number() -> None:
    found = split_checks.free_memory()
    assert found is None or found[0] > 0
