"""``recyclegan --completion SHELL``: a script with which a shell completes commands, methods, options and their values.

The script holds all words, so that completing starts no Python. What is no option and has no choices is a file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from shlex import quote

from recyclegan.cli.catalogue import every_command
from recyclegan.cli.option_records import Option, options_of
from recyclegan.cli.parsing import DEFAULT_METHOD
from recyclegan.errors import InputError, nearest
from recyclegan.settings.methods import METHODS

HELP_FLAGS = ("-h", "--help")
BASH = """\
_recyclegan() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words=
    case "$command ${COMP_WORDS[2]}" in
        "train -"*) command="train %(default)s" ;;
        %(groups)s) [[ $COMP_CWORD -gt 2 ]] && command="$command ${COMP_WORDS[2]}" ;;
    esac
    [[ $COMP_CWORD -eq 1 ]] && command= before=
    case "$command $before" in
%(choices)s
        *)
            case $command in
%(words)s
            esac
            [[ $current == -* && -n $command ]] && case $command in
%(flags)s
            esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _recyclegan recyclegan
"""
ZSH = """\
(( $+functions[compdef] )) || { autoload -U +X compinit && compinit; }
autoload -U +X bashcompinit && bashcompinit
"""


def completion(words: Sequence[str]) -> str:
    """Return the script for the shell that is named.

    Raises:
        InputError: none is named, or one that there is no script for.
    """
    if len(words) != 1 or words[0] not in SHELLS:
        found = " ".join(words) or "nothing"
        raise InputError(f"--completion: found {found}{nearest(found, SHELLS)}, expected one of {', '.join(SHELLS)}")
    return SHELLS[words[0]]({name: options_of(kind, name) for name, kind in every_command()}).rstrip()


def _bash(commands: Mapping[str, Sequence[Option]]) -> str:
    """Return the script for Bash."""
    groups = _groups(commands)
    first = [*dict.fromkeys(name.split()[0] for name in commands), "--help", "--version", "--completion"]
    plain = {"": first, **groups}
    choices = {
        f"{name} {flag}": option.choices
        for name, options in commands.items()
        for option in options
        for flag in option.flags
        if option.choices
    }
    flags = {name: _flags(options) for name, options in commands.items()}
    return BASH % {
        "groups": "|".join(f'"{first} "*' for first in groups),
        "default": DEFAULT_METHOD,
        "choices": "\n".join(_case(8, place, words) for place, words in choices.items()),
        "words": "\n".join(_case(16, name, words) for name, words in plain.items()),
        "flags": "\n".join(_case(16, name, words) for name, words in flags.items()),
    }


def _case(indent: int, pattern: str, words: Sequence[str]) -> str:
    return f"{' ' * indent}{quote(pattern)}) words={quote(' '.join(words))} ;;"


def _zsh(commands: Mapping[str, Sequence[Option]]) -> str:
    """Return the script for Zsh, which takes Bash's."""
    return ZSH + _bash(commands)


def _fish(commands: Mapping[str, Sequence[Option]]) -> str:
    """Return the script for fish."""
    return "\n".join(_fish_lines(commands)) + "\n"


def _fish_lines(commands: Mapping[str, Sequence[Option]]) -> Iterator[str]:
    groups = _groups(commands)
    for first in dict.fromkeys(name.split()[0] for name in commands):
        yield f"complete -c recyclegan -f -n __fish_use_subcommand -a {first}"
    for first, seconds in groups.items():
        seen = f"__fish_seen_subcommand_from {first}; and not __fish_seen_subcommand_from {' '.join(seconds)}"
        yield f"complete -c recyclegan -f -n {quote(seen)} -a {quote(' '.join(seconds))}"
    for name, options in commands.items():
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in name.split())
        if name == f"train {DEFAULT_METHOD}":
            others = " ".join(method for method in METHODS if method != DEFAULT_METHOD)
            seen = f"__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from {others}"
        for option in options:
            about = f"{_fish_value(option)} -d {quote(option.text)}"
            yield from (f"complete -c recyclegan -n {quote(seen)} -l {flag[2:]}{about}" for flag in option.flags)


def _fish_value(option: Option) -> str:
    if option.choices:
        return f" -x -a {quote(' '.join(option.choices))}"
    return " -r" if option.value else ""


def _groups(commands: Mapping[str, Sequence[Option]]) -> dict[str, list[str]]:
    """Return the first words after which a second one says which command it is, with those second words."""
    groups: dict[str, list[str]] = {}
    for first, *second in (name.split() for name in commands):
        if second:
            groups.setdefault(first, []).extend(second)
    return groups


def _flags(options: Sequence[Option]) -> list[str]:
    return [*(flag for option in options for flag in option.flags), *HELP_FLAGS]


SHELLS: dict[str, Callable[[Mapping[str, Sequence[Option]]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""The shells that there is a script for."""
