"""Steps on a GPU: replayed ones are those as they are written, resuming is exact, and what fails is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor

from recyclegan.acceleration import stepping
from recyclegan.acceleration.capture import Recorded, Recorder
from recyclegan.acceleration.rehearsal import changing
from recyclegan.acceleration.stepping import choose_halves
from recyclegan.distributed.determinism import deterministic_algorithms
from recyclegan.domains import DOMAINS
from recyclegan.settings.methods import METHODS
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import AdversaryConfig, NetworkConfig
from recyclegan.states import checkpoints, load_checkpoint
from recyclegan.steps import TrainState, train_step
from recyclegan.steps.step import halves_of
from recyclegan.training import train
from tests.small import make_data, random_clips, small_config
from tests.steps.test_step import NOWHERE, same

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here"),
    pytest.mark.filterwarnings("default"),
]
NUM_STEPS = 20
MOTION = FlowSynthesis(zoom=3.0, rotation=3.0, perspective=0.02)
DETERMINISTIC = [name for name in METHODS if name != "cut"]
"""Methods whose losses all have deterministic algorithms on CUDA."""
ALL_ON = {"history": 3, "clip_gradients": 50.0, "ramp_up": 0.5, "decay": 0.5}


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    """Let convolutions have all bits, so that rounding is small."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    yield
    torch.backends.cudnn.allow_tf32 = before


def state_of(name: str, messages: list[str] | None = None, **changes: Any) -> TrainState:
    kind = METHODS[name].Config
    method = kind(flow=MOTION) if hasattr(kind(), "flow") else kind()
    options = {"method": method, "device": "cuda", "steps": NUM_STEPS, **ALL_ON, **changes}
    config = small_config(NOWHERE, NOWHERE, **options)
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cuda", devices=1, precision=config.precision)
    state = TrainState(METHODS[name](config.method, config.networks), config, fabric, NUM_STEPS)
    choose_halves(state)
    state.notify = (messages if messages is not None else []).append
    return state


def batch_of(name: str, step: int, batch: int = 2) -> dict[str, Tensor]:
    time = METHODS[name].clip_length
    clips = (random_clips(10 * step + place, time, batch=batch, size=(64, 96)) for place, _ in enumerate(DOMAINS))
    return dict(zip(DOMAINS, (clip.cuda() for clip in clips), strict=True))


def trained(
    name: str, steps: int = NUM_STEPS, messages: list[str] | None = None, as_written: bool = False, **changes: Any
) -> Any:
    state = state_of(name, messages, **changes)
    if as_written:
        state.halves = lambda *_: halves_of(state)
    losses = [torch.stack(list(train_step(state, batch_of(name, step), step).values())) for step in range(steps)]
    return state, torch.stack(losses).cpu()


