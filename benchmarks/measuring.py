"""How long a comparison trains, translates and measures on the demonstration's data, as one JSON line.

Two contenders at the demonstration's size, its own recipe and CycleGAN on the same networks, are trained,
translate the held-out drives in both directions and are measured. What else the machine does falls on all three.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import monotonic

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recyclegan import __version__  # noqa: E402
from recyclegan.data.prepare import prepare_roadworld  # noqa: E402
from recyclegan.demo import DemoConfig, training_config  # noqa: E402
from recyclegan.evaluation.comparison import ComparisonConfig, compare_methods  # noqa: E402
from recyclegan.evaluation.workers import on_all_cores  # noqa: E402
from recyclegan.methods import CycleGAN  # noqa: E402
from recyclegan.settings.evaluation import EvaluationConfig  # noqa: E402


def prepared(data: Path | None, folder: Path) -> Path:
    """Return the demonstration's data, made where none is given."""
    if data:
        return data
    demo = DemoConfig()
    prepare_roadworld(folder / "data", demo.clips, demo.frames, demo.size, seed=demo.seed, val_clips=demo.val_clips)
    return folder / "data"


def compared(data: Path, folder: Path, steps: int, seeds: int) -> dict[str, float]:
    """Return the seconds of each stage of a comparison of two contenders, and of all of it."""
    ours = training_config(folder, DemoConfig(steps=steps))
    contenders = {"demonstration": ours, "cycle-gan": replace(ours, method=CycleGAN.Config())}
    evaluation = on_all_cores(EvaluationConfig(labels="viper", num_shown=0))
    start = monotonic()
    config = ComparisonConfig(steps=steps, seeds=seeds, evaluation=evaluation)
    compare_methods(contenders, data, folder / "compared", config, say=lambda line: print(line, file=sys.stderr))
    results = json.loads((folder / "compared" / "results.json").read_text())
    return results["seconds"] | {"all": round(monotonic() - start, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the demonstration's data, where it is made already")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(options.data, Path(folder))
        load = os.getloadavg()[0]
        seconds = compared(data, Path(folder), options.steps, options.seeds)
    messages = {
        "seconds": seconds,
        "steps": options.steps,
        "seeds": options.seeds,
        "contenders": 2,
        "threads": torch.get_num_threads(),
        "load_before": round(load, 2),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {
            "recyclegan": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    }
    print(json.dumps(messages))


if __name__ == "__main__":
    main()
