"""The client that the handlers' tests share by name; the ledger that it leaves must be sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.handlers.client import Client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path)
    yield made
    made.desk.close()
    if (made.project / ".claude-patterns" / "trimtab.db").is_file():
        with made.ledger() as store:
            assert store.check() == []
