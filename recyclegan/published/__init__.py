"""The published commands, run by this program: ``train.py``, ``test.py`` and the two scoring scripts, and checkpoints.

For: people who have scripts or weights of the published code. In: its options, folders and ``.pth`` files.
Out: the same files, text and numbers. Its dialect stands in ``published_options``, ``layout``, ``recipe`` and
``exchange``, which neither train nor print; the others put it to work.
"""

from recyclegan.published.command_line import run
from recyclegan.published.exchange import export_reference, import_reference
from recyclegan.published.score_commands import eval_lbl2rgb, eval_rgb2lbl
from recyclegan.published.test_command import test
from recyclegan.published.train_command import train

__all__ = ["eval_lbl2rgb", "eval_rgb2lbl", "export_reference", "import_reference", "run", "test", "train"]
