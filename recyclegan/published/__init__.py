"""The published commands, run by this program: ``train.py``, ``test.py`` and the two scoring scripts, and checkpoints.

Their dialect stands in ``options``, ``layout``, ``checkpoints``, ``recipe``, ``scoring`` and ``loss_log``, which
neither train nor print; the others put it to work.
"""

from recyclegan.published.command_line import run
from recyclegan.published.exchange import export_reference, import_reference
from recyclegan.published.score_commands import eval_lbl2rgb, eval_rgb2lbl
from recyclegan.published.test_command import test
from recyclegan.published.train_command import train

__all__ = ["eval_lbl2rgb", "eval_rgb2lbl", "export_reference", "import_reference", "run", "test", "train"]
