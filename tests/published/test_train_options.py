"""Every option of the published code, written out, is heard, told to have no meaning, or refused with a reason."""

from pathlib import Path
from typing import Any

import pytest

from recyclegan.errors import InputError
from recyclegan.published.command_line import choose_devices, parse
from recyclegan.published.published_options import (
    LABEL_TO_RGB,
    RGB_TO_LABEL,
    TEST,
    TRAIN,
    UNUSED_IN_TEST,
    Option,
    Options,
    notes_on_unused,
)
from recyclegan.published.recipe import notes_on_recipe
from recyclegan.published.start import training_data
from recyclegan.published.train_command import train_config
from tests.published.commands import labelled_world

NO_MEANING = """
    nThreads split display_winsize display_id display_port display_single_pane_ncols update_html_freq no_html
"""
STARTING = "continue_train epoch_count which_epoch"
"""Heard where training starts: see test_training.py."""
HEARD: dict[str, list[str]] = {
    "dataroot": ["other"],
    "name": ["other"],
    "checkpoints_dir": ["other"],
    "phase": ["val"],
    "gpu_ids": ["0"],
    "model": ["cycle_gan", "recycle_gan", "reCycle_gan"],
    "dataset_mode": ["unaligned", "unaligned_triplet", "unaligned_triplet_scale"],
    "which_direction": ["BtoA"],
    "max_dataset_size": ["1"],
    "batchSize": ["2"],
    "loadSizeH": ["40"],
    "loadSizeW": ["80"],
    "fineSizeH": ["20"],
    "fineSizeW": ["20"],
    "resize_mode": ["scale_shortest", "square", "none"],
    "crop_mode": ["square", "none"],
    "input_nc": ["1"],
    "output_nc": ["1"],
    "ngf": ["8"],
    "ndf": ["8"],
    "which_model_netG": ["resnet_6blocks", "unet_128", "unet_256"],
    "which_model_netD": ["n_layers --n_layers_D 4", "pixel"],
    "norm": ["batch", "none"],
    "no_dropout": [""],
    "serial_batches": [""],
    "beta1": ["0.9"],
    "lr": ["0.1"],
    "no_lsgan": [""],
    "lambda_identity": ["2"],
    "identity": ["2"],
    "niter": ["3"],
    "niter_decay": ["3"],
    "pool_size": ["3"],
    "lr_policy": ["step"],
    "print_freq": ["3"],
    "save_latest_freq": ["3"],
    "save_epoch_freq": ["3"],
    "display_freq": ["3"],
    "lambda_cycle_A": ["2"],
    "lambda_cycle_B": ["2"],
    "lambda_unsup_cycle_A": ["2"],
    "lambda_unsup_cycle_B": ["2"],
    "lambda_spa_unsup_A": ["2"],
    "lambda_spa_unsup_B": ["2"],
    "lambda_content_A": ["2"],
    "lambda_content_B": ["2"],
    "motion_level": ["2"],
    "shift_level": ["2"],
    "scale_level": ["2"],
    "noise_level": ["2"],
}
"""Other values of options that change what is trained; with --model unsup_single --dataset_mode unaligned_scale."""
HEARD_WITH: dict[str, tuple[str, list[str]]] = {
    "npf": ("--model recycle_gan", ["8"]),
    "which_model_netP": ("--model recycle_gan", ["unet_128", "prediction"]),
    "adversarial_loss_p": ("--model recycle_gan", [""]),
    "lambda_A": ("--model cycle_gan", ["2"]),
    "lambda_B": ("--model cycle_gan", ["2"]),
    "loadSize": ("--dataset_mode unaligned", ["40"]),
    "fineSize": ("--dataset_mode unaligned", ["40"]),
    "resize_or_crop": ("--dataset_mode unaligned", ["crop", "scale_width", "scale_width_and_crop"]),
    "no_flip": ("--dataset_mode unaligned", [""]),
    "n_layers_D": ("--which_model_netD n_layers", ["4"]),
    "lr_decay_iters": ("--lr_policy step", ["3"]),
    "init_type": ("", []),
}
"""Options that another one gives a meaning to; first weights are looked at in test_training.py."""
TEST_ONLY = "ntest results_dir aspect_ratio how_many"
SCORES = {
    "eval_rgb2lbl": "exp_name target_path map_cache_dir lbl_cache_dir eval_h eval_w details",
    "eval_lbl2rgb": """
        exp_name target_path pred_cache_dir lbl_cache_dir eval_h eval_w model_path n_class mean output_name
    """,
}
OWN = {"vgg", "seed", "labels"}
"""Options that the published code does not have."""

