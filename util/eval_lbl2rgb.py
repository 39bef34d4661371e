"""The published command that scores translations from label maps, run by recyclegan; see docs/reference.md."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("recyclegan") is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from recyclegan.published import eval_lbl2rgb, run

if __name__ == "__main__":
    sys.exit(run(eval_lbl2rgb))
