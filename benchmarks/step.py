"""Seconds and peak memory of one training step of both published recipes, as one JSON line.

``python benchmarks/step.py`` measures ours; ``--reference DIR``, a checkout of the published code, measures its own
step on the same work in turn (ours, theirs, ours, ...), each in a process of its own, and gives the ratios.
Memory is what a step needs above what is held between steps: allocated bytes on CUDA, resident ones on the CPU.
VGG-19 has random weights in both, which changes no time.
"""

import argparse
import ctypes
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
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

Step = Callable[[int], None]


def our_step(recipe: str, device: str, precision: str, size: tuple[int, int] | None) -> Step:
    sys.path.insert(0, str(ROOT))
    from lightning_fabric import Fabric

    from recyclegan.networks import VGGFeatures
    from recyclegan.settings.methods import METHODS
    from recyclegan.settings.networks import NetworkConfig
    from recyclegan.settings.presets import PRESETS
    from recyclegan.settings.training import TrainConfig
    from recyclegan.training import TrainState, train_step

    preset = PRESETS[recipe]
    config = TrainConfig(Path(), Path(), preset.config, frames=preset.frames)
    features = VGGFeatures() if any(preset.config.content) else None
    method = METHODS[preset.method](preset.config, NetworkConfig(), features=features)
    state = TrainState(method, config, Fabric(accelerator=device, devices=1, precision=precision), 1000)
    batch = {domain: clips[:, None].to(device) for domain, clips in frames(recipe, size).items()}
    return lambda step: [float(term) for term in train_step(state, batch, step).values()] and None


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
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(step: Step, device: str, num_steps: int) -> dict[str, float]:
    """Return the median seconds of a step after a warm-up, and the peak memory of all."""
    step(0)
    seconds = []
    with PeakMemory(device) as memory:
        for number in range(1, num_steps + 1):
            start = time.perf_counter()
            step(number)
            if device == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "gigabytes_above_idle": memory.gigabytes}


def in_own_process(arguments: argparse.Namespace, recipe: str, kind: str) -> dict[str, float]:
    words = ["--measure", kind, "--recipe", recipe, "--device", arguments.device, "--steps", str(arguments.steps)]
    words += ["--precision", arguments.precision, "--threads", str(arguments.threads)]
    words += ["--reference", str(arguments.reference)] if arguments.reference else []
    words += ["--size", *map(str, arguments.size)] if arguments.size else []
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def compare(arguments: argparse.Namespace, recipe: str) -> dict[str, Any]:
    kinds = ("ours", "reference") if arguments.reference else ("ours",)
    rounds = [{kind: in_own_process(arguments, recipe, kind) for kind in kinds} for _ in range(arguments.rounds)]

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 4)

    found: dict[str, Any] = {
        kind: {key: median([turn[kind][key] for turn in rounds]) for key in rounds[0][kind]} for kind in kinds
    }
    if arguments.reference:
        found["times_as_fast"] = median([t["reference"]["seconds"] / t["ours"]["seconds"] for t in rounds])
        key = "gigabytes_above_idle"
        found["share_of_memory"] = median([t["ours"][key] / t["reference"][key] for t in rounds])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="checkout of the published code")
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="recipes to measure; both by default")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", default="32", help="of ours; the published code has fp32 only")
    parser.add_argument("--steps", type=int, default=3, help="counted steps of each process")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind")
    parser.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--measure", choices=("ours", "reference"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recipes = arguments.recipe or list(RECIPES)
    size = tuple(arguments.size) if arguments.size else None
    if arguments.measure == "ours":
        step = our_step(recipes[0], arguments.device, arguments.precision, size)
    elif arguments.measure:
        step = reference_step(recipes[0], arguments.device, arguments.reference.resolve(), size)
    if arguments.measure:
        print(json.dumps(measure(step, arguments.device, arguments.steps)))
        return
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else platform.processor() or platform.machine()
    setting = {"benchmark": "step", "device": device, "threads": arguments.threads, "torch": torch.__version__}
    print(json.dumps({**setting, "size": size, **{recipe: compare(arguments, recipe) for recipe in recipes}}))


if __name__ == "__main__":
    main()
