"""`trimtab slim`: what it shows, that it writes on acceptance alone, what it says when it may not, and undo."""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW
from tests.prompt import bodies
from tests.usage.written import Home, answer, called, result, usage, user

from trimtab.cli import slim as slim_command
from trimtab.daemon import recording
from trimtab.errors import RecordingError

Run = Callable[..., tuple[int, str, str]]
SETTINGS = b'{ "skillOverrides": {"bare": "on"},\r\n"ratio": 1.0 }'
# Sends what the settings leave of a request: a skill that is not its user's alone, and no tool that is denied.
CLIENT = f"""#!{sys.executable}
import json, pathlib, re, sys, urllib.request
url = json.loads(sys.argv[sys.argv.index("--settings") + 1])["env"]["ANTHROPIC_BASE_URL"]
body = pathlib.Path(__file__).with_name("body.json").read_text()
try:
    local = json.loads(pathlib.Path(".claude/settings.local.json").read_bytes())
except FileNotFoundError:
    local = {{}}
for name, value in local.get("skillOverrides", {{}}).items():
    if value == "user-invocable-only":
        body = re.sub(rf"- {{name}}: .*?(?=- shop:lint)", "", body)
data = json.loads(body)
denied = local.get("permissions", {{}}).get("deny", [])
data["tools"] = [tool for tool in data["tools"] if tool["name"] not in denied]
urllib.request.urlopen(url + "/v1/messages", json.dumps(data).encode())
"""


