"""Every option that the published code knows is read; mistakes are told in one line."""

import math

import pytest

from recyclegan.errors import InputError
from recyclegan.published.command_line import parse, run
from recyclegan.published.published_options import LABEL_TO_RGB, RGB_TO_LABEL, TEST, TRAIN

COMMON = """
    dataroot batchSize loadSize fineSize loadSizeH loadSizeW fineSizeH fineSizeW resize_mode crop_mode input_nc
    output_nc ngf npf ndf which_model_netD which_model_netG which_model_netP n_layers_D gpu_ids name
    dataset_mode model which_direction nThreads checkpoints_dir norm serial_batches display_winsize display_id
    display_port no_dropout max_dataset_size resize_or_crop no_flip init_type split phase which_epoch
"""
PUBLISHED = {
    "train": f"""{COMMON}
        display_freq display_single_pane_ncols update_html_freq print_freq save_latest_freq save_epoch_freq
        continue_train epoch_count niter niter_decay beta1 lr no_lsgan lambda_A lambda_B pool_size no_html
        lr_policy lr_decay_iters identity adversarial_loss_p lambda_cycle_A lambda_cycle_B lambda_unsup_cycle_A
        lambda_unsup_cycle_B lambda_identity lambda_spa_unsup_A lambda_spa_unsup_B lambda_content_A
        lambda_content_B motion_level scale_level shift_level noise_level
    """,
    "test": f"{COMMON} ntest results_dir aspect_ratio how_many",
    "eval_rgb2lbl": "exp_name target_path map_cache_dir lbl_cache_dir eval_h eval_w details",
    "eval_lbl2rgb": """
        exp_name target_path pred_cache_dir lbl_cache_dir eval_h eval_w model_path n_class mean verbose
        output_name
    """,
}
TABLES = {"train": TRAIN, "test": TEST, "eval_rgb2lbl": RGB_TO_LABEL, "eval_lbl2rgb": LABEL_TO_RGB}


@pytest.mark.parametrize("command", TABLES)
def test_every_published_option_is_read(command: str) -> None:
    table = {option.name: option for option in TABLES[command]}
    words: list[str] = []
    for name in PUBLISHED[command].split():
        option = table[name]
        words += [f"--{name}"] if option.is_flag else [f"--{name}", str(option.default or 1)]
    found = parse(command, TABLES[command], words)
    assert found.given == set(PUBLISHED[command].split())
    assert all(found[name] is True for name, option in table.items() if option.is_flag and name in found.given)


def test_values_have_the_types_of_their_defaults() -> None:
    found = parse("train.py", TRAIN, ["--dataroot", "d", "--lr=0.1", "--niter", "3", "--max_dataset_size", "5"])
    assert (found["lr"], found["niter"], found["max_dataset_size"]) == (0.1, 3, 5)
    assert found["beta1"] == 0.5
    assert found.given == {"dataroot", "lr", "niter", "max_dataset_size"}
    assert math.isinf(parse("train.py", TRAIN, ["--dataroot", "d"])["max_dataset_size"])


def test_false_is_false() -> None:
    words = ["--exp_name", "x", "--model_path", "m", "--mean"]
    assert parse("eval", LABEL_TO_RGB, [*words, "False"])["mean"] is False
    assert parse("eval", LABEL_TO_RGB, [*words, "True"])["mean"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dataroot", "d", "--lamda_A", "3"], r"unknown option --lamda_A \(did you mean '--lambda_A'\?\)"),
        (["--dataroot", "d", "--niter", "two"], "argument --niter: invalid int value: 'two'"),
        (["--dataroot", "d", "--model", "pix2pix"], "argument --model: invalid choice: 'pix2pix'"),
        ([], "--dataroot: is missing"),
        (["--dataroot", "d", "frame.png"], "found 'frame.png' where an option was expected"),
    ],
)
def test_mistakes_are_told(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse("train.py", TRAIN, words)


def test_a_mistake_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def command(words):
        raise InputError("a mistake\nof two lines")

    assert run(command, []) == 2
    assert capsys.readouterr().err == "command: a mistake of two lines\n"


def test_an_interruption_is_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    def command(words):
        raise KeyboardInterrupt

    assert run(command, []) == 130
    assert "interrupted" in capsys.readouterr().err
