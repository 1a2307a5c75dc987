"""The plugin's packaging in the real client: it validates, installs without a question, costs nothing while idle."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tests.client import project, views
from tests.client.model import Agent, ModelServer, Reply, answer, cached_parts, read
from tests.client.runner import PLUGIN, Runner, Session, fresh

from trimtab import tokens

pytestmark = pytest.mark.client

STANDING_TOKENS = 150  # the most that the plugin may add to the first request of a session that doesn't use it


def clone(target: Path) -> Path:
    """The files that a clone would have, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=PLUGIN, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (PLUGIN / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PLUGIN / name, target / name)
    return target


def read_settle(runner: Runner, seen: list[Reply]) -> Agent:
    seen.append((yield read(runner.project / "settle.py")))
    yield "Done."


def test_validate(runner: Runner) -> None:
    """A manifest, a command or the hooks' file is not what the client accepts."""
    runner.command("plugin", "validate", "--strict", str(PLUGIN))


def test_install_from_a_clone(runner: Runner, tmp_path: Path) -> None:
    """The README's two commands ask something or fail, or the installed plugin runs from where its code is not."""
    source = clone(tmp_path / "clone")
    runner.command("plugin", "marketplace", "add", str(source))
    runner.command("plugin", "install", "trimtab@trimtab")
    project.fill(runner.project)
    seen: list[Reply] = []
    runner.run("Read settle.py.", ModelServer(read_settle(runner, seen)), plugins=()).check()
    shown = views.parse(seen[0].text)
    assert shown.is_view
    assert views.what_is_wrong(shown, (runner.project / "settle.py").read_text()) == []


def test_standing_cost(client: Path) -> None:
    """A command, an agent or a hook's text adds itself to every session's first request."""
    sizes = []
    tokens.load()
    for plugins in ([PLUGIN], []):
        with fresh(client) as runner:
            session = runner.run("Say hello.", ModelServer(answer("Hello.")), plugins=plugins).check()
            sizes.append(sum(tokens.count(part.decode()) or 0 for part in cached_parts(session.bodies()[0])))
    assert sizes[0] - sizes[1] <= STANDING_TOKENS


@pytest.mark.network
@pytest.mark.slow
def test_first_use_without_an_environment(runner: Runner) -> None:
    """With nothing set up the session breaks, waits, or doesn't tell the user; or the next one has no views either."""
    bare = runner._replace(more={})
    project.fill(runner.project)
    seen: list[Reply] = []

    def session() -> Session:
        return bare.run("Read settle.py.", ModelServer(read_settle(runner, seen))).check()

    first = session()
    assert not views.parse(seen[0].text).is_view
    assert [len(notice.splitlines()) for notice in first.notices()] == [1]
    assert "Trimtab" in first.notices()[0]
    wait_for_environment(runner.home)
    second = session()
    assert views.parse(seen[1].text).is_view
    assert second.notices() == []


def wait_for_environment(home: Path) -> None:
    """Until the environment that the first session started to make is ready: at most a minute."""
    ends = time.monotonic() + 60
    link = home / ".claude" / "plugins" / "data" / "trimtab-inline" / "environment"
    while not (link / "complete").exists():
        assert time.monotonic() < ends, "no environment after 60 s"
        time.sleep(0.5)
