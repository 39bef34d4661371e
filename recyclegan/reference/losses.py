"""The published names of loss terms, and the lines of ``loss_log.txt``."""

from collections.abc import Mapping

TERM_NAMES = {
    "adversarial": "G",
    "cycle": "Cyc",
    "recycle": "Recycle",
    "recurrent": "Pred",
    "adversarial_predicted": "G_pred",
    "unsup_recycle": "Unsup_Cyc",
    "unsup_spatial": "Spa_unsup",
    "content": "Content",
    "identity": "idt",
    "discriminator": "D",
}
_LETTERS = {"ab": "A", "ba": "B", "b": "A", "a": "B"}
"""The published letter of a direction, and of the domain that a discriminator judges: ``D_A`` judges B."""


def published_name(term: str) -> str:
    """Return the published name of a loss term of a step: ``D_A`` for ``b/discriminator``.

    ``idt_A`` is what ``G_A`` does to frames of B, so that its letter is that of the other direction.
    """
    place, _, name = term.partition("/")
    letter = _LETTERS[place]
    if name == "identity":
        letter = "B" if letter == "A" else "A"
    return f"{TERM_NAMES.get(name, name)}_{letter}"


def loss_line(epoch: int, frames: int, seconds: float, terms: Mapping[str, float]) -> str:
    """Return the line for a step: its epoch, the frames of the epoch seen, the seconds a frame took, the losses."""
    named = {published_name(term): value for term, value in terms.items()}
    losses = " ".join(f"{name}: {value:.3f}" for name, value in sorted(named.items(), key=_letter_last))
    return f"(epoch: {epoch}, iters: {frames}, time: {seconds:.3f}) {losses}"


def _letter_last(item: tuple[str, float]) -> str:
    return item[0][-1]
