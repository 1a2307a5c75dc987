"""Fixtures of the tests that run the real client; without it they are skipped, with a reason that says what to do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client.runner import Runner, find_client, fresh, how_to_install

OUTER = dict(os.environ)  # before any fixture gives a test a home of its own


@pytest.fixture(scope="session")
def client() -> Path:
    """The pinned client's executable."""
    found = find_client(OUTER)
    if found is None:
        pytest.skip(how_to_install(OUTER))
    return found


@pytest.fixture
def runner(client: Path) -> Iterator[Runner]:
    """The client with an empty home and an empty project."""
    with fresh(client) as runner:
        yield runner
