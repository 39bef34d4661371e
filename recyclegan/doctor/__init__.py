"""What is wrong with a data folder or a run, in plain words, and what to do."""

from recyclegan.doctor.data import DATA_CHECKS, examine_data
from recyclegan.doctor.environment import environment, without_names
from recyclegan.doctor.finding import SEVERITIES, Finding, Severity
from recyclegan.doctor.run import RUN_CHECKS, examine_run

__all__ = [
    "DATA_CHECKS",
    "RUN_CHECKS",
    "SEVERITIES",
    "Finding",
    "Severity",
    "environment",
    "examine_data",
    "examine_run",
    "without_names",
]
