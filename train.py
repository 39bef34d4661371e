"""The published training command, run by recyclegan; see docs/reference.md."""

import sys

from recyclegan.published import run, train

if __name__ == "__main__":
    sys.exit(run(train))
