"""All that a training step changes, how it is kept, and what changes by the number of the step alone."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import MovingAverage
from recyclegan.distributed import Fabric
from recyclegan.distributed.processes import gather
from recyclegan.methods import Method
from recyclegan.methods.class_reader import BETAS, RATE
from recyclegan.networks.fused import has_kernels
from recyclegan.pace import Pace
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.halves import Batch, Halves
from recyclegan.steps.run_log import RunLog
from recyclegan.tensors import Frames

MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam keeps of each parameter, in its shape."""


class TrainState:
    """A method with its optimizers, averages, buffers and log: what a checkpoint holds."""

    def __init__(self, method: Method, config: TrainConfig, fabric: Fabric, num_steps: int) -> None:
        """Move the method to the device and make what trains it for ``num_steps`` steps."""
        self.config, self.fabric, self.num_steps = config, fabric, num_steps
        self.method: Method = method.to(fabric.device)
        self.method.adversary.to(fabric.device)
        if fabric.device.type == "cuda" and config.compile != "off" and has_kernels():
            self.method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizers = {
            "generator": self._optimizer(method.generator_parameters(), config.lr, config.betas),
            "discriminator": self._optimizer(
                method.discriminators.parameters(), config.lr_ratio * config.lr, config.betas
            ),
        }
        if method.reader:
            self.optimizers["reader"] = self._optimizer(method.reader.parameters(), RATE, BETAS)
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

    def _optimizer(self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]) -> Any:
        """Return Adam; on CUDA one kernel takes its step, at a rate that stands on the device."""
        rate: dict[str, Any] = {"lr": lr}
        if self.fabric.device.type == "cuda" and self.scaler is None:
            rate = {"lr": torch.full((), lr, device=self.fabric.device), "fused": True}
        return self.fabric.setup_optimizers(torch.optim.Adam(list(parameters), betas=betas, **rate))

    @property
    def scaler(self) -> torch.amp.GradScaler | None:
        """Return what scales the loss in 16-mixed, and leaves out steps whose gradients overflow; elsewhere nothing."""
        return getattr(self.fabric.strategy.precision, "scaler", None)

    def set_pace(self, step: int) -> None:
        """Give both adversaries ``step`` and its learning rate, and all terms but the adversarial ones their ramp.

        Nothing waits for the device.
        """
        self.method.adversary.set_step(step)
        self.rate = learning_rate(self.config, step, self.num_steps)
        self.ramp.fill_(ramp_up(self.config, step, self.num_steps))
        self.labels_weight.fill_(labels_weight(self.config, step, self.num_steps))
        for name, ratio in (("generator", 1.0), ("discriminator", self.config.lr_ratio)):
            rate = ratio * self.rate
            for group in self.optimizers[name].param_groups:
                group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], Tensor) else rate

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as tensors and plain values.

        Where several processes train, all of them must call it.
        """
        buffers = {domain: [fake.cpu() for fake in buffer.kept] for domain, buffer in self.buffers.items()}
        return {
            "networks": trained_weights(self.method),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "average": self.average.average if self.average else {},
            "scaler": self.scaler.state_dict() if self.scaler else {},
            "processes": gather(self.fabric, {"buffers": buffers, "log": self.log.state_dict()}),
        }

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


def parameters_of(optimizer: Any) -> list[nn.Parameter]:
    """Return all parameters that an optimizer trains."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


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