def assert_replayed(state: TrainState, messages: list[str]) -> None:
    assert isinstance(state.halves(batch_of(state.config.method_name, 0), 0).generators, Recorded), messages
    assert len(messages) == 1, messages
    assert "replayed as CUDA graphs" in messages[0]


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_a_replayed_step_is_the_step_as_it_is_written(
    name: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deterministic algorithms, and the layers of torch, leave no other difference than one in what is computed."""
    monkeypatch.setattr(stepping, "has_kernels", lambda: False)
    with deterministic_algorithms(True):
        messages: list[str] = []
        replayed, losses = trained(name, messages=messages, precision=precision, deterministic=True)
        written, wanted = trained(name, as_written=True, precision=precision, deterministic=True)
        assert_replayed(replayed, messages)
    torch.testing.assert_close(losses, wanted, rtol=1e-5, atol=1e-6)
    assert changing(replayed).keys() == changing(written).keys()
    for key, value in changing(replayed).items():
        torch.testing.assert_close(value, changing(written)[key], rtol=1e-4, atol=1e-6, msg=lambda m, key=key: key + m)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_fused_norms_and_borders_give_the_same_losses_to_rounding(name: str, precision: str) -> None:
    """Training is chaotic: the first steps agree closely, and the course of all on the whole."""
    messages: list[str] = []
    replayed, losses = trained(name, messages=messages, precision=precision)
    _, wanted = trained(name, compile="off", precision=precision)
    assert_replayed(replayed, messages)
    assert "with fused norms and borders" in messages[0]
    close = 1e-3 if precision == "32" else 5e-2
    torch.testing.assert_close(losses[:2], wanted[:2], rtol=close, atol=close)
    torch.testing.assert_close(losses.mean(dim=0), wanted.mean(dim=0), rtol=0.1, atol=0.1)


def test_fused_norms_leave_the_gradient_penalty_what_it_is() -> None:
    networks = NetworkConfig(width=8, discriminator_width=8, adversary=AdversaryConfig(r1=(1.0, 1.0)))
    messages: list[str] = []
    replayed, losses = trained("unsup-recycle-gan", messages=messages, networks=networks)
    _, wanted = trained("unsup-recycle-gan", compile="off", networks=networks)
    assert_replayed(replayed, messages)
    torch.testing.assert_close(losses[:3], wanted[:3], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 64, 40, 72), (3, 3, 17, 33), (2, 80, 8, 9), (1, 1, 64, 64)])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_a_fused_norm_and_its_gradients_are_those_in_double_precision(
    dtype: torch.dtype, shape: tuple[int, ...], slope: float
) -> None:
    from recyclegan.networks.kernels import NormalizedActivation

    rng = torch.Generator("cuda").manual_seed(0)
    x, residual, gradient = (torch.randn(shape, generator=rng, device="cuda").mul(2).add(3).to(dtype) for _ in range(3))
    x.requires_grad_(), residual.requires_grad_()
    y = NormalizedActivation.apply(x, residual, slope, 1e-5)
    y.backward(gradient)
    exact = x.detach().double().requires_grad_()
    wanted = F.leaky_relu(F.instance_norm(exact), slope) + residual.detach().double()
    wanted.backward(gradient.double())
    close = 1e-5 if dtype == torch.float32 else 1e-2
    assert ((y - wanted).norm() / wanted.norm()) < close
    assert ((x.grad - exact.grad).norm() / exact.grad.norm()) < 3 * close
    assert torch.equal(residual.grad, gradient)


@pytest.mark.parametrize("padding", [(1, 1, 1, 1), (3, 3, 3, 3), (0, 2, 0, 1)])
@pytest.mark.parametrize("shape", [(1, 64, 40, 72), (2, 3, 17, 33)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_reflected_border_and_its_gradients_are_those_of_torch(
    shape: tuple[int, ...], padding: tuple[int, int, int, int], layout: torch.memory_format
) -> None:
    from recyclegan.networks.kernels import ReflectedBorder

    rng = torch.Generator("cuda").manual_seed(0)
    x = torch.randn(shape, generator=rng, device="cuda").contiguous(memory_format=layout).requires_grad_()
    other = x.detach().clone().requires_grad_()
    y, wanted = ReflectedBorder.apply(x, padding), F.pad(other, padding, mode="reflect")
    assert torch.equal(y, wanted)
    gradient = torch.randn(y.shape, generator=rng, device="cuda")
    y.backward(gradient), wanted.backward(gradient)
    torch.testing.assert_close(x.grad, other.grad, rtol=1e-5, atol=1e-5)


def test_dropout_and_noise_are_drawn_anew_in_each_replay_and_follow_from_the_step() -> None:
    networks = NetworkConfig(width=4, discriminator_width=4, dropout=True)
    with deterministic_algorithms(True):
        state = state_of("unsup-recycle-gan", networks=networks, lr=0.0, history=0, deterministic=True)
        batch = batch_of("unsup-recycle-gan", 0)
        losses = [torch.stack(list(train_step(state, batch, step).values())) for step in (0, 1, 0, 1)]
    assert not torch.equal(losses[0], losses[1])
    assert torch.equal(losses[0], losses[2])
    assert torch.equal(losses[1], losses[3])


def test_a_replayed_step_copies_nothing_to_the_host() -> None:
    state = state_of("unsup-recycle-gan")
    batches = [batch_of("unsup-recycle-gan", step) for step in range(8)]
    for step in range(4):
        train_step(state, batches[step], step)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(4, 8):
            train_step(state, batches[step], step)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", METHODS)
def test_a_step_as_it_is_written_waits_for_nothing(name: str) -> None:
    state = state_of(name, compile="off")
    batches = [batch_of(name, step) for step in range(6)]
    for step in range(4):
        train_step(state, batches[step], step)
    torch.cuda.set_sync_debug_mode("error")
    try:
        train_step(state, batches[4], 4)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_run_on_a_gpu_goes_on_bit_for_bit(tmp_path: Path) -> None:
    data, messages = make_data(tmp_path / "data", num_frames=5), list[str]()
    options = {"device": "cuda", "deterministic": True, "log_every": 3, "save_every": 4, "history": 3}
    whole, parts = (small_config(data, tmp_path / name, steps=9, **options) for name in ("whole", "parts"))
    train(whole, notify=messages.append)
    assert any("replayed as CUDA graphs" in line for line in messages), messages
    train(replace(parts, steps=5))
    train(parts, resume=True)
    assert same(load_checkpoint(checkpoints(parts.out)[-1]), load_checkpoint(checkpoints(whole.out)[-1]))
    assert (parts.out / "stats.jsonl").read_text() == (whole.out / "stats.jsonl").read_text()


def test_batches_of_other_shapes_get_graphs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "has_kernels", lambda: False)
    with deterministic_algorithms(True):
        messages: list[str] = []
        shapes = [1, 2, 1, 2, 1]
        ends = []
        for is_replayed in (True, False):
            state = state_of("cycle-gan", messages, history=0, deterministic=True)
            if not is_replayed:
                state.halves = lambda *_, state=state: halves_of(state)
            for step, batch in enumerate(shapes):
                train_step(state, batch_of("cycle-gan", step, batch), step)
            ends.append(changing(state))
    assert len(messages) == 2
    for key, value in ends[0].items():
        torch.testing.assert_close(value, ends[1][key], rtol=1e-4, atol=1e-6)


def test_a_failing_recording_is_told_and_leaves_the_step_as_if_it_had_not_been_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(self: Recorder, halves: Any, batch: Any) -> Any:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generators[0])
        with self._capturable(), torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
            halves.generators(batch)
            torch.cuda.synchronize()

    monkeypatch.setattr(Recorder, "record", failing)
    with deterministic_algorithms(True):
        messages: list[str] = []
        state, losses = trained("unsup-recycle-gan", 6, messages, deterministic=True)
        written, wanted = trained("unsup-recycle-gan", 6, as_written=True, deterministic=True)
    assert [line.partition(" (")[0] for line in messages] == [
        "--compile auto: a step could not be replayed as CUDA graphs with fused norms and borders",
        "--compile auto: a step could not be replayed as CUDA graphs",
    ]
    assert torch.equal(losses, wanted)
    assert same(changing(state), changing(written))


def test_what_cannot_be_replayed_is_told() -> None:
    messages: list[str] = []
    _, losses = trained("unsup-recycle-gan", 2, messages, precision="16-mixed", clip_gradients=0.0)
    assert len(messages) == 1
    assert "--compile auto: --precision 16-mixed looks at gradients within a step" in messages[0]
    assert losses.isfinite().all()


COMPILED = """
import sys, torch
from tests.acceleration.test_cuda_steps import trained
torch.backends.cudnn.allow_tf32 = False
told = []
state, losses = trained(sys.argv[1], 6, told, compile="on", clip_gradients=0.0)
_, wanted = trained(sys.argv[1], 6, compile="off", clip_gradients=0.0)
print(told)
assert any("compiled networks" in line for line in told), told
torch.testing.assert_close(losses[:3], wanted[:3], rtol=2e-2, atol=2e-3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unsup-recycle-gan", "recycle-gan"])
def test_compiled_networks_are_replayed_to_rounding(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", COMPILED, name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
