"""Published checkpoints become translators, and runs become published checkpoints."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from recyclegan.checkpoint import load_card, load_translator
from recyclegan.errors import InputError
from recyclegan.labels import VIPER
from recyclegan.networks.weights import read_weights
from recyclegan.published import export_reference, import_reference
from recyclegan.published.exchange import Architecture, network_file
from recyclegan.published.layout import read_options, write_options
from recyclegan.training import train
from recyclegan.translation import Translator
from tests.small import make_data, picture, small_config

UNET = Architecture("unet-128", 3, 1, 2, "batch")


def experiment(folder: Path, epoch: str = "2", **options: object) -> Path:
    """Write both generators of an epoch and, where there are any, options."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(UNET.build().state_dict(), network_file(folder, epoch, "G_A"))
    torch.save(Architecture("resnet-9", 1, 3, 3, "instance").build().state_dict(), network_file(folder, epoch, "G_B"))
    if options:
        write_options(folder / "opt.txt", options)
    return folder


def test_an_experiment_becomes_translators(tmp_path: Path) -> None:
    scaled = {"dataset_mode": "unaligned_scale", "crop_mode": "rectangle", "fineSizeH": 128, "fineSizeW": 256}
    folder = experiment(tmp_path / "x", model="unsup_single", **scaled)
    notes = import_reference(folder, "2", tmp_path / "model")
    assert notes == ["2_net_G_A.pth: ab", "2_net_G_B.pth: ba"]
    card = load_card(tmp_path / "model" / "ab.safetensors")
    assert (card.generator, card.channels_in, card.channels_out, card.width, card.norm) == (
        "unet-128",
        3,
        1,
        2,
        "batch",
    )
    assert (card.method, card.size, card.resize) == ("unsup-recycle-gan", (128, 256), "rectangle")
    generator, card = load_translator(tmp_path / "model" / "ba.safetensors")
    assert (card.generator, card.direction, card.width) == ("resnet-9", "ba", 3)
    stored = read_weights(folder / "2_net_G_B.pth")
    assert all(torch.equal(value, stored[name]) for name, value in generator.state_dict().items())
    images = picture(0, 24, 40)[None]
    translator = Translator.from_pretrained(tmp_path / "model", "ab", device="cpu")
    assert translator.translate_images(images).shape == (1, 24, 40, 1)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (256, 256)),
        ({"crop_size": "64"}, (64, 64)),
        ({"fineSize": "96", "fineSizeH": "5"}, (96, 96)),
        ({"dataset_mode": "unaligned_scale", "crop_mode": "square", "fineSize": "96", "fineSizeH": "5"}, (96, 96)),
    ],
)
def test_the_trained_size_comes_from_the_options(
    tmp_path: Path, options: dict[str, str], size: tuple[int, int]
) -> None:
    notes = import_reference(experiment(tmp_path / "x", **options), "2", tmp_path / "model")
    assert load_card(tmp_path / "model" / "ab.safetensors").size == size
    assert any("holds no opt.txt" in note for note in notes) == (not options)


def test_label_maps_keep_to_the_colours_of_their_set(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    for label in ("G_A", "G_B"):
        torch.save(Architecture("resnet-6", 3, 3, 3, "instance").build().state_dict(), network_file(folder, "2", label))
    import_reference(folder, "2", tmp_path / "model", VIPER)
    there, back = (load_card(tmp_path / "model" / f"{direction}.safetensors") for direction in ("ab", "ba"))
    assert (there.labels_in, back.labels_in, back.palette) == (False, True, ())
    assert len(there.palette) == 31
    images = Translator.from_pretrained(tmp_path / "model", device="cpu").translate_images(picture(0)[None])
    assert {tuple(colour) for colour in images.reshape(-1, 3).tolist()} <= {
        tuple(colour) for colour in VIPER.colours.tolist()
    }
    import_reference(folder, "2", tmp_path / "other", VIPER, label_domain="a")
    assert load_card(tmp_path / "other" / "ba.safetensors").palette == there.palette
    assert load_card(tmp_path / "other" / "ab.safetensors").labels_in
    with pytest.raises(InputError, match="labels viper: domain b has 1 channel, expected 3"):
        import_reference(experiment(tmp_path / "grey"), "2", tmp_path / "again", VIPER)


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    folder = experiment(tmp_path / "x")
    with pytest.raises(InputError, match="epochs found: 2"):
        import_reference(folder, "latest", tmp_path / "model")
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match="is there already"):
        import_reference(folder, "2", tmp_path / "model")


def test_a_damaged_network_leaves_no_model_behind(tmp_path: Path) -> None:
    folder = experiment(tmp_path / "x")
    network_file(folder, "2", "G_B").write_bytes(b"nothing")
    with pytest.raises(InputError, match="does not load as tensors alone"):
        import_reference(folder, "2", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_run_is_exported_and_comes_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(small_config(make_data(tmp_path / "data"), run, steps=2, ema=0.9))
    files = export_reference(run, tmp_path / "x", "latest")
    assert {file.name for file in files} == {f"latest_net_{label}.pth" for label in ("G_A", "G_B", "D_A", "D_B")}
    options = read_options(tmp_path / "x" / "opt.txt")
    assert (options["which_model_netG"], options["ngf"], options["model"]) == ("resnet_6blocks", "4", "unsup_single")
    back = tmp_path / "back"
    import_reference(tmp_path / "x", "latest", back)
    for direction in ("ab", "ba"):
        (first, card), (second, card_back) = (
            load_translator(place / f"{direction}.safetensors") for place in (run, back)
        )
        assert replace(card_back, steps=card.steps) == card
        assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def test_translators_alone_are_exported(tmp_path: Path) -> None:
    folder = experiment(tmp_path / "x", model="cycle_gan")
    import_reference(folder, "2", tmp_path / "model")
    files = export_reference(tmp_path / "model", tmp_path / "again", "5")
    assert [file.name for file in files] == ["5_net_G_A.pth", "5_net_G_B.pth"]
    for label in ("G_A", "G_B"):
        old = read_weights(network_file(folder, "2", label))
        new = read_weights(network_file(tmp_path / "again", "5", label))
        assert all(torch.equal(old[name], new[name]) for name in old)


def test_a_folder_without_translators_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no ab.safetensors or ba.safetensors"):
        export_reference(tmp_path, tmp_path / "x")


def test_an_architecture_that_the_published_code_does_not_know_is_refused(tmp_path: Path) -> None:
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=1)
    train(replace(config, networks=replace(config.networks, generator="detail-6")))
    with pytest.raises(InputError, match=r"the published code cannot build its detail-6; it knows .*resnet-6"):
        export_reference(tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()
