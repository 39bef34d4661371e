"""Seconds and peak memory of one training step of both published recipes: one JSON line for each way to run it.

``python benchmarks/step.py`` measures ours in the ways of ``--variants``, each in a process of its own that has a time
limit, so that what fails or hangs loses nothing else; ``--reference DIR``, a checkout of the published code, measures
its own step on the same work in turn (ours, theirs, ours, ...). Further lines give the attainable rates of the same
machine, measured by a large bf16 matrix product and a large copy, and in the end a table and the ratios.
Memory is what a step needs above what is held between steps, getting it ready included: allocated bytes on CUDA,
resident ones on the CPU. VGG-19 has random weights in both, which changes no time.
"""

import argparse
import ctypes
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ("viper-to-cityscapes", "video-to-label")
PUBLISHED_OPTIONS = {
    "viper-to-cityscapes": "--lambda_spa_unsup_A 10 --lambda_spa_unsup_B 10 --lambda_unsup_cycle_A 10"
    " --lambda_unsup_cycle_B 10 --lambda_cycle_A 0 --lambda_cycle_B 0 --lambda_content_A 1 --lambda_content_B 1",
    "video-to-label": "--lambda_spa_unsup_A 10 --lambda_spa_unsup_B 0 --lambda_unsup_cycle_A 0"
    " --lambda_unsup_cycle_B 10 --lambda_cycle_A 10 --lambda_cycle_B 10 --lambda_content_A 0 --lambda_content_B 0",
}

SMALL = (64, 64)


@dataclass(frozen=True)
class Variant:
    """One way to run our step."""

    precision: str
    compile: str = "off"
    kernels: bool = True
    """Whether norms, activations and borders are kernels of our own."""
    tries: bool = False
    """Whether cuDNN tries algorithms, and takes the fastest."""
    merged: bool = False
    """Whether real frames and fakes pass a discriminator as one batch."""
    blocks: bool = False
    """Whether blocks are compiled one by one, in place of whole networks."""


VARIANTS = {
    "eager-32": Variant("32"),
    "eager-bf16": Variant("bf16-mixed"),
    "fused-bf16": Variant("bf16-mixed", "auto"),
    "fused-32": Variant("32", "auto"),
    "fused-bf16-merged": Variant("bf16-mixed", "auto", merged=True),
    "fused-bf16-tried": Variant("bf16-mixed", "auto", tries=True),
    "captured-bf16": Variant("bf16-mixed", "auto", kernels=False),
    "captured-32": Variant("32", "auto", kernels=False),
    "blocks-bf16": Variant("bf16-mixed", "on", blocks=True),
    "compiled-bf16": Variant("bf16-mixed", "on"),
    "compiled-32": Variant("32", "on"),
}
"""``captured``: replayed as CUDA graphs; ``fused``: so, with kernels of our own; ``compiled``: by Inductor, and
replayed; ``blocks``: so, block by block."""
ON_CPU = ("eager-32",)

Step = Callable[[int], None]


def our_state(recipe: str, device: str, variant: Variant) -> Any:
    from lightning_fabric import Fabric

    from recyclegan.acceleration import stepping
    from recyclegan.features import VGGFeatures
    from recyclegan.settings.methods import METHODS
    from recyclegan.settings.networks import NetworkConfig
    from recyclegan.settings.presets import PRESETS
    from recyclegan.settings.training import TrainConfig
    from recyclegan.steps import TrainState

    if not variant.kernels:
        stepping.has_kernels = lambda: False
    if variant.blocks:
        stepping.compile_networks = compile_blocks
    torch.backends.cudnn.benchmark = variant.tries
    stepping.in_a_line = in_full
    preset = PRESETS[recipe]
    config = TrainConfig(Path(), Path(), preset.config, frames=preset.frames, compile=variant.compile)
    features = VGGFeatures() if any(preset.config.content) else None
    torch.manual_seed(0)
    method = METHODS[preset.method](preset.config, NetworkConfig(), features=features)
    if variant.merged:
        type(method).discriminator_loss = merged_discriminator_loss
    state = TrainState(method, config, Fabric(accelerator=device, devices=1, precision=variant.precision), 1000)
    stepping.choose_halves(state)
    return state


def compile_blocks(method: torch.nn.Module, wanted: bool) -> None:
    from recyclegan.networks.resnet import ResidualBlock

    for module in method.modules():
        if isinstance(module, ResidualBlock):
            module._compiled_call_impl = None
            if wanted:
                module.compile(dynamic=False)