@pytest.fixture
def shop(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a session of the day before that used Bash; never the skill deploy nor the tool Workflow."""
    body = json.loads(
        json.dumps(bodies.newer()).replace("Deploys.", "Deploys all of it. " * 20).replace("slow:one", "")
    )
    body["tools"].append({"name": "Workflow", "description": "Runs many. " * 60, "input_schema": {"type": "object"}})
    (tmp_path / "body.json").write_text(json.dumps(body))
    client = tmp_path / "claude"
    client.write_text(CLIENT)
    client.chmod(0o755)
    state = {"projects": {str(project): {"hasTrustDialogAccepted": True}}}
    (tmp_path / "home" / ".claude.json").write_text(json.dumps(state))
    home = Home(tmp_path, tmp_path / "home" / ".claude")
    day = datetime.fromtimestamp(NOW - 86_400, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    here = {"cwd": str(project), "timestamp": day}
    content = [called("Bash", "t1", command="make")]
    first = answer(1, "m1", usage(100, 900, 0, 40), content=content) | here
    os.utime(home.write("s1", first, user(2, [result("t1", "ok")]) | here), (NOW, NOW))
    (project / ".claude").mkdir()
    (project / ".claude" / "settings.local.json").write_bytes(SETTINGS)
    monkeypatch.setattr(recording, "ENDING_S", 0.5)
    monkeypatch.setenv("TRIMTAB_CLIENT", str(client))
    return project


def settings(project: Path) -> bytes:
    return (project / ".claude" / "settings.local.json").read_bytes()


def test_without_a_yes_nothing_is_written(shop: Path, run: Run) -> None:
    status, out, _ = run("slim", "--wait", 0)
    assert status == 0
    assert {"Workflow", "deploy"} <= set(out.split())
    assert "Bash" not in out
    assert "Careful: 1 session is little to go by" in " ".join(out.split())
    assert "Nothing was changed" in out
    assert settings(shop) == SETTINGS


def test_what_is_accepted_is_written_measured_and_undone(shop: Path, run: Run) -> None:
    status, out, err = run("slim", "--wait", 0, "--apply", "deploy,tool:Workflow")
    assert status == 0, err
    assert json.loads(settings(shop)) == {
        "skillOverrides": {"bare": "on", "deploy": "user-invocable-only"},
        "ratio": 1.0,
        "permissions": {"deny": ["Workflow"]},
    }
    words = " ".join(out.split())
    assert "Measured with a new recording" in words
    assert "puts all back" not in words  # it was what was expected
    status, out, _ = run("slim", "show")
    assert (status, "skill:deploy" in out) == (0, True)
    status, out, _ = run("slim", "undo", "workflow-of-another")
    assert status == 2
    assert run("slim", "undo", "deploy")[0] == 0
    assert json.loads(settings(shop))["skillOverrides"] == {"bare": "on"}
    status, out, _ = run("slim", "undo")
    assert "to the byte" in out
    assert settings(shop) == SETTINGS
    assert run("slim", "undo")[0] == 1


@pytest.mark.parametrize("fault", [RecordingError("the client\nsent no request"), KeyboardInterrupt()])
def test_a_second_recording_that_fails(
    shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    """The settings are written and nothing says so, nor how to take them out."""
    real, calls = recording.record, []

    def once(place: recording.Place, wait_s: float) -> recording.Recording:
        calls.append(place)
        if len(calls) == 2:
            raise fault
        return real(place, wait_s)

    monkeypatch.setattr(recording, "record", once)
    status, out, err = run("slim", "--wait", 0, "--apply", "Workflow")
    assert status == 0
    assert "`trimtab slim undo` brings all back" in " ".join(out.split())
    why = "the client sent no request" if isinstance(fault, RecordingError) else "it was interrupted"
    assert err.splitlines()[-1].endswith(f"not measured with a new recording: {why}")
    assert b"Workflow" in settings(shop)


def test_a_setting_that_does_not_help_is_said(shop: Path, run: Run) -> None:
    """The client may take no notice of a setting, or send more instead."""
    client = Path(os.environ["TRIMTAB_CLIENT"])
    client.write_text(CLIENT.replace("not in denied", 'not in ["none"]'))
    status, out, _ = run("slim", "--wait", 0, "--apply", "Workflow")
    assert status == 0
    assert "That is not what was expected: `trimtab slim undo` puts all back." in " ".join(out.split())


def test_a_file_that_was_changed_since_is_not_put_back(shop: Path, run: Run) -> None:
    run("slim", "--wait", 0, "--apply", "all", "--no-check")
    changed = settings(shop).replace(b"1.0", b"2.5")
    (shop / ".claude" / "settings.local.json").write_bytes(changed)
    status, _, err = run("slim", "undo")
    assert (status, "--keep-changes" in err) == (1, True)
    assert settings(shop) == changed
    assert "changed by others" in run("slim", "show")[1]
    assert "Not in the file any more" not in run("slim", "show")[1]
    status, out, _ = run("slim", "undo", "--keep-changes")
    assert (status, "to the byte" in out) == (0, False)
    assert settings(shop) == SETTINGS.replace(b"1.0", b"2.5")


def test_what_was_taken_out_by_hand_is_not_shown_as_off(shop: Path, run: Run) -> None:
    run("slim", "--wait", 0, "--apply", "deploy,Workflow", "--no-check")
    (shop / ".claude" / "settings.local.json").write_bytes(settings(shop).replace(b'"Workflow"', b""))
    out = run("slim", "show")[1]
    assert "1 setting," in out
    assert "not switched off: tool:Workflow." in out
    shown = json.loads(run("slim", "show", "--json")[1])
    assert ([one["id"] for one in shown["items"]], shown["by_hand"]) == (["skill:deploy"], ["tool:Workflow"])


def test_json(shop: Path, run: Run) -> None:
    """A field has a name that nobody explains, or is missing."""
    document = json.loads(run("slim", "--wait", 0, "--json")[1])
    assert settings(shop) == SETTINGS
    docs = (Path(__file__).parents[2] / "docs" / "slim.md").read_text(encoding="utf-8")
    names = {*document, *document["proposals"][0], *document["proposals"][0]["change"]}
    done = json.loads(run("slim", "--wait", 0, "--json", "--apply", "Workflow")[1])
    assert done["applied"] == ["tool:Workflow"]
    assert done["tokens_after"] < done["tokens"]
    shown = json.loads(run("slim", "show", "--json")[1])
    names |= {*done, *shown, *shown["items"][0]}
    assert {name for name in names if f"`{name}`" not in docs} == set()


def test_refusals(shop: Path, run: Run) -> None:
    """What can't be done is a traceback, writes something, or does not say what to do."""
    assert run("slim", "--wait", 0)[0] == 0
    (shop / ".claude" / "settings.local.json").write_bytes(b'{"a": 1,}')
    status, _, err = run("slim", "--no-record", "--apply", "Workflow")
    assert (status, "line 1, column" in err, "is left as it is" in err) == (1, True, True)
    assert settings(shop) == b'{"a": 1,}'
    assert run("slim", "--no-record", "--apply", "nothing")[0] == 2
    assert run("slim", "--project", shop, "undo")[0] == 2
    assert run("slim", "patch")[0] == 1


def test_a_section_can_be_moved_behind_a_path(shop: Path, run: Run) -> None:
    (shop / "web").mkdir()
    text = "# Shop\n\nPython.\n\n## Web\n\nIn `web/` we write TypeScript. " + "Use tabs, and short words. " * 30 + "\n"
    (shop / "CLAUDE.md").write_text(text)
    status, out, _ = run("slim", "patch")
    assert status == 0
    assert "+++ b/.claude/rules/web.md" in out
    assert "-## Web\n" in out
    assert (shop / "CLAUDE.md").read_text() == text  # it is the user's to apply
    assert "web/ was worked on in 0 of 1 session" in " ".join(run("slim", "--wait", 0)[1].split())


def test_a_terminal_is_asked(shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, a number, or what is none."""
    monkeypatch.setattr(slim_command, "is_asked", lambda: True)
    answers = iter(["", "1", "99"])
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    assert "Nothing was changed." in run("slim", "--wait", 0)[1]
    assert settings(shop) == SETTINGS
    assert run("slim", "--wait", 0, "--no-check")[0] == 0
    assert json.loads(settings(shop))["permissions"] == {"deny": ["Workflow"]}
    run("slim", "undo")
    assert run("slim", "--wait", 0)[0] == 2
    assert settings(shop) == SETTINGS
