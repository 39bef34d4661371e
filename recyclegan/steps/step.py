"""One training step: both directions through the generators, then both discriminators."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from recyclegan.distributed import Fabric
from recyclegan.distributed.processes import reduced
from recyclegan.domains import Direction, Domain, source_domain, target_domain
from recyclegan.freed_memory import give_freed_memory_back
from recyclegan.methods import Method
from recyclegan.methods.class_reader import Classes, ClassReader, frames_and_classes
from recyclegan.methods.method import Fakes
from recyclegan.steps.halves import Batch, Half, Halves
from recyclegan.steps.progressive import at_resolution
from recyclegan.steps.train_state import TrainState, parameters_of
from recyclegan.tensors import Clips, Frames, Terms

ALL_NETWORKS = "all networks together"
"""What the norm of all gradients of an optimizer is called."""


def train_step(state: TrainState, batch: Batch, step: int) -> dict[str, Tensor]:
    """Take one step of generators and discriminators; return its loss terms by name, such as ``ab/adversarial``.

    Nothing is read back from the device: whoever reads the terms waits for them. Where gradients are clipped, their
    norms before that are left in ``state.norms``.
    """
    batch = at_resolution(state, batch, step)
    state.set_pace(step)
    halves = state.halves(batch, step) if state.halves else halves_of(state)
    rng = state.seed_step(step)
    first = halves.generators(batch)
    shown = {domain: state.buffers[domain].exchange(fake, rng) for domain, fake in first.fakes.items()}
    second = halves.discriminators(batch, shown)
    if state.average:
        state.average.update(state.method.generators, step)
    state.norms = joined(first.norms, second.norms)
    return {**first.terms, **second.terms}


def halves_of(state: TrainState) -> Halves:
    """Return the two halves of a step, run as they are written."""
    return Halves(partial(generators_step, state), partial(discriminators_step, state))


def generators_step(state: TrainState, batch: Batch) -> Half:
    """Take the generators' half of a step, in which the discriminators are frozen, then the reader's if it learns."""
    method = state.method
    half = Half()
    batch, classes = frames_and_classes(batch) if method.reader else (batch, None)
    freeze_judges(method, True)
    with weights_cast_once():
        for direction in method.directions:
            own = classes if direction == "ab" else None
            terms, fake = gather_gradients(state, batch[source_domain(direction)], direction, own)
            half.fakes[target_domain(direction)] = fake
            terms |= backpropagate(state, method.target_terms(batch[target_domain(direction)], direction, state.rng))
            half.terms.update({f"{direction}/{name}": value for name, value in terms.items()})
    half.norms.update(update(state, "generator"))
    freeze_judges(method, False)
    if method.reader and classes is not None:
        half.terms["a/reader"] = teach(state, method.reader, batch["a"][:, 0], half.fakes["b"], classes)
    return half


def freeze_judges(method: Method, frozen: bool) -> None:
    """Keep discriminators and reader from gathering gradients, or let them again."""
    for judge in filter(None, (method.discriminators, method.reader)):
        judge.requires_grad_(not frozen)


@contextmanager
def weights_cast_once() -> Iterator[None]:
    """Keep weights that autocast has brought to half precision until the block ends: they stay the same in it."""
    torch.autocast_increment_nesting()
    try:
        yield
    finally:
        if torch.autocast_decrement_nesting() == 0:
            torch.clear_autocast_cache()


def discriminators_step(state: TrainState, batch: Batch, shown: Mapping[Domain, Tensor]) -> Half:
    """Take the discriminators' half of a step, on real frames and on the fakes that are shown to them."""
    half = Half()
    if state.method.reader:
        batch, _ = frames_and_classes(batch)
    for domain, fake in shown.items():
        with state.fabric.autocast():
            real = state.method.seen(batch[domain].flatten(0, 1), domain).contiguous()
            loss = state.method.discriminator_loss(domain, real, fake, state.rng)
        state.fabric.backward(loss)
        half.terms[f"{domain}/discriminator"] = loss.detach()
    half.norms.update(update(state, "discriminator"))
    return half


