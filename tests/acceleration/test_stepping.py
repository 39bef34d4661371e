"""How steps are run is chosen without a trace in what is trained, told, and never the end of a run."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recyclegan.acceleration import stepping
from recyclegan.acceleration.rehearsal import changing, rehearse, taken_back
from recyclegan.acceleration.stepping import Execution, Stepping, choose_halves
from recyclegan.errors import InputError
from recyclegan.networks.fused import FusedNorm
from recyclegan.settings.networks import AdversaryConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.steps import TrainState, train_step
from recyclegan.steps.step import halves_of
from recyclegan.training import train
from tests.small import NETWORKS, make_data, random_clips, small_config, small_state
from tests.steps.test_step import NOWHERE, batch_of, same

ALL_ON = {"history": 2, "clip_gradients": 1.0, "ramp_up": 0.5}


def state_of(messages: list[str], **changes: Any) -> TrainState:
    state = small_state(small_config(NOWHERE, NOWHERE, **{**ALL_ON, **changes}), num_steps=1000)
    state.halves, state.notify = Stepping(state), messages.append
    return state


def trained(state: TrainState, steps: int = 3) -> list[dict[str, Tensor]]:
    return [train_step(state, batch_of(step), step) for step in range(steps)]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let networks be compiled by nobody; return whether they would be, each time that this is set."""
    wanted: list[bool] = []
    monkeypatch.setattr(stepping, "compile_networks", lambda _, is_wanted: wanted.append(is_wanted))
    return wanted


def fail(*_: Any) -> None:
    raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors might be reported late")


def test_steps_that_are_taken_back_leave_no_trace() -> None:
    state = small_state(small_config(NOWHERE, NOWHERE, **ALL_ON))
    fresh = {name: value.clone() for name, value in changing(state).items()}
    with taken_back(state):
        assert rehearse(state, halves_of(state), batch_of(), 0, 2) > 0
        assert not same(dict(state.method.state_dict()), dict(small_state(state.config).method.state_dict()))
    assert same({name: changing(state)[name] for name in fresh}, fresh)
    assert same(trained(state), trained(small_state(state.config)))


@pytest.mark.parametrize("r1", [(0.0, 0.0), (0.0, 1.0)])
def test_judges_whose_gradients_are_propagated_back_keep_the_layers_of_torch(r1: tuple[float, float]) -> None:
    networks = replace(NETWORKS, adversary=AdversaryConfig(r1=r1))
    state = small_state(small_config(NOWHERE, NOWHERE, networks=networks))
    Stepping(state)._take(Execution(kernels=True))
    assert has_fused_norms(state.method.generators)
    assert has_fused_norms(state.method.discriminators) == (not any(r1))


def has_fused_norms(networks: nn.Module) -> bool:
    return any(isinstance(layer, FusedNorm) for layer in networks.modules())


def test_a_block_that_fails_within_a_step_is_taken_back_too() -> None:
    state, plain = (small_state(small_config(NOWHERE, NOWHERE, **ALL_ON)) for _ in range(2))
    trained(state, 2), trained(plain, 2)

    def failing(batch: Any) -> None:
        halves_of(state).generators(batch)
        state.method.discriminators.requires_grad_(False)
        raise MemoryError

    with pytest.raises(MemoryError), taken_back(state):
        failing(batch_of())
    assert all(p.requires_grad and p.grad is None for p in state.method.discriminators.parameters())
    assert same(trained(state), trained(plain))
    assert same(state.state_dict(), plain.state_dict())


def test_what_is_readied_gives_the_same_run(compiled: list[bool]) -> None:
    messages: list[str] = []
    state, plain = state_of(messages), small_state(small_config(NOWHERE, NOWHERE, **ALL_ON), num_steps=1000)
    assert same(trained(state), trained(plain))
    assert same(state.state_dict(), plain.state_dict())
    assert len(messages) == 1, "it is readied once"
    assert "instead of" in messages[0]
    assert "readying it took" in messages[0]


def test_a_recording_that_fails_is_told_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, compiled: list[bool]
) -> None:
    monkeypatch.setattr(stepping, "recorded", fail)
    messages: list[str] = []
    state, plain = state_of(messages), small_state(small_config(NOWHERE, NOWHERE, **ALL_ON), num_steps=1000)
    assert same(trained(state), trained(plain))
    reason = "RuntimeError: operation not permitted when stream is capturing"
    assert messages == [f"--compile auto: a step could not be run as it is written ({reason}); it goes on without"]


def test_a_device_that_takes_no_more_work_ends_the_run_in_a_line(
    monkeypatch: pytest.MonkeyPatch, compiled: list[bool]
) -> None:
    monkeypatch.setattr(stepping, "recorded", fail)
    monkeypatch.setattr(stepping, "renew_generators", fail)
    with pytest.raises(InputError, match=r"--compile auto: RuntimeError: operation .*; train with --compile off"):
        trained(state_of([]))


