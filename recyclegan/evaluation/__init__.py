"""Evaluation of translated footage: reads files, knows no models, writes ``metrics.json`` and ``report.html``."""

from recyclegan.evaluation.comparison import compare
from recyclegan.evaluation.run import evaluate
from recyclegan.settings.evaluation import EvaluationConfig

__all__ = ["EvaluationConfig", "compare", "evaluate"]
