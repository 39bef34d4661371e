"""Files of OpenVINO: both or none, compared with torch, with the card; by a stand-in where it is not installed."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.exports import export, parity
from recyclegan.translation import Translator
from tests.exports.exported_translators import footage, saved
from tests.exports.openvino_stand_in import stand_in
from tests.refusals import message_of
from tests.small import picture

pytestmark = pytest.mark.usefixtures("_unchecked")
INSTALLED = find_spec("openvino") is not None


@pytest.fixture(autouse=True, params=["stand-in", "openvino"])
def _openvino(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "openvino":
        if not INSTALLED:
            pytest.skip("openvino is not installed")
        yield
        return
    monkeypatch.setitem(sys.modules, "openvino", stand_in())
    monkeypatch.setattr("recyclegan.engines.exported.find_spec", lambda name: name)
    yield


def test_both_files_appear_with_the_card_and_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, file = saved(tmp_path), tmp_path / "a.xml"
    assert main(["export", str(place), str(file), "--images"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("openvino against torch at 64x64, 70x62, 131x97: the largest difference is ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "a.xml", "ab.safetensors"]
    translator = Translator.from_pretrained(file)
    assert translator.card == load_card(place)
    images = np.stack([picture(number, 45, 62) for number in range(2)])
    expected = Translator.from_pretrained(place, device="cpu").translate_images(images)
    assert np.abs(translator.translate_images(images).astype(int) - expected).max() <= 1
    refused = message_of(Translator.from_pretrained, file, engine="onnxruntime")
    assert "engine onnxruntime is not for exported files, which openvino runs on a CPU" in refused


def test_a_file_that_makes_another_picture_does_not_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = saved(tmp_path)
    monkeypatch.setattr(parity, "MOST_ERROR", 1e-12)
    assert "a.xml: is not written; at 64x64" in message_of(export, place, tmp_path / "a.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["ab.safetensors"]


def test_int8_is_made_of_the_quantised_network(tmp_path: Path) -> None:
    place = saved(tmp_path)
    written = export(place, tmp_path / "a.xml", int8=footage(tmp_path))
    assert written.runner == "openvino"
    assert "int8 against 32 bits on 2 other frames of drive.mp4" in written.int8
    metrics = Translator.from_pretrained(tmp_path / "a.xml").card.metrics
    assert metrics == written.card.metrics
    assert metrics["int8_psnr"] >= 30


def test_what_is_no_network_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text("no network")
    assert "a.bin: no such file; a.xml and its .bin belong together" in message_of(Translator.from_pretrained, file)
    file.with_suffix(".bin").write_bytes(b"no weights")
    assert "is no network that recyclegan export wrote" in message_of(Translator.from_pretrained, file)


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = saved(tmp_path)
    monkeypatch.setattr("recyclegan.engines.exported.find_spec", lambda _: None)
    needs = "needs openvino; pip install 'recyclegan[openvino]'"
    assert message_of(export, place, tmp_path / "a.xml") == f"export: {needs}"
    assert message_of(Translator.from_pretrained, tmp_path / "a.xml").startswith(f"{tmp_path / 'a.xml'}: ")
