"""Engines: each makes torch's picture or is refused in one line; auto takes the fastest, and remembers it."""

import json
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.engines import choosing, devices, engines, winograd
from recyclegan.engines.choosing import SHORT
from recyclegan.engines.engines import AGREEMENT, Engine, ProvenEngine, TorchEngine, agreement, make_engine
from recyclegan.engines.on_device import to_levels
from recyclegan.engines.winograd import (
    KERNEL,
    PATCH,
    NormInPlace,
    WinogradConvolution,
    WinogradEngine,
    minimal_filtering,
)
from recyclegan.networks import make_generator
from recyclegan.networks.layers import reflect
from recyclegan.settings.networks import GeneratorName
from recyclegan.translation import Translator
from recyclegan.video import write_video
from tests.media import numbered
from tests.refusals import message_of
from tests.small import PALETTE, picture, small_card

CPU = torch.device("cpu")
OTHERS = [
    "winograd",
    pytest.param("onnxruntime", marks=pytest.mark.skipif(not find_spec("onnxruntime"), reason="is not installed")),
    pytest.param("openvino", marks=pytest.mark.skipif(not find_spec("openvino"), reason="is not installed")),
]


def generator(name: GeneratorName = "resnet-6", **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return make_generator(name, width=8, **options).eval().requires_grad_(False)


def frames(height: int, width: int, count: int = 2) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(autouse=True)
def _narrow_convolutions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "LEAST", 1)


@pytest.mark.usefixtures("_unchecked")
@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("size", [(32, 48), (37, 50)])
def test_every_engine_makes_the_picture_of_torch(engine: Any, size: tuple[int, int]) -> None:
    network = generator()
    made = make_engine(engine, network, CPU)
    with torch.inference_mode():
        for count in (1, 3):
            seen = frames(*size, count)
            assert float((made(seen) - network(seen)).abs().max()) < 1e-3


@pytest.mark.parametrize("name", ["resnet-9", "detail-6", "classes-6", "pyramid-4", "light-unet"])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_winograd_runs_every_generator_with_residual_blocks(name: Any, norm: Any) -> None:
    network = generator(name, norm=norm, dropout=True, palette=PALETTE if name == "classes-6" else ())
    before = [type(module) for module in network.modules()]
    with torch.inference_mode():
        seen = frames(45, 34)
        assert float((WinogradEngine(network)(seen) - network(seen)).abs().max()) < 1e-4
    assert [type(module) for module in network.modules()] == before, "the generator itself stays as it is"


@pytest.mark.parametrize("name", get_args(GeneratorName))
def test_winograd_runs_a_generator_or_says_that_it_cannot(name: Any) -> None:
    network = generator(name)
    if name.startswith("unet"):
        assert "no 3x3 convolutions" in message_of(make_engine, "winograd", network, CPU)
        return
    with torch.inference_mode():
        made = make_engine("winograd", network, CPU)(frames(64, 64))
        assert agreement(made, network(frames(64, 64))) > 80


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (6, 6), (7, 12), (9, 30)])
def test_a_winograd_convolution_is_a_convolution(size: tuple[int, int]) -> None:
    convolution = nn.Conv2d(5, 7, 3).requires_grad_(False)
    layer = torch.randn(2, 5, *size)
    wanted = convolution(reflect(layer, (1, 1, 1, 1)))
    torch.testing.assert_close(WinogradConvolution(convolution)(layer), wanted, rtol=1e-4, atol=1e-4)


def test_winograd_matrices_make_exact_convolutions() -> None:
    to_places, of_kernel, to_results = minimal_filtering()
    row, kernel = torch.randn(PATCH, dtype=torch.float64), torch.randn(KERNEL, dtype=torch.float64)
    made = to_results @ ((to_places @ row) * (of_kernel @ kernel))
    torch.testing.assert_close(made, nn.functional.conv1d(row[None, None], kernel[None, None])[0, 0])