USUAL = "--model unsup_single --dataset_mode unaligned_scale --gpu_ids -1"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "other"):
        labelled_world(tmp_path / folder)
    return tmp_path


def trained(words: str) -> Any:
    """Return what ``train.py`` would train, or why it refuses to, and the frames that it would train on."""
    options = parse("train.py", TRAIN, f"--dataroot data {USUAL} {words}".split())
    run = Path(options["checkpoints_dir"]) / options["name"]
    try:
        devices = choose_devices(options)
        data = training_data(options, run)
        frames = {path.read_bytes() for path in (data / "train").rglob("*.png")}
        return train_config(options, run, data, devices), frames
    except InputError as error:
        return str(error)


def names_of(table: tuple[Option, ...]) -> set[str]:
    return {option.name for option in table}


def test_every_option_is_written_out_here() -> None:
    of_training = {*NO_MEANING.split(), *STARTING.split(), *HEARD, *HEARD_WITH}
    assert names_of(TRAIN) == of_training | OWN
    assert names_of(TEST) <= of_training | OWN | set(TEST_ONLY.split())
    assert names_of(TEST) >= set(TEST_ONLY.split()) | UNUSED_IN_TEST.keys()
    assert names_of(RGB_TO_LABEL) == {*SCORES["eval_rgb2lbl"].split(), "protocol"}
    assert names_of(LABEL_TO_RGB) == {*SCORES["eval_lbl2rgb"].split(), "details", "verbose", "protocol"}


@pytest.mark.parametrize("table", [TRAIN, TEST])
def test_an_option_without_meaning_is_told_once_with_the_reason(table: tuple[Option, ...]) -> None:
    names = set(NO_MEANING.split()) & names_of(table)
    values = {option.name: option.default for option in table}
    notes = list(notes_on_unused(table, Options(values, frozenset(values))))
    assert {note.partition(" has no meaning here: ")[0] for note in notes} == {f"--{name}" for name in names}
    assert len(notes) == len(names)


def test_every_other_option_changes_what_is_trained(place: Path) -> None:
    cases = [(name, "", value) for name, values in HEARD.items() for value in values]
    cases += [(name, given, value) for name, (given, values) in HEARD_WITH.items() for value in values]
    usual = {given: trained(given) for given in {given for _, given, _ in cases}}
    assert [case for case in cases if trained(f"{case[1]} --{case[0]} {case[2]}") == usual[case[1]]] == []


def test_an_option_that_nothing_gives_a_meaning_to_is_told() -> None:
    squares = {"loadSize", "fineSize"}
    for name in HEARD_WITH.keys() - squares - {"init_type"}:
        options = parse("train.py", TRAIN, f"--dataroot data {USUAL} --{name} {HEARD_WITH[name][1][0]}".split())
        assert any(f"--{name}" in note for note in notes_on_recipe(options)), name


def test_a_policy_that_no_loss_can_steer_is_refused(place: Path) -> None:
    assert "--lr_policy plateau: needs a loss that falls" in trained("--lr_policy plateau")


@pytest.mark.parametrize("table", [TRAIN, TEST, RGB_TO_LABEL, LABEL_TO_RGB])
def test_a_misspelt_option_names_the_nearest(table: tuple[Option, ...]) -> None:
    for name in names_of(table):
        with pytest.raises(InputError, match=f"unknown option --{name}s .did you mean '--{name}'"):
            parse("x", table, [f"--{name}s", "1"])
