"""Calibration: synthetic flow that moves frames as the user's own footage moves."""

from recyclegan.calibration.pairs import Footage, View, examples, footage_of
from recyclegan.calibration.setting import (
    FLOW_FILE,
    QUANTILES,
    Calibration,
    Found,
    calibrate,
    read_calibration,
    write_calibration,
)

__all__ = [
    "FLOW_FILE",
    "QUANTILES",
    "Calibration",
    "Footage",
    "Found",
    "View",
    "calibrate",
    "examples",
    "footage_of",
    "read_calibration",
    "write_calibration",
]