@pytest.mark.parametrize("size", [(20, 30), (70, 90)])
def test_a_norm_keeps_its_digits_far_from_zero(size: tuple[int, int]) -> None:
    features = torch.randn(2, 4, *size) + 1000
    wanted = nn.InstanceNorm2d(4)(features.double()).float()
    torch.testing.assert_close(NormInPlace(nn.InstanceNorm2d(4))(features), wanted, rtol=1e-3, atol=1e-3)


def test_winograd_is_for_wide_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "LEAST", 64)
    assert "no 3x3 convolutions of 64 channels or more" in message_of(WinogradEngine, generator())
    WinogradEngine(make_generator("resnet-6", width=16).eval())


def test_engines_that_cannot_be_used_say_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    unet = generator("unet-128")
    assert "engine winograd: the generator has no 3x3 convolutions" in message_of(make_engine, "winograd", unet, CPU)
    for name in ("winograd", "onnxruntime", "openvino"):
        assert "runs on a CPU only, not on cuda" in message_of(make_engine, name, unet, torch.device("cuda"))
    monkeypatch.setattr("recyclegan.engines.exported.find_spec", lambda _: None)
    for name, extra in (("onnxruntime", "onnx"), ("openvino", "openvino")):
        expected = f"engine {name}: needs {name}; pip install 'recyclegan[{extra}]'"
        assert message_of(make_engine, name, unet, CPU) == expected


def test_what_cannot_be_compiled_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(*_: Any, **__: Any) -> Any:
        def fail(_: Tensor) -> Tensor:
            raise RuntimeError("no compiler\nhere")

        return fail

    monkeypatch.setattr(torch, "compile", compiled)
    message = message_of(make_engine("compile", generator(), CPU), frames(32, 32))
    assert message == "engine compile: cannot be used here (no compiler); give --engine torch"


def test_an_engine_of_another_picture_is_refused() -> None:
    class Wrong(Engine):
        name = "compile"

        def __call__(self, frames: Tensor, half: torch.dtype | None = None) -> Tensor:
            return torch.zeros_like(frames)

    proven = ProvenEngine(Wrong(), nn.Identity())
    assert f"expected {AGREEMENT:.0f} at least; give --engine torch" in message_of(proven, frames(32, 32))


def test_frames_of_one_colour_prove_nothing_and_the_next_one_does() -> None:
    class WrongWhereFlat(TorchEngine):
        name = "compile"

        def __call__(self, frames: Tensor, half: torch.dtype | None = None) -> Tensor:
            return frames if float(frames.std()) else -frames

    black = torch.full((2, 3, 32, 32), -1.0)
    proven = ProvenEngine(WrongWhereFlat(nn.Identity()), nn.Identity())
    assert torch.equal(proven(black), -black), "is taken as it is"
    assert torch.equal(proven(torch.cat([black, frames(32, 32)]))[2:], frames(32, 32))
    wrong = ProvenEngine(TorchEngine(nn.Tanh()), nn.Identity())
    wrong(black)
    assert "agrees with torch's" in message_of(wrong, torch.cat([black, frames(32, 32)]))


@pytest.mark.parametrize("engine", OTHERS)
def test_a_video_may_begin_black_whatever_the_engine(tmp_path: Path, engine: Any) -> None:
    black = [np.zeros((32, 48, 3), np.uint8)] * 5
    write_video(tmp_path / "in.mp4", [*black, *(picture(i, 32, 48) for i in range(5))], 25)
    Translator(generator(), small_card(), "cpu", engine=engine).translate_video(
        tmp_path / "in.mp4", tmp_path / "out.mp4"
    )
    assert (tmp_path / "out.mp4").exists()


def test_an_engine_without_half_precision_is_refused_beside_it() -> None:
    pytest.importorskip("onnxruntime")
    translator = Translator(generator(), small_card(), "cpu", "bf16-mixed", engine="onnxruntime")
    expected = "onnxruntime: computes in 32 bits only; give --precision 32"
    assert expected in message_of(translator.translate, frames(32, 32))


def test_winograd_keeps_32_bits_where_half_precision_would_lose_most() -> None:
    network, seen = generator(), frames(48, 64)
    with torch.inference_mode():
        exact = network(seen)
        ours, plain = (
            engine(seen, torch.bfloat16).float() for engine in (WinogradEngine(network), TorchEngine(network))
        )
    assert not torch.equal(ours, exact)
    assert agreement(ours, exact) > max(AGREEMENT, agreement(plain, exact))


