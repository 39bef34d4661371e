"""Runs of a comparison whose numbers are made up, to see what is made of them."""

import json

import numpy as np

from recyclegan.evaluation.comparison.contender_run import ContenderRun, Measuring
from recyclegan.evaluation.results import FORMAT
from recyclegan.settings.evaluation import EvaluationConfig
from tests.small import small_config


def made_up(root, contender, seed, measures, draws=None, direction="ab", method=None, verdict=None):
    """Return a run whose evaluation of each direction says ``measures``: by name, its value and the source's."""
    changes = {"method": method} if method else {}
    config = small_config(root / "data", root / "runs" / contender / f"seed-{seed}" / "run", seed=seed, **changes)
    entry = ContenderRun(contender, seed, config, Measuring(EvaluationConfig(), None))
    messages = {name: _measure(*values) for name, values in measures.items()}
    content = {"format": FORMAT, "measures": messages, "protocol": {}, "inputs": {}, "verdict": verdict}
    for each in entry.directions:
        folder = entry.evaluation(each)
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(content))
        np.savez(folder / "draws.npz", **(draws or {}))
    return entry


def _measure(value, source=None, target=None):
    references = {} if source is None else {"source": {"value": source}}
    if target is not None:
        references["target"] = {"value": target}
    return {"translated": {"value": value, "low": None, "high": None, "num_clips": 5}, "references": references}
