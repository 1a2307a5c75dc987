"""Starts the command line: `python -I .../cli/__main__.py COMMAND ...`, as `bin/trimtab` does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, with -I: nothing of ours is there

from trimtab.cli import main

sys.exit(main())
