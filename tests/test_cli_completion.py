"""Shells complete commands, methods, options and their values; the scripts are run by the shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from recyclegan.cli import main
from recyclegan.cli.completion import SHELLS, completion
from recyclegan.errors import InputError
from recyclegan.settings.methods import METHODS

ASK_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
_recyclegan
printf '%s\\n' "${COMPREPLY[@]}"
"""
PROMPTS = {
    "recyclegan tra": {"train", "translate"},
    "recyclegan train ": set(METHODS),
    "recyclegan prepare ro": {"roadworld"},
    "recyclegan train cut --disc": {
        *("--discriminator", "--discriminator-width", "--discriminator-layers", "--discriminator-norm"),
    },
    "recyclegan train cut --device ": {"auto", "cpu", "cuda", "mps"},
    "recyclegan train cycle-gan --contr": set(),
    "recyclegan train --conte": {"--content"},
    "recyclegan train --data x --norm ": {"instance", "batch", "none"},
    "recyclegan train cut --contr": {"--contrastive"},
    "recyclegan translate --existing re": {"refuse", "replace"},
    "recyclegan doctor --rep": {"--report"},
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for shell in SHELLS:
        (folder / shell).write_text(f"{completion([shell])}\n")
    return folder


def needs(shell: str) -> str:
    return shutil.which(shell) or pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_bash_completes(prompt: str, scripts: Path) -> None:
    words = prompt.split(" ")
    done = subprocess.run(
        [needs("bash"), "-c", ASK_BASH, "ask", str(scripts / "bash"), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == PROMPTS[prompt]
    assert not done.stderr


@pytest.mark.parametrize("prompt", PROMPTS)
def test_fish_completes(prompt: str, scripts: Path) -> None:
    ask = f"source {scripts / 'fish'}; complete -C '{prompt}'"
    done = subprocess.run([needs("fish"), "--no-config", "-c", ask], capture_output=True, text=True, check=True)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == PROMPTS[prompt]


def test_zsh_takes_the_words_of_bash(scripts: Path) -> None:
    head, separator, rest = (scripts / "zsh").read_text().partition("_recyclegan() {")
    assert "bashcompinit" in head
    assert separator + rest == (scripts / "bash").read_text()


def test_what_is_no_option_is_a_file(scripts: Path) -> None:
    """Nothing of ours fits, so that the shell goes on with files."""
    for prompt in ("recyclegan translate run/", "recyclegan train cut --data da", "recyclegan translate "):
        done = subprocess.run(
            [needs("bash"), "-c", ASK_BASH, "ask", str(scripts / "bash"), *prompt.split(" ")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert not done.stdout.strip()
    assert "complete -o bashdefault -o default -F _recyclegan recyclegan" in (scripts / "bash").read_text()


def test_the_command_prints_the_script(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--completion", "bash"]) == 0
    assert capsys.readouterr().out == (scripts / "bash").read_text()


@pytest.mark.parametrize(
    ("words", "messages"), [([], "nothing"), (["fsh"], "did you mean 'fish'"), (["bash", "x"], "x")]
)
def test_another_shell_is_refused(words: list[str], messages: str) -> None:
    with pytest.raises(InputError, match=f"--completion: found .*{messages}.*expected one of bash, zsh, fish"):
        completion(words)