def test_agreement_is_the_signal_to_noise_ratio() -> None:
    level = torch.zeros(1, 1, 4, 4)
    assert agreement(level, level) == math.inf
    assert agreement(level, level + 0.02) == pytest.approx(40)
    assert agreement(level, level + 2.55, 255) == pytest.approx(40)
    assert agreement(level * math.nan, level) == -math.inf


class Halved(TorchEngine):
    """An engine that is off by so much in half precision."""

    off = 0.001

    def __call__(self, frames: Tensor, half: torch.dtype | None = None) -> Tensor:
        return super().__call__(frames) + (self.off if half else 0)


def with_paces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **paces: float) -> list[str]:
    """Let engines have these paces, half of them in half precision, and return the list of those that are made."""
    made = list[str]()

    def make(name: str, network: nn.Module, _: torch.device) -> Engine:
        made.append(name)
        engine = Halved(network)
        engine.name = name
        return engine

    monkeypatch.setenv("RECYCLEGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(choosing, "make_engine", make)
    monkeypatch.setattr(choosing, "is_installed", lambda name, _: name in paces)
    monkeypatch.setattr(choosing, "halves_of", lambda _: (torch.bfloat16,))
    monkeypatch.setattr(choosing, "seconds_of", lambda work, _: paces[work.func.name] / (2 if work.args[1] else 1))
    return made


def chosen(network: nn.Module, seen: Tensor, precisions: Any = ("32",), num_frames: int = 10**6) -> Any:
    chooser = choosing.Chooser(network, CPU, to_levels)
    return chooser.choose(seen, choosing.engines_for(CPU), precisions, num_frames)


def test_auto_takes_the_fastest_and_remembers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = with_paces(monkeypatch, tmp_path, torch=1.0, winograd=0.5, onnxruntime=0.4)
    network = generator()
    choice = chosen(network, frames(32, 32, 1))
    assert (choice.engine.name, made) == ("onnxruntime", ["torch", "winograd", "onnxruntime"])
    assert "engine onnxruntime (torch 32 1 s a frame, winograd 32 0.5 s a frame" in choice.words
    assert chosen(network, frames(32, 32, 1)).engine.name == "onnxruntime"
    assert made[3:] == ["onnxruntime"], "nothing is tried again"
    chosen(network, frames(32, 48, 1))
    assert made[4:] == ["torch", "winograd", "onnxruntime"], "another size is another choice"
    chosen(generator("resnet-9"), frames(32, 32, 1))
    assert len(made) == 10, "other weights are another choice"


def test_a_choice_on_a_black_frame_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = with_paces(monkeypatch, tmp_path, torch=1.0, winograd=0.5)
    for _ in range(2):
        assert chosen(generator(), torch.full((1, 3, 32, 32), -1.0)).engine.name == "winograd"
    assert made == ["torch", "winograd"] * 2


def test_auto_tries_nothing_that_takes_longer_than_it_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = with_paces(monkeypatch, tmp_path, torch=0.1, winograd=0.05, onnxruntime=0.01, compile=0.001)
    assert chosen(generator(), frames(32, 32, 1), num_frames=100).engine.name == "winograd"
    assert made == ["torch", "winograd"]


@pytest.mark.parametrize("kept", ["no json", "[]", '{"key": 3}', None])
def test_a_choice_that_cannot_be_read_or_kept_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    with_paces(monkeypatch, tmp_path, torch=1.0, winograd=0.5)
    if kept is None:
        (tmp_path / "cache").write_text("a file where the folder would be")
    else:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "engines.json").write_text(kept)
    assert chosen(generator(), frames(32, 32, 1)).engine.name == "winograd"
    if kept is not None:
        known = json.loads((tmp_path / "cache" / "engines.json").read_text())
        assert ["winograd", "32"] in known.values()


