"""What every test gets: a home and a working folder of its own, so that no test reaches the user's."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("trimtab", deadline=None, database=None, print_blob=True)  # a shared machine has slow moments
settings.register_profile("thorough", parent=settings.get_profile("trimtab"), max_examples=5_000)  # .ci/run
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "trimtab"))

OURS = ("TRIMTAB_", "CLAUDE", "PIP_TARGET", "XDG_", "VIRTUAL_ENV")
KEPT = ("TRIMTAB_CLIENT",)  # names the real client for tests/client


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """HOME and the working folder are new and empty; no setting of ours or of the client leaks in."""
    for name in list(os.environ):
        if name.startswith(OURS) and name not in KEPT:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    return home
