"""The home that the daemon's tests share by name."""

from collections.abc import Iterator

import pytest
from tests.daemon.harness import Home, a_home

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs unix processes")


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as made:
        yield made
