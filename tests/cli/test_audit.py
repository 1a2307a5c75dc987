"""`trimtab audit`: what it says before it starts a client, what it keeps, and the kept one again."""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW
from tests.prompt import bodies
from tests.transcript.test_begun import ASKED, BLOBS, SHAPE
from tests.usage.written import Home, answer, called, result, usage, user

from trimtab.cli import audit as audit_command
from trimtab.daemon import recording

Run = Callable[..., tuple[int, str, str]]
CLIENT = f"""#!{sys.executable}
import json, os, pathlib, sys, urllib.request
settings = json.loads(sys.argv[sys.argv.index("--settings") + 1])
text = pathlib.Path(__file__).with_name("body.json").read_text()
wait = settings["hooks"]["SessionStart"][0]["hooks"][0]["command"]
body = text.replace("slow:one", "") if wait == "sleep 30" else text
urllib.request.urlopen(settings["env"]["ANTHROPIC_BASE_URL"] + "/v1/messages", body.encode())
"""


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


TRUSTED = {"hasTrustDialogAccepted": True}


@pytest.fixture
def client(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client that sends a recorded body, in a project that it trusts, with a session of the day before."""
    file = tmp_path / "claude"
    file.write_text(CLIENT)
    file.chmod(0o755)
    (tmp_path / "body.json").write_text(json.dumps(bodies.newer()))
    state = {"projects": {str(project): TRUSTED}}
    (tmp_path / "home" / ".claude.json").write_text(json.dumps(state))
    home = Home(tmp_path, tmp_path / "home" / ".claude")
    content = [called("Bash", "t1", command="make")]
    here = {"cwd": str(project), "timestamp": stamp(NOW - 86_400)}
    first = answer(1, "m1", usage(100, 900, 0, 40), content=content) | here
    os.utime(home.write("s1", first, user(2, [result("t1", "ok")]) | here), (NOW, NOW))  # else its times are of no day
    monkeypatch.setattr(recording, "ENDING_S", 0.5)
    return file


def test_it_records_and_keeps(client: Path, run: Run, project: Path) -> None:
    """The table is not of the request, costs are missing, or a text of the request is kept."""
    status, out, err = run("audit", "--client", client, "--wait", 30)
    assert status == 0
    assert "MCP servers and SessionStart hooks" in err
    assert "no key leaves this machine" in " ".join(err.split())
    assert "Bash" in out
    assert "never in 1" in out
    assert max(map(len, out.splitlines())) <= 80
    kept = (project / ".claude-patterns" / "audit.json").read_text()
    assert json.loads(kept)["at"] == NOW
    for text in ("Runs a command", "Plain words", "The build is green", "No eval"):
        assert text not in kept
    again = run("audit", project, "--no-record")
    assert again == (0, out, "")


def test_servers_that_start_slowly_get_more_time(client: Path, run: Run) -> None:
    """A server that needs npx is left out of the audit without a word."""
    status, out, err = run("audit", "--client", client, "--wait", 0)
    assert status == 0
    assert "slow:one was still starting: once more, with 30 seconds" in " ".join(err.split())
    assert "slow:one" not in out


def test_what_a_session_wrote_down(client: Path, run: Run, project: Path, tmp_path: Path) -> None:
    """The client is started though the newest session has its request, or the billed size is an estimate: 1,000."""
    began = [{**record, "sessionId": "s2"} for record in (SHAPE, *BLOBS, ASKED)]
    began[-1]["timestamp"] = stamp(NOW - 3_601)
    here = {"cwd": str(project), "timestamp": stamp(NOW - 3_600), "sessionId": "s2"}
    spent = answer(1, "m2", usage(100, 900, 0, 40), session="s2") | here
    home = Home(tmp_path, tmp_path / "home" / ".claude")
    os.utime(home.write("s2", user(0, "Say hello.") | here, *began, spent), (NOW, NOW))
    client.unlink()
    status, out, err = run("audit", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert (document["session"], document["billed"], document["tokens"]) == ("s2", 1_000, 1_000)
    assert (document["sessions"], document["known"], document["checked"]) == (2, 1, 0)
    assert sum(line["tokens"] for line in document["lines"]) == 1_000
    assert {line["had"] for line in document["lines"]} == {2}
    told = " ".join(run("audit")[1].split())
    assert "Session s2 of" in told
    assert "began with 1,000 tokens of claude-opus-5-5, billed" in told
    assert "Of 1 the client wrote down what that was; the other 1 are taken" in told
    assert run("audit", "--no-record")[0] == 0


def test_a_recording_is_set_by_what_sessions_were_billed(client: Path, run: Run, project: Path, tmp_path: Path) -> None:
    """Two figures of one request differ: the same body, recorded, has the tokens that a session was billed for it."""
    test_what_a_session_wrote_down(client, run, project, tmp_path)
    client.write_text(CLIENT)
    client.chmod(0o755)
    document = json.loads(run("audit", "--record", "--client", client, "--wait", 30, "--json")[1])
    assert (document["session"], document["billed"], document["checked"]) == ("", None, 1)
    assert document["tokens"] == pytest.approx(1_000, abs=10)  # without the server that the fake leaves out then


def test_json_is_in_the_docs(client: Path, run: Run) -> None:
    """A field has a name that nobody explains."""
    document = json.loads(run("audit", "--client", client, "--wait", 30, "--json")[1])
    docs = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    names = {*document, *document["lines"][0], *document["rest"]}
    assert {name for name in names if f"`{name}`" not in docs} == set()
    assert document["requests"] == 1


def test_refusals(client: Path, run: Run, project: Path, tmp_path: Path) -> None:
    """What can't be done is a traceback, or does not say what to do."""
    status, _, err = run("audit", "--no-record")
    assert (status, "leave out --no-record" in err) == (1, True)
    assert run("audit", "--client", tmp_path / "none")[0] == 1
    assert run("audit", "--weeks", 0)[0] == 2
    (tmp_path / "home" / ".claude.json").write_text("{}")
    status, _, err = run("audit", "--client", client)
    assert (status, "start `claude` there once" in err) == (1, True)
    (project / ".claude-patterns" / "audit.json").mkdir()
    (tmp_path / "home" / ".claude.json").write_text(json.dumps({"projects": {str(project): TRUSTED}}))
    status, out, err = run("audit", "--client", client, "--wait", 30)
    assert (status, "Bash" in out, "can't be kept" in err) == (0, True, True)
    assert run("audit", "--no-record")[0] == 1
    assert audit_command.WEEKS == 4
