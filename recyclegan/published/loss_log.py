"""The published names of loss terms, and the lines of ``loss_log.txt``."""

from collections.abc import Mapping

from recyclegan.methods import RecycleGAN, UnsupRecycleGAN

TERM_NAMES = {
    "discriminator": "D_{}",
    "adversarial": "G_{}",
    "recycle": "Recyc_{}",
    "recurrent": "Pred_{}",
    "adversarial_predicted": "Pred_{}_GAN",
    "cycle": "Cyc_{}",
    "unsup_recycle": "UnCyc_{}",
    "unsup_spatial": "Unsup_{}",
    "content": "Cont_{}",
    "identity": "idt_{}",
}
"""In the order of a line; the letter is put in."""
OWN_NAMES = {
    UnsupRecycleGAN.name: {"identity": "Idt_{}"},
    RecycleGAN.name: {"recycle": "Cyc_{}"},
}
"""Where a method of the published code has a name of its own."""
_LETTERS = {"ab": "A", "ba": "B", "b": "A", "a": "B"}
"""The published letter of a direction, and of the domain that a discriminator judges: ``D_A`` judges B."""


def published_name(term: str, method: str) -> str:
    """Return the published name of a loss term of a method's step: ``D_A`` for ``b/discriminator``.

    ``idt_A`` is what ``G_A`` does to frames of B, so that its letter is that of the other direction.
    """
    name = term.partition("/")[2]
    pattern = OWN_NAMES.get(method, {}).get(name) or TERM_NAMES.get(name, f"{name}_{{}}")
    return pattern.format(_letter(term))


def _letter(term: str) -> str:
    place, _, name = term.partition("/")
    letter = _LETTERS[place]
    return {"A": "B", "B": "A"}[letter] if name == "identity" else letter


def loss_line(epoch: int, frames: int, seconds: float, terms: Mapping[str, float], method: str) -> str:
    """Return the line for a step: its epoch, the frames of the epoch seen, the seconds a frame took, the losses."""
    order = list(TERM_NAMES)

    def place(term: str) -> tuple[str, int]:
        name = term.partition("/")[2]
        return _letter(term), order.index(name) if name in order else len(order)

    losses = " ".join(f"{published_name(term, method)}: {terms[term]:.3f}" for term in sorted(terms, key=place))
    return f"(epoch: {epoch}, iters: {frames}, time: {seconds:.3f}) {losses}"
