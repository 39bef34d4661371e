"""The published commands, run by this program: ``train.py``, ``test.py`` and the two scoring scripts, and checkpoints.

Everything that they say in their own dialect is in ``recyclegan.reference``; here it is put to work.
"""

from recyclegan.published.exchange import export_reference, import_reference
from recyclegan.published.running import run
from recyclegan.published.scores import eval_lbl2rgb, eval_rgb2lbl
from recyclegan.published.testing import test
from recyclegan.published.training import train

__all__ = ["eval_lbl2rgb", "eval_rgb2lbl", "export_reference", "import_reference", "run", "test", "train"]
