"""Measurements that the README and the docs quote, each one command: `.venv/bin/python -m bench.NAME`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "lib")]
