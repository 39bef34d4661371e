"""Translators as folders and as repositories of the Hugging Face hub, each with its model card."""

import tempfile
from pathlib import Path

from torch import nn

from recyclegan.checkpoint import Card, save_translator
from recyclegan.errors import InputError, first_line
from recyclegan.files import check_writable, write_bytes, write_text
from recyclegan.hub import HUB, check_repository
from recyclegan.paths import AnyPath, as_path
from recyclegan.translation.model_cards import PICTURE, Facts, model_card


def save_pretrained(folder: AnyPath, generator: nn.Module, card: Card, facts: Facts, repository: str = "") -> Path:
    """Write weights, model card and picture into a folder, and return the file of the weights.

    Raises:
        InputError: it cannot be written, or there is no such picture.
    """
    weights = as_path(folder) / f"{card.direction}.safetensors"
    check_writable(weights)
    picture = _bytes_of(facts.picture) if facts.picture else None
    save_translator(weights, generator, card)
    write_text(weights.with_name("README.md"), model_card(card, facts, repository))
    if picture:
        write_bytes(weights.with_name(PICTURE), picture)
    return weights


def push_to_hub(
    repository: str, generator: nn.Module, card: Card, facts: Facts, private: bool = False, revision: str | None = None
) -> str:
    """Make a repository on the hub if there is none, put weights, model card and picture there, return its address.

    ``revision`` is the branch to write to; one that is not there is made. The token is that of ``hf auth login`` or of
    ``HF_TOKEN``.

    Raises:
        InputError: that is no name of a repository, the hub does not answer or refuses, or there is no such picture.
    """
    repository = repository.removeprefix(HUB)
    check_repository(repository, revision)
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(folder, generator, card, facts, repository)
        try:
            api = HfApi()
            address = str(api.create_repo(repository, private=private, exist_ok=True))
            if revision:
                api.create_branch(repository, branch=revision, exist_ok=True)
            api.upload_folder(
                repo_id=repository, folder_path=folder, revision=revision, commit_message=f"Put {card.direction} here"
            )
        except Exception as error:
            raise InputError(
                f"{repository}: is not written ({type(error).__name__}: {first_line(error)}); "
                "see that the hub can be reached, and that hf auth login was done with a token that may write"
            ) from error
    return address


def _bytes_of(picture: Path) -> bytes:
    try:
        return picture.read_bytes()
    except OSError as error:
        raise InputError(f"{picture}: cannot be read ({error.strerror}); name a PNG file") from error
