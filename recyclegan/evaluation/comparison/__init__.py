"""Several methods or weightings on equal terms: the same data, budget and seeds; trained, translated, measured.

For: ``recyclegan compare``. In: contenders (training configurations by name), a data folder and a budget.
Out: a run for each contender and seed, and ``report.html``, ``table.md`` and ``results.json`` of all of them.
"""

from recyclegan.evaluation.comparison.comparing import compare_methods
from recyclegan.settings.evaluation import ComparisonConfig

__all__ = ["ComparisonConfig", "compare_methods"]
