"""A client's home that the tests of usage share by name; the book that it leaves must be sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.usage.written import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    if made.book.is_file():
        with made.store() as store:
            assert store.check() == []
