"""What is wrong with a data folder or a run, in plain words, and what to do.

For: ``recyclegan doctor``. In: a data folder or a run folder. Out: findings, each with a severity and a remedy.
Checks are functions from one scan (or view of a run) to findings; `examining` holds the tables of them.
"""

from recyclegan.doctor.environment import environment, without_names
from recyclegan.doctor.examining import DATA_CHECKS, RUN_CHECKS, examine_data, examine_run
from recyclegan.doctor.finding import Finding, Severity

__all__ = [
    "DATA_CHECKS",
    "RUN_CHECKS",
    "Finding",
    "Severity",
    "environment",
    "examine_data",
    "examine_run",
    "without_names",
]
