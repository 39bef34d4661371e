"""``python -m recyclegan`` is the command ``recyclegan``."""

import sys

from recyclegan.cli import main

if __name__ == "__main__":
    sys.exit(main())