def in_full(error: Exception) -> str:
    """Print where an error comes from; return its first line."""
    traceback.print_exception(error)
    return f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"


def merged_discriminator_loss(method: Any, domain: str, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    from recyclegan import losses

    return losses.discriminator(*method.discriminators[domain](torch.cat([real, fake])).chunk(2))


def our_batch(recipe: str, device: str, size: tuple[int, int] | None) -> dict[str, torch.Tensor]:
    return {domain: clips[:, None].to(device) for domain, clips in frames(recipe, size).items()}


def measure_ours(arguments: argparse.Namespace, recipe: str, name: str) -> dict[str, Any]:
    """Return what a variant takes: seconds of steps waited for one by one, and of steps in a row."""
    from recyclegan.steps import train_step
    from recyclegan.steps.gathered import Gathered

    variant, device, messages = VARIANTS[name], arguments.device, list[str]()
    state = our_state(recipe, device, variant)
    state.notify = messages.append
    batch = our_batch(recipe, device, size_of(arguments))
    gathered, losses = Gathered(state), dict[str, float]()

    def step(number: int) -> None:
        gathered.add(number, train_step(state, batch, number), state.norms)
        for numbers in gathered.read(due=number in (0, 2 * arguments.steps)):
            losses.update(numbers.losses)

    with PeakMemory(device) as memory:
        start = time.perf_counter()
        step(0)
        wait(device)
        ready = time.perf_counter() - start
        moments = sum(v.nbytes for o in state.optimizers.values() for own in o.state.values() for v in own.values())
        seconds = timed(step, device, arguments.steps)
        start = time.perf_counter()
        for number in range(arguments.steps + 1, 2 * arguments.steps + 1):
            step(number)
        wait(device)
        in_a_row = (time.perf_counter() - start) / arguments.steps
    return {
        "seconds": seconds,
        "in_a_row": in_a_row,
        "ready_seconds": ready,
        "gigabytes_above_idle": memory.gigabytes - (moments / 1e9 if device == "cuda" else 0),
        "teraflops": teraflops(state, batch),
        "told": messages,
        "fell_back": any("could not" in line or "as they are written" in line for line in messages),
        "losses": {term: round(value, 4) for term, value in losses.items()},
    }


def measure_reference(arguments: argparse.Namespace, recipe: str) -> dict[str, Any]:
    step = reference_step(recipe, arguments.device, arguments.reference.resolve(), size_of(arguments))
    step(0)
    with PeakMemory(arguments.device) as memory:
        seconds = timed(step, arguments.device, arguments.steps)
    return {"seconds": seconds, "gigabytes_above_idle": memory.gigabytes}


def timed(step: Step, device: str, num_steps: int) -> list[float]:
    """Return the seconds of each of so many steps after the first."""
    seconds = []
    for number in range(1, num_steps + 1):
        start = time.perf_counter()
        step(number)
        wait(device)
        seconds.append(time.perf_counter() - start)
    return seconds


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def attainable(device: str, small: bool) -> dict[str, float]:
    """Return TFLOP/s of a large matrix product in bf16 (in 32 bits on a CPU), and GB/s of a large copy."""
    side, kind = (256 if small else 8192 if device == "cuda" else 1024), torch.bfloat16
    a = torch.randn(side, side, device=device).to(kind if device == "cuda" else torch.float32)
    source = torch.randn((1 << 20) if small else (1 << 28) if device == "cuda" else (1 << 25), device=device)
    target = torch.empty_like(source)
    product, copy = (best(run, device) for run in (lambda: a @ a, lambda: target.copy_(source)))
    return {"tflops": 2 * side**3 / product / 1e12, "gigabytes_per_second": 2 * source.nbytes / copy / 1e9}


def best(run: Callable[[], Any], device: str) -> float:
    """Return the median seconds of a call, of calls in a row."""
    for _ in range(3):
        run()
    rounds = []
    for _ in range(5):
        wait(device)
        start = time.perf_counter()
        for _ in range(5):
            run()
        wait(device)
        rounds.append((time.perf_counter() - start) / 5)
    return statistics.median(rounds)


def teraflops(state: Any, batch: dict[str, torch.Tensor]) -> float:
    """Return the operations of a step (1e12), by the shapes of its convolutions and products."""
    from torch.utils.flop_counter import FlopCounterMode

    from recyclegan.steps import train_step

    state.halves = None
    with FlopCounterMode(display=False) as counter:
        train_step(state, batch, 1)
    return counter.get_total_flops() / 1e12


def size_of(arguments: argparse.Namespace) -> tuple[int, int] | None:
    return tuple(arguments.size) if arguments.size else SMALL if arguments.small else None


def reference_step(recipe: str, device: str, folder: Path, size: tuple[int, int] | None) -> Step:
    """Build the published model through its own option parser; on the CPU its calls of ``cuda`` do nothing."""
    sys.path.insert(0, str(folder))
    height, width = size or published_size(recipe)
    words = f"--dataroot . --model unsup_single --dataset_mode unaligned_scale --name step --fineSizeW {width}"
    words += f" --fineSizeH {height} --which_model_netG resnet_6blocks --no_dropout --pool_size 0 --noise_level 0.001"
    words += f" {PUBLISHED_OPTIONS[recipe]} --batchSize 1 --gpu_ids {0 if device == 'cuda' else -1}"
    sys.argv = ["train.py", *words.split(), "--checkpoints_dir", tempfile.mkdtemp()]
    from models import vgg
    from models.models import create_model
    from options.train_options import TrainOptions

    random.randint = lambda low, high: random.randrange(int(low), int(high) + 1)  # it gives floats, refused since 3.12
    if device == "cpu":
        torch.nn.Module.cuda = lambda self, *_: self
    torch.load = lambda *_, **__: vgg.vgg.state_dict()
    with redirect_stdout(sys.stderr), chdir(folder):
        options = TrainOptions().parse()
        options.gpu_ids = options.gpu_ids or NoDevice()
        model = create_model(options)
    data = {f"{domain.upper()}1": clips for domain, clips in frames(recipe, size).items()}

    def step(_: int) -> None:
        model.set_input({**data, "A_paths": [""], "B_paths": [""]})
        model.optimize_parameters()
        model.get_current_errors()

    return step


class NoDevice(list[int]):
    """An empty list of devices whose first one may be asked for."""

    def __getitem__(self, _: Any) -> Any:
        return 0


def published_size(recipe: str) -> tuple[int, int]:
    return (256, 512) if recipe == "viper-to-cityscapes" else (256, 256)


def frames(recipe: str, size: tuple[int, int] | None) -> dict[str, torch.Tensor]:
    shape = (1, 3, *(size or published_size(recipe)))
    return {domain: torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1 for domain in "ab"}


class PeakMemory:
    """Gigabytes at the peak of a block, above what was held when it began."""

    def __init__(self, device: str) -> None:
        self.device, self.peak, self.running = device, 0, False

    def __enter__(self) -> "PeakMemory":
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            self.idle = torch.cuda.memory_allocated()
            return self
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        self.idle, self.running = resident(), True
        self.watch = threading.Thread(target=self._watch)
        self.watch.start()
        return self

    def _watch(self) -> None:
        while self.running:
            self.peak = max(self.peak, resident())
            time.sleep(0.002)

    def __exit__(self, *_: object) -> None:
        if self.device == "cuda":
            self.peak = torch.cuda.max_memory_allocated()
            return
        self.running = False
        self.watch.join()

    @property
    def gigabytes(self) -> float:
        return (self.peak - self.idle) / 1e9


def resident() -> int:
    """Return the bytes of this process but for those of files: code that is read in late is not what a step takes."""
    _, everything, of_files, *_ = map(int, Path("/proc/self/statm").read_text().split())
    return (everything - of_files) * 4096


def in_own_process(arguments: argparse.Namespace, recipe: str, kind: str, limit: float) -> dict[str, Any]:
    """Return what a process finds that measures one thing, or under ``error`` how it ended."""
    words = ["--measure", kind, "--recipe", recipe, "--device", arguments.device, "--steps", str(arguments.steps)]
    words += ["--threads", str(arguments.threads)] + ["--small"] * arguments.small
    words += ["--reference", str(arguments.reference)] if arguments.reference else []
    words += ["--size", *map(str, arguments.size)] if arguments.size else []
    try:
        done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired as error:
        return {"error": f"took more than {limit:.0f} s: {str(error.stderr or b'')[-2000:]}"}
    if done.returncode or "Traceback" in done.stderr:
        print(f"--- {kind} {recipe}\n{done.stderr[-6000:]}", file=sys.stderr)
    if done.returncode:
        return {"error": f"exit code {done.returncode}: {' '.join(done.stderr.strip().splitlines()[-1:])[-300:]}"}
    return json.loads(done.stdout.splitlines()[-1])


def run_all(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Print a line for each variant of each recipe as soon as it is measured; return all of them."""
    end = time.monotonic() + 60 * arguments.minutes
    kinds = [*arguments.variants[:1], *(["reference"] if arguments.reference else []), *arguments.variants[1:]]
    rates = in_own_process(arguments, RECIPES[0], "attainable", arguments.limit)
    print(json.dumps({"benchmark": "step", **machine(arguments), "attainable": rates}), flush=True)
    pairs = [(recipe, kind) for kind in kinds for recipe in arguments.recipe or RECIPES]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {pair: [] for pair in pairs}
    lines = []
    for turn, pair in ((turn, pair) for turn in range(arguments.rounds) for pair in pairs):
        left = end - time.monotonic()
        measured = left > 0 and in_own_process(arguments, *pair, min(arguments.limit, left))
        found[pair].append(measured or {"error": "no time was left"})
        if turn == arguments.rounds - 1:
            lines.append({"benchmark": "step", "recipe": pair[0], "variant": pair[1], **summary(found[pair])})
            if rates.get("tflops") and "teraflops" in lines[-1]:
                share = lines[-1]["teraflops"] / lines[-1]["seconds"] / rates["tflops"]
                lines[-1]["share_of_attainable"] = round(share, 4)
            print(json.dumps({**lines[-1], **machine(arguments)}), flush=True)
    return lines


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians over rounds, and the spread of all steps; the first error where a round failed."""
    if failed := [turn for turn in rounds if "error" in turn]:
        return failed[0]
    seconds = [value for turn in rounds for value in turn["seconds"]]
    messages = {key: rounds[0][key] for key in ("told", "fell_back", "losses") if key in rounds[0]}
    medians = {
        key: round(statistics.median(turn[key] for turn in rounds), 5)
        for key in ("in_a_row", "ready_seconds", "gigabytes_above_idle", "teraflops")
        if key in rounds[0]
    }
    spread = [round(value, 5) for value in (min(seconds), max(seconds))]
    return {"seconds": round(statistics.median(seconds), 5), "spread": spread, **medians, **messages}


def machine(arguments: argparse.Namespace) -> dict[str, Any]:
    on_cuda = arguments.device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if on_cuda else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "size": size_of(arguments),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def table(lines: list[dict[str, Any]]) -> None:
    """Print what was measured for people, with ratios to the published code where it was measured."""
    for line in lines:
        if "error" in line:
            print(f"{line['recipe']:20} {line['variant']:28} {line['error'][:120]}")
            continue
        theirs = next((x for x in lines if x["variant"] == "reference" and x["recipe"] == line["recipe"]), {})
        text = f"{1e3 * line['seconds']:8.1f} ms  in a row {1e3 * line.get('in_a_row', float('nan')):8.1f} ms"
        text += f"  {line['gigabytes_above_idle']:6.2f} GB  ready {line.get('ready_seconds', float('nan')):6.1f} s"
        text += f"  share {line.get('share_of_attainable', float('nan')):.3f}"
        if "seconds" in theirs:
            text += f"  {theirs['seconds'] / line['seconds']:.2f} times as fast"
            text += f", {line['gigabytes_above_idle'] / theirs['gigabytes_above_idle']:.2f} of the memory"
        print(f"{line['recipe']:20} {line['variant']:28} {text}{'  FELL BACK' if line.get('fell_back') else ''}")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what this process was asked to measure."""
    recipe = arguments.recipe[0]
    if arguments.measure != "reference":
        sys.path.insert(0, str(ROOT))
    if arguments.measure == "attainable":
        return attainable(arguments.device, arguments.small)
    if arguments.measure == "reference":
        return measure_reference(arguments, recipe)
    return measure_ours(arguments, recipe, arguments.measure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="checkout of the published code")
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="recipes to measure; both by default")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, help="on a GPU all, on a CPU eager-32 by default")
    parser.add_argument("--steps", type=int, default=3, help="counted steps of each process")
    parser.add_argument("--rounds", type=int, default=1, help="processes of each kind")
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--small", action="store_true", help=f"frames of {SMALL[0]}x{SMALL[1]}, to see that all runs")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds that one process may take")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no further process is started")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.variants = arguments.variants or list(VARIANTS if arguments.device == "cuda" else ON_CPU)
    if arguments.measure:
        print(json.dumps(measure(arguments)))
    else:
        table(run_all(arguments))


if __name__ == "__main__":
    main()