@pytest.mark.parametrize(("off", "wanted"), [(0.001, "bf16-mixed"), (0.3, "32")])
def test_half_precision_is_taken_where_it_agrees_and_is_faster(
    off: float, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_paces(monkeypatch, tmp_path, torch=1.0)
    monkeypatch.setattr(Halved, "off", off)
    choice = chosen(nn.Identity(), frames(32, 32, 1) * 0.5, ("32", "bf16-mixed"))
    assert choice.precision == wanted
    assert ("dB to 32" in choice.words) == (wanted != "32")


def test_half_precision_is_judged_by_every_video_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_paces(monkeypatch, tmp_path, torch=1.0)
    assert chosen(nn.Identity(), frames(32, 32, 1) * 0.5, ("32", "bf16-mixed")).precision == "bf16-mixed"
    monkeypatch.setattr(Halved, "off", 0.3)
    assert chosen(nn.Identity(), frames(32, 32, 1) * 0.5, ("32", "bf16-mixed")).precision == "32"


def test_a_compiled_batch_that_is_smaller_is_filled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[int]()

    def watched(batch: Tensor) -> Tensor:
        seen.append(len(batch))
        return -batch

    monkeypatch.setattr(torch, "compile", lambda *_, **__: watched)
    engine = engines.CompiledEngine(nn.Identity())
    for count in (4, 4, 1, 3, 6):
        torch.testing.assert_close(engine(frames(8, 8, count)), -frames(8, 8, count))
    assert seen == [4, 4, 4, 4, 6]


def test_a_cpu_has_half_precision_where_a_convolution_is_faster_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for slowness, wanted in ((0.5, (torch.bfloat16,)), (1.0, ()), (12.0, ())):
        devices.halves_of.cache_clear()
        monkeypatch.setattr(devices, "slowness_of", lambda _, slowness=slowness: slowness)
        assert devices.halves_of(CPU) == wanted
    devices.halves_of.cache_clear()


def test_half_precision_that_a_cpu_lacks_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = list[str]()
    monkeypatch.setattr(devices, "notify", messages.append)
    monkeypatch.setattr(devices, "slowness_of", lambda _: 9.0)
    Translator(generator(), small_card(), "cpu", "bf16-mixed")
    Translator(generator(), small_card(), "cpu", "32")
    wanted = "precision bf16-mixed: takes this processor 9.0 times as long as 32; give --precision 32 or auto"
    assert messages == [wanted]


def test_auto_is_settled_on_the_first_frame_of_a_long_video_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_paces(monkeypatch, tmp_path, torch=1.0, winograd=0.7)
    for count, wanted in ((SHORT - 1, []), (SHORT, ["torch", "winograd"])):
        write_video(tmp_path / f"{count}.mp4", [numbered(number % 50) for number in range(count)], rate=10)
        translator = Translator(generator(), small_card(), "cpu", "auto", engine="auto")
        made.clear()
        translator.translate_video(tmp_path / f"{count}.mp4", tmp_path / f"out-{count}.mp4")
        assert made == wanted
        assert (translator.computing.precision == "bf16-mixed") == (count == SHORT)
        assert ("engine winograd, bf16-mixed" in translator.computing.account.line("cpu")) == (count == SHORT)


def test_auto_is_torch_in_32_bits_for_all_that_is_not_measured_on() -> None:
    network = generator()
    exact = Translator(network, small_card(), "cpu").translate_images(picture(0)[None])
    auto = Translator(network, small_card(), "cpu", "auto", engine="auto").translate_images(picture(0)[None])
    np.testing.assert_array_equal(auto, exact)


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 30, 41), (2, 9, 50), (3, 70, 22)])
def test_a_winograd_convolution_in_bands_is_that_of_the_whole(
    batch: int, height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    convolution = nn.Conv2d(8, 6, 3).requires_grad_(False)
    ours, layer = WinogradConvolution(convolution), torch.randn(batch, 8, height, width)
    wanted = convolution(reflect(layer, (1, 1, 1, 1)))
    for squares in (1, 40, 128, 100_000):
        monkeypatch.setattr(winograd, "_SQUARES", squares)
        torch.testing.assert_close(ours(layer), wanted, rtol=1e-3, atol=1e-4)
