"""Evaluation of translated footage: protocol, files and reports; the measures themselves are in ``metrics``.

For: ``recyclegan evaluate``. In: folders of translations, sources, targets and truth; no model is known here.
Out: ``metrics.json`` and ``report.html``. ``evaluation.comparison`` trains and measures several contenders.
"""

from recyclegan.evaluation.evaluating import evaluate
from recyclegan.evaluation.examples import compare
from recyclegan.settings.evaluation import EvaluationConfig

__all__ = ["EvaluationConfig", "compare", "evaluate"]
