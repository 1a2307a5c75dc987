"""Starts the daemon: `python -I .../daemon/__main__.py FOLDER`, as the hook does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file, with -I: nothing of ours is there

from trimtab.daemon.server import main

main(Path(sys.argv[1]))