def test_a_compiler_that_fails_is_told_and_steps_are_replayed_without(
    monkeypatch: pytest.MonkeyPatch, compiled: list[bool]
) -> None:
    recorded = stepping.recorded
    monkeypatch.setattr(stepping, "recorded", lambda *given: fail() if compiled[-1:] == [True] else recorded(*given))
    messages: list[str] = []
    trained(state_of(messages, compile="on"))
    assert [line.split(":")[0] for line in messages] == [
        "the networks are compiled, which takes a minute or two",
        "--compile on",
        "a step is run as it is written",
    ]
    assert compiled[-1] is False


def test_auto_leaves_the_compiler_alone(compiled: list[bool]) -> None:
    messages: list[str] = []
    trained(state_of(messages), 1)
    assert True not in compiled
    assert len(messages) == 1


def test_what_is_told_are_the_seconds_that_were_measured(monkeypatch: pytest.MonkeyPatch, compiled: list[bool]) -> None:
    """As written, then as readied."""
    turns = iter([2.0, 1.0])
    monkeypatch.setattr(stepping, "rehearse", lambda *_: next(turns))
    messages: list[str] = []
    trained(state_of(messages), 1)
    assert "1.000 s instead of 2.000 s" in messages[0]


def test_each_shape_is_readied_and_more_than_a_few_are_run_as_written(compiled: list[bool]) -> None:
    messages: list[str] = []
    state = state_of(messages, history=0)
    for step, side in enumerate((32, 40, 48, 56, 64, 32, 64)):
        batch = {domain: random_clips(step, size=(32, side)) for domain in ("a", "b")}
        train_step(state, batch, step)
    assert len(messages) == stepping.MOST_SHAPES + 1
    assert messages[-1] == "--compile auto: batches of more than 4 shapes; steps are run as they are written"


def test_steps_with_a_lazy_penalty_and_those_without_are_readied_by_themselves(compiled: list[bool]) -> None:
    messages: list[str] = []
    networks = replace(NETWORKS, adversary=AdversaryConfig(r1=(1.0, 0.0), r1_every=3))
    state = state_of(messages, history=0, networks=networks)
    for step, side in enumerate((32, 32, 32, 32, 32, 40, 40, 48, 56, 56)):  # penalised: 0, 3, 6, 9
        train_step(state, {domain: random_clips(step, size=(32, side)) for domain in ("a", "b")}, step)
    assert len(messages) == 2 + 2 + 1 + 2
    assert not any("more than" in message for message in messages)


def test_a_cpu_runs_steps_as_written_unless_told_otherwise() -> None:
    for mode, is_readied in (("auto", False), ("off", False), ("on", True)):
        state = small_state(small_config(NOWHERE, NOWHERE, compile=mode))
        choose_halves(state)
        assert isinstance(state.halves, Stepping) == is_readied


def test_what_stands_against_it_is_told(tmp_path: Path, compiled: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainState, "scaler", torch.amp.GradScaler("cpu", enabled=False))
    messages: list[str] = []
    state = state_of(messages)
    state.halves(batch_of(), 0)
    assert messages == [
        "--compile auto: --precision 32 looks at gradients within a step; bf16-mixed does not; "
        "steps are run as they are written"
    ]


def test_a_run_tells_how_its_steps_are_run(tmp_path: Path, compiled: list[bool]) -> None:
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=2, compile="on")
    messages: list[str] = []
    train(config, notify=messages.append)
    assert messages[0] == "the networks are compiled, which takes a minute or two"
    assert messages[1].startswith("a step is run with compiled networks: ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the compiler's own modules
def test_networks_are_compiled_in_place_under_their_names() -> None:
    state: TrainState = small_state(TrainConfig(NOWHERE, NOWHERE, device="cpu"))
    names = list(state.method.state_dict())
    networks: list[nn.Module] = [*state.method.generators.values(), *state.method.discriminators.values()]
    stepping.compile_networks(state.method, True)
    assert all(network._compiled_call_impl is not None for network in networks)
    assert list(state.method.state_dict()) == names
    stepping.compile_networks(state.method, False)
    assert all(network._compiled_call_impl is None for network in networks)


def test_nothing_but_the_run_holds_what_is_trained(compiled: list[bool]) -> None:
    """Memory of a GPU must be free again as soon as a candidate of ``--minutes`` has been timed."""
    gc.disable()
    try:
        for state in (state_of([]), small_state(small_config(NOWHERE, NOWHERE))):
            trained(state, 1)
            held = weakref.ref(state.method)
            del state
        assert held() is None
    finally:
        gc.enable()
