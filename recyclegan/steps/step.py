"""One training step, and everything that it changes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import MovingAverage
from recyclegan.distributed import Fabric
from recyclegan.distributed.processes import gather, reduced
from recyclegan.domains import Direction, Domain, source_domain, target_domain
from recyclegan.methods import Method
from recyclegan.methods.class_reader import BETAS, RATE, Classes, ClassReader, frames_and_classes
from recyclegan.methods.method import Fakes
from recyclegan.networks.fused import has_kernels
from recyclegan.pace import Pace
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.halves import Batch, Half, Halves
from recyclegan.steps.progressive import at_resolution
from recyclegan.steps.run_log import RunLog
from recyclegan.tensors import Clips, Frames

ALL_NETWORKS = "all networks together"
"""What the norm of all gradients of an optimizer is called."""
MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam keeps of each parameter, in its shape."""


class HistoryBuffer:
    """Shows the discriminator fakes of earlier steps half of the time. Source: Shrivastava et al. 2017.

    A buffer of size 0 hands fakes through. What it keeps are copies, which hold no batch alive.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[Frames] = []

    def exchange(self, fakes: Frames, rng: np.random.Generator) -> Frames:
        """Return as many frames as came in, each new or, with probability one half, an older one that it replaces."""
        return torch.cat([self._exchange_one(fake, rng) for fake in fakes.split(1)]) if self.size else fakes

    def _exchange_one(self, fake: Frames, rng: np.random.Generator) -> Frames:
        if len(self.kept) < self.size:
            self.kept.append(fake.clone())
            return fake
        if rng.random() < 0.5:
            return fake
        place = int(rng.integers(self.size))
        old, self.kept[place] = self.kept[place], fake.clone()
        return old


class TrainState:
    """A method with its optimizers, averages, buffers and log: what a checkpoint holds."""

    def __init__(self, method: Method, config: TrainConfig, fabric: Fabric, num_steps: int) -> None:
        """Move the method to the device and make what trains it for ``num_steps`` steps."""
        self.config, self.fabric, self.num_steps = config, fabric, num_steps
        self.method: Method = method.to(fabric.device)
        if fabric.device.type == "cuda" and config.compile != "off" and has_kernels():
            self.method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator_optimizer = self._optimizer(method.generator_parameters())
        self.discriminator_optimizer = self._optimizer(method.discriminators.parameters())
        self.reader_optimizer = self._optimizer(method.reader.parameters(), RATE, BETAS) if method.reader else None
        self.average = MovingAverage(method.generators, config.ema) if config.ema else None
        self.buffers = {domain: HistoryBuffer(config.history) for domain in method.discriminators}
        self.log = RunLog(config, fabric)
        self.pace = Pace(0)
        self.rng = torch.Generator(fabric.device)
        self.rate = config.lr
        self.ramp = torch.ones((), device=fabric.device)
        self.labels_weight = torch.zeros((), device=fabric.device)
        self.norms: dict[str, Tensor] = {}
        self.halves: Callable[[Batch, int], Halves] | None = None
        self.notify: Callable[[str], None] = lambda _: None

    def _optimizer(
        self, parameters: Iterable[nn.Parameter], lr: float | None = None, betas: tuple[float, float] | None = None
    ) -> Any:
        """Return Adam; on CUDA one kernel takes its step, at a rate that stands on the device."""
        lr = self.config.lr if lr is None else lr
        on_device: dict[str, Any] = {"lr": lr}
        if self.fabric.device.type == "cuda" and self.scaler is None:
            on_device = {"lr": torch.full((), lr, device=self.fabric.device), "fused": True}
        optimizer = torch.optim.Adam(list(parameters), betas=betas or self.config.betas, **on_device)
        return self.fabric.setup_optimizers(optimizer)

    @property
    def optimizers(self) -> dict[str, Any]:
        """Return all optimizers by name."""
        both = {"generator": self.generator_optimizer, "discriminator": self.discriminator_optimizer}
        return {**both, "reader": self.reader_optimizer} if self.reader_optimizer else both

    @property
    def scaler(self) -> torch.amp.GradScaler | None:
        """Return what scales the loss in 16-mixed, and leaves out steps whose gradients overflow; elsewhere nothing."""
        return getattr(self.fabric.strategy.precision, "scaler", None)

    def set_pace(self, step: int) -> None:
        """Give both adversaries the learning rate of ``step``, and all terms but the adversarial ones their ramp.

        Nothing waits for the device.
        """
        self.rate = learning_rate(self.config, step, self.num_steps)
        self.ramp.fill_(ramp_up(self.config, step, self.num_steps))
        self.labels_weight.fill_(labels_weight(self.config, step, self.num_steps))
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = group["lr"].fill_(self.rate) if isinstance(group["lr"], Tensor) else self.rate

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as tensors and plain values.

        Where several processes train, all of them must call it.
        """
        return {
            "networks": trained_weights(self.method),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "average": self.average.average if self.average else {},
            "scaler": self.scaler.state_dict() if self.scaler else {},
            "processes": gather(self.fabric, self._own_state_dict()),
        }

    def _own_state_dict(self) -> dict[str, Any]:
        """Return what differs from process to process, on the CPU."""
        buffers = {domain: [fake.cpu() for fake in buffer.kept] for domain, buffer in self.buffers.items()}
        return {"buffers": buffers, "log": self.log.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what ``state_dict`` returned, exactly where there are as many processes as there were.

        The optimizers' settings stay those of the configuration.
        """
        device, processes = self.fabric.device, state["processes"]
        self.method.load_state_dict({**self.method.state_dict(), **state["networks"]})
        for name, optimizer in self.optimizers.items():
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state["optimizers"][name]["state"], "param_groups": groups})
            lay_out_moments(optimizer)
        if self.average:
            for name, value in self.average.average.items():
                value.copy_(state["average"][name])
        own = processes[self.fabric.global_rank % len(processes)]
        for domain, buffer in self.buffers.items():
            buffer.kept = [fake.to(device) for fake in own["buffers"][domain]]
        self.log.load_state_dict(own["log"])
        if self.scaler and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])

    def seed_step(self, step: int) -> np.random.Generator:
        """Make all randomness of a step depend on the seed, the process and the step alone: resuming is exact."""
        sequence = np.random.SeedSequence([self.config.seed, self.fabric.global_rank, step])
        seeds = sequence.generate_state(2, np.uint64) >> np.uint64(1)
        torch.manual_seed(int(seeds[0]))
        self.rng.manual_seed(int(seeds[1]))
        return np.random.default_rng(sequence)


def lay_out_moments(optimizer: Any) -> None:
    """Lay the moments of Adam out in memory as its parameters are, whatever wrote them: one kernel takes them all."""
    for parameter, moments in optimizer.state.items():
        for name in MOMENTS:
            moments[name] = torch.empty_like(parameter, requires_grad=False).copy_(moments[name])


def trained_weights(method: nn.Module) -> dict[str, Tensor]:
    """Return the state of the networks that train; frozen feature networks are left out."""
    return {
        name: value for name, value in method.state_dict().items() if not name.startswith(("features.", "backbone."))
    }


def train_step(state: TrainState, batch: Batch, step: int) -> dict[str, Tensor]:
    """Take one step of generators and discriminators; return its loss terms by name, such as ``ab/adversarial``.

    Nothing is read back from the device: whoever reads the terms waits for them. Where gradients are clipped, their
    norms before that are left in ``state.norms``.
    """
    batch = at_resolution(state, batch, step)
    halves = state.halves(batch, step) if state.halves else halves_of(state)
    rng = state.seed_step(step)
    state.set_pace(step)
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
    """Take the generators' half of a step, in which the discriminators are frozen."""
    method = state.method
    half = Half()
    batch, classes = frames_and_classes(batch) if method.reader else (batch, None)
    freeze_judges(method, True)
    with weights_cast_once():
        for direction in method.directions:
            terms, fake = back_propagate(
                state, batch[source_domain(direction)], direction, classes if direction == "ab" else None
            )
            half.fakes[target_domain(direction)] = fake
            terms |= backpropagate(state, method.target_terms(batch[target_domain(direction)], direction, state.rng))
            half.terms.update({f"{direction}/{name}": value for name, value in terms.items()})
    half.norms.update(update(state, state.generator_optimizer))
    freeze_judges(method, False)
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
    half, reader = Half(), state.method.reader
    batch, classes = frames_and_classes(batch) if reader else (batch, None)
    for domain, fake in shown.items():
        with state.fabric.autocast():
            loss = state.method.discriminator_loss(domain, batch[domain].flatten(0, 1), fake, state.rng)
        state.fabric.backward(loss)
        half.terms[f"{domain}/discriminator"] = loss.detach()
    half.norms.update(update(state, state.discriminator_optimizer))
    if reader and classes is not None:
        half.terms["a/reader"] = teach(state, reader, batch["a"][:, 0], classes)
    return half


def teach(state: TrainState, reader: ClassReader, frames: Frames, classes: Classes) -> Tensor:
    """Take a step of the reader on frames of A and their classes; return its loss."""
    with state.fabric.autocast():
        loss = reader.lesson(frames, classes, state.rng)
    state.fabric.backward(loss)
    update(state, state.reader_optimizer)
    return loss.detach()


def back_propagate(
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


def backpropagate(state: TrainState, terms: Iterator[tuple[str, Tensor]]) -> dict[str, Tensor]:
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
        state.fabric.backward(value)
        values[name] = value.detach()


def update(state: TrainState, optimizer: Any) -> dict[str, Tensor]:
    """Apply the gradients that have gathered, averaged over processes and clipped where asked for, and clear them.

    Return the norm of each network's gradients where they are clipped; it is for others to refuse what is not finite.
    """
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
    trained = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    gradients: dict[str, list[Tensor]] = defaultdict(list)
    for name, parameter in method.named_parameters():
        if parameter.grad is not None and parameter in trained:
            gradients[".".join(name.split(".")[:2])].append(parameter.grad)
    return {name: torch.stack(torch._foreach_norm(own)).norm() for name, own in gradients.items()}


def average_gradients(fabric: Fabric, optimizer: Any) -> None:
    """Average gradients over all processes, in one message."""
    if fabric.world_size == 1:
        return
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    flat = reduced(fabric, torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for gradient, averaged in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))


def learning_rate(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return the rate of a step (counted from 0): constant, then falling linearly over the last ``decay`` of training.

    With ``drop_every`` it falls to a tenth after each such fraction of training. It never reaches 0. Differs from the
    published code, which trains its last epoch at rate 0.
    """
    start = round(num_steps * (1 - config.decay))
    drops = int(step / (num_steps * config.drop_every) + 1e-9) if config.drop_every else 0
    return config.lr * 0.1**drops * min(1.0, (num_steps - step) / (num_steps - start + 1))


def ramp_up(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return what all terms but the adversarial ones are multiplied by in a step (counted from 0).

    It grows linearly to 1 over the first ``config.ramp_up`` of training. Source: Laine and Aila 2017.
    """
    return min(1.0, (step + 1) / (config.ramp_up * num_steps)) if config.ramp_up else 1.0


def labels_weight(config: TrainConfig, step: int, num_steps: int) -> float:
    """Return the weight of the labels' term in a step (counted from 0): it grows linearly over its warm-up."""
    warm_up = config.faithfulness.labels_warm_up * num_steps
    return config.faithfulness.labels_weight * (min(1.0, step / warm_up) if warm_up else 1.0)
