"""Translators on the hub: what is put there comes back, and what happens offline is told. The hub is a stand-in."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import recyclegan.hub
from recyclegan import notes
from recyclegan.checkpoint import save_translator
from recyclegan.errors import InputError
from recyclegan.hub import locate
from recyclegan.networks import make_generator
from recyclegan.translation import Translator
from recyclegan.video import read_image, write_image
from tests.hub_stand_in import Hub, running
from tests.small import picture, small_card

NAME = "someone/day-to-night"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of huggingface_hub's own uploads


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, Any]]:
    """Return a hub, and its server; huggingface_hub knows no other one, and has a token and a cache for it."""
    from huggingface_hub import constants

    with running() as (made, server):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(constants, "ENDPOINT", made.address)
        template = made.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_tests")
        monkeypatch.setattr(notes, "_already_noted", set())
        monkeypatch.setattr(recyclegan.hub, "PATIENCE", 0.5)
        yield made, server


def translator(folder: Path, seed: int = 0, **card: Any) -> Translator:
    """Return the translator of a run with samples, whose weights follow from the seed."""
    given = small_card(**card)
    torch.manual_seed(seed)
    run = folder / f"run-{seed}"
    save_translator(run / f"{given.direction}.safetensors", make_generator(given.generator, width=given.width), given)
    (run / "config.json").write_text('{"data": "data/my-dashcam"}')
    for step in (1, 2):
        write_image(run / "samples" / f"step-0000000{step}.png", picture(step))
    return Translator.from_pretrained(run, device="cpu")


def frames() -> np.ndarray:
    return np.stack([picture(3, 32, 48)])


def test_what_is_saved_is_read_again_and_has_a_card(tmp_path: Path) -> None:
    ours = translator(tmp_path, metrics={"warping_error": 0.00125})
    weights = ours.save_pretrained(tmp_path / "shared", licence="cc-by-4.0")
    again = Translator.from_pretrained(tmp_path / "shared", device="cpu")
    assert np.array_equal(again.translate_images(frames()), ours.translate_images(frames()))
    text = weights.with_name("README.md").read_text()
    assert text.startswith("---\nlicense: cc-by-4.0\nlibrary_name: recyclegan\n")
    for words in ("| data | my-dashcam |", "| warping_error | 0.00125 |", "![", "(picture.png)", "hf://OWNER/NAME"):
        assert words in text
    assert np.array_equal(read_image(weights.with_name("picture.png")), picture(2)), "the newest samples"


def test_a_card_states_what_is_not_known(tmp_path: Path) -> None:
    ours = translator(tmp_path)
    ours = Translator(ours.generator, ours.card, "cpu")
    text = ours.save_pretrained(tmp_path / "shared").with_name("README.md").read_text()
    assert "license:" not in text
    assert "| data | not stated |" in text
    assert "| licence | not stated |" in text
    assert "None were taken" in text
    assert "![" not in text
    assert not (tmp_path / "shared" / "picture.png").exists()


def test_what_comes_with_the_package_tells_its_data_licence_and_picture(tmp_path: Path) -> None:
    from recyclegan.shipped import shipped

    ours, model = Translator.from_pretrained("day2night", device="cpu"), shipped()["day2night"]
    text = ours.save_pretrained(tmp_path).with_name("README.md").read_text()
    assert text.startswith("---\nlicense: apache-2.0\n")
    assert f"| data | {model.data} |" in text
    assert (tmp_path / "picture.png").read_bytes() == model.picture.read_bytes()


@pytest.mark.parametrize("shown", ["absent.png", "photo.jpg"])
def test_a_picture_that_cannot_be_shown_is_refused_before_anything_is_written(shown: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=shown):
        translator(tmp_path).save_pretrained(tmp_path / "shared", picture=tmp_path / shown)
    assert not (tmp_path / "shared").exists() or not any((tmp_path / "shared").iterdir())


def test_what_is_pushed_comes_back(hub: Any, tmp_path: Path) -> None:
    ours = translator(tmp_path)
    address = ours.push_to_hub(NAME, data="a dashcam", licence="cc-by-4.0")
    assert address == f"{hub[0].address}/{NAME}"
    files = hub[0].branches[NAME]["main"]
    assert {"ab.safetensors", "README.md", "picture.png"} <= files.keys()
    assert f'from_pretrained("hf://{NAME}")' in files["README.md"].decode()
    assert "# day-to-night\n" in files["README.md"].decode()
    again = Translator.from_pretrained(f"hf://{NAME}", device="cpu")
    assert np.array_equal(again.translate_images(frames()), ours.translate_images(frames()))


def test_a_revision_is_a_branch_or_a_commit(hub: Any, tmp_path: Path) -> None:
    first, second = translator(tmp_path), translator(tmp_path, seed=1)
    first.push_to_hub(NAME)
    commit = hub[0].commit_of(NAME, "main")
    second.push_to_hub(NAME, revision="v2")
    wanted = {"main": first, "v2": second, commit: first, None: first}
    for revision, ours in wanted.items():
        theirs = Translator.from_pretrained(NAME, revision=revision, device="cpu")
        assert np.array_equal(theirs.translate_images(frames()), ours.translate_images(frames())), revision
    assert locate(f"hf://{NAME}@v2").read_bytes() == hub[0].branches[NAME]["v2"]["ab.safetensors"]


def test_the_only_direction_of_a_repository_is_found(hub: Any, tmp_path: Path) -> None:
    translator(tmp_path, direction="ba").push_to_hub(NAME)
    assert Translator.from_pretrained(NAME, device="cpu").card.direction == "ba"
    with pytest.raises(InputError, match=r"it holds no ab\.safetensors$"):
        Translator.from_pretrained(NAME, "ab")


@pytest.mark.parametrize(
    ("place", "revision", "told"),
    [
        (f"hf://{NAME}", "v9", "it has no revision v9"),
        (f"hf://{NAME}@v9", None, "it has no revision v9"),
        ("hf://someone/absent", None, "check its name; a private one needs hf auth login"),
        ("hf://someone/empty", None, "it holds no ab.safetensors or ba.safetensors"),
        (f"hf://{NAME}@../x", None, "is no repository"),
        ("runs", "v1", "revision v1: is for repositories of the hub"),
    ],
)
def test_what_is_not_on_the_hub_is_told_in_one_line(
    place: str, revision: str | None, told: str, hub: Any, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    hub[0].branches.update({NAME: {"main": {"ab.safetensors": b""}}, "someone/empty": {"main": {}}})
    with pytest.raises(InputError, match=told) as caught:
        Translator.from_pretrained(place, revision=revision)
    assert "\n" not in str(caught.value)


def test_without_the_hub_the_copy_is_taken_and_that_is_told(
    hub: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    translator(tmp_path).push_to_hub(NAME)
    commit = hub[0].commit_of(NAME, "main")
    online = Translator.from_pretrained(NAME, device="cpu")
    assert not caplog.records
    hub[1].shutdown()
    hub[1].server_close()
    with caplog.at_level(logging.WARNING):
        offline = Translator.from_pretrained(NAME, device="cpu")
    assert np.array_equal(online.translate_images(frames()), offline.translate_images(frames()))
    (told,) = [record.getMessage() for record in caplog.records if record.name == "recyclegan"]
    assert f"{NAME}: the hub does not answer (" in told
    assert f"the copy that was fetched before is taken (commit {commit})" in told
    with pytest.raises(InputError, match="and a connection: no copy was fetched before"):
        Translator.from_pretrained("hf://someone/other")


def test_the_variable_that_forbids_asking_is_kept_and_told(
    hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from huggingface_hub import constants

    translator(tmp_path).push_to_hub(NAME)
    Translator.from_pretrained(NAME, device="cpu")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub[0].asked.clear()
    with caplog.at_level(logging.WARNING):
        Translator.from_pretrained(NAME, device="cpu")
    assert any("HF_HUB_OFFLINE is set; the copy" in record.getMessage() for record in caplog.records)
    with pytest.raises(InputError, match="no copy was fetched before, and HF_HUB_OFFLINE is set"):
        Translator.from_pretrained("hf://someone/other")
    assert hub[0].asked == []


def test_a_hub_that_refuses_is_told_in_one_line(hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match=r"someone/day-to-night: is not written .*hf auth login was done") as caught:
        translator(tmp_path).push_to_hub(NAME)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="is no repository"):
        translator(tmp_path).push_to_hub("one-word")


def test_the_scores_of_a_card_are_its_own(tmp_path: Path) -> None:
    ours = translator(tmp_path)
    ours.card = replace(ours.card, metrics={"mean_iou": 0.5})
    text = ours.save_pretrained(tmp_path / "shared").with_name("README.md").read_text()
    assert "| mean_iou | 0.5 |" in text


def test_a_translator_without_weights_is_refused(tmp_path: Path) -> None:
    exported = Translator(torch.nn.Identity(), small_card(), "cpu")
    with pytest.raises(InputError, match="publish the run or file it was made of"):
        exported.save_pretrained(tmp_path / "shared")
