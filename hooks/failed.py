"""Run by hooks/failed: puts the view of a failed command's output into the output. Exit status 0, whatever happens."""

import sys

sys.path.insert(0, __file__[: -len("hooks/failed.py")] + "lib")

try:
    from trimtab.daemon.failed import main

    main(sys.argv[1])
except Exception:  # noqa: BLE001  (it must not be seen that we are there)
    pass
