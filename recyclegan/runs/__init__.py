"""The folder of a run: what it was started with, who writes into it, and its page.

For: training and all that read runs. In: a `TrainConfig`, lines of the log. Out: ``config.json`` and ``index.html``.
"""

from recyclegan.runs.run_folder import read_config

__all__ = ["read_config"]