def teach(state: TrainState, reader: ClassReader, first: Frames, fakes: Fakes, classes: Classes) -> Tensor:
    """Take a step of the reader on first frames of A, on their translations, and on the classes; return its loss."""
    with state.fabric.autocast():
        loss = reader.lesson(state.method.seen(first, "a"), fakes, classes, state.rng)
    state.fabric.backward(loss)
    update(state, "reader")
    return loss.detach()


def gather_gradients(
    state: TrainState, real: Clips, direction: Direction, classes: Classes | None = None
) -> tuple[dict[str, Tensor], Fakes]:
    """Gather the generators' gradients of one direction; return its loss terms and its fakes.

    The translation is cut from its graph, each term is propagated back to the cut as soon as it is there, and the sum
    goes on from the cut: the gradients of all terms together, with the memory of one.
    """
    method, fabric = state.method, state.fabric
    with fabric.autocast():
        fake = method.translate(real, direction)
    cut = fake.detach().requires_grad_()
    terms = method.generator_terms(real, cut, direction, state.rng)
    if method.reader and classes is not None:
        terms = chain(terms, method.reader.terms(cut, classes, state.labels_weight))
    values = backpropagate(state, terms)
    if cut.grad is not None:
        fake.backward(cut.grad)
    return values, cut.detach().float()


def backpropagate(state: TrainState, terms: Terms) -> dict[str, Tensor]:
    """Propagate each term back as soon as it is there, ramped up; return the values by name."""
    values: dict[str, Tensor] = {}
    while True:
        with state.fabric.autocast():
            named = next(terms, None)
        if named is None:
            return values
        name, value = named
        if not name.startswith("adversarial"):
            value = state.ramp * value
        if value.device.type == "cpu":
            give_freed_memory_back()
        state.fabric.backward(value)
        values[name] = value.detach()


def update(state: TrainState, name: str) -> dict[str, Tensor]:
    """Apply the gradients that have gathered for an optimizer, averaged and clipped where asked for, and clear them.

    Return the norm of each network's gradients where they are clipped; it is for others to refuse what is not finite.
    """
    optimizer = state.optimizers[name]
    average_gradients(state.fabric, optimizer)
    norms = clip_gradients(state, optimizer) if state.config.clip_gradients else {}
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return norms


def clip_gradients(state: TrainState, optimizer: Any) -> dict[str, Tensor]:
    """Scale gradients down to the norm that the configuration allows; return their norms before, by network.

    In 16-mixed a step that overflows is left out, and there is nothing to tell of it.
    """
    norms = gradient_norms(state.method, optimizer) if state.scaler is None else {}
    limit = state.config.clip_gradients
    total = state.fabric.clip_gradients(state.method, optimizer, max_norm=limit, error_if_nonfinite=False)
    assert total is not None
    return {**norms, ALL_NETWORKS: total} if norms else {}


def joined(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the norms of both halves, each network's before the sum of those of all."""
    networks = {name: value for name, value in {**first, **second}.items() if name != ALL_NETWORKS}
    return {**networks, ALL_NETWORKS: first[ALL_NETWORKS] + second[ALL_NETWORKS]} if networks else networks


def gradient_norms(method: nn.Module, optimizer: Any) -> dict[str, Tensor]:
    """Return the norm of the gradients of each network that an optimizer trains, such as ``generators.ab``."""
    trained = set(parameters_of(optimizer))
    gradients: dict[str, list[Tensor]] = defaultdict(list)
    for name, parameter in method.named_parameters():
        if parameter.grad is not None and parameter in trained:
            gradients[".".join(name.split(".")[:2])].append(parameter.grad)
    return {name: torch.stack(torch._foreach_norm(own)).norm() for name, own in gradients.items()}


def average_gradients(fabric: Fabric, optimizer: Any) -> None:
    """Average gradients over all processes, in one message."""
    if fabric.world_size == 1:
        return
    gradients = [parameter.grad for parameter in parameters_of(optimizer) if parameter.grad is not None]
    flat = reduced(fabric, torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for gradient, averaged in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))
