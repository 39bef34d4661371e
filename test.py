"""The published test command, run by recyclegan; see docs/reference.md."""

import sys

from recyclegan.published import run, test

if __name__ == "__main__":
    sys.exit(run(test))
