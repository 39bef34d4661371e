"""Calibration: synthetic flow that moves frames as the user's own footage moves.

For: ``recyclegan calibrate`` and ``train --flow auto``. In: a data folder, or the clips of a domain.
Out: a `Calibration`, which is a setting of flow synthesis for each domain; kept as a JSON file.
"""

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
