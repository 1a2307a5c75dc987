"""The loopback recording with a client of our own making: what it is given, what it is not, what is kept of it.

The fake client does what the real one does with its settings: it asks the server that `--settings` names, with every
credential that it can find. tests/client/test_audit.py records the real one.
"""

import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from trimtab.daemon import recording
from trimtab.daemon.recording import Place
from trimtab.errors import RecordingError

CLIENT = f"""#!{sys.executable}
import json, os, pathlib, subprocess, sys, time, urllib.request
settings = json.loads(sys.argv[sys.argv.index("--settings") + 1])
folder, user = pathlib.Path(os.environ["CLAUDE_CONFIG_DIR"]), pathlib.Path(os.environ["HOME"])
found = {{
    "arguments": sys.argv[1:], "environment": dict(os.environ), "settings": settings,
    "files": sorted(path.name for path in folder.iterdir()),
    "state": json.loads((folder / ".claude.json").read_text()),
    "notes": [path.read_text() for path in folder.glob("projects/*/memory/MEMORY.md")],
    "transcripts": [str(path) for path in folder.rglob("*.jsonl")],
    "is_terminal": sys.stdin.isatty(), "cwd": os.getcwd(), "mode": oct(folder.stat().st_mode)[-3:],
}}
(user / "found.json").write_text(json.dumps(found))
(folder / "history.jsonl").write_text("what was said")
{{}}
def ask(body, path="/v1/messages?beta=true"):
    request = urllib.request.Request(settings["env"]["ANTHROPIC_BASE_URL"] + path, json.dumps(body).encode())
    request.add_header("x-api-key", "sk-ant-REAL-KEY")
    request.add_header("authorization", "Bearer REAL-TOKEN")
    return urllib.request.urlopen(request).read()
ask({{"model": "small", "messages": [{{"role": "user", "content": "a title"}}]}})
ask({{}}, "/v1/messages/count_tokens")
ask({{
    "model": "m", "tools": [{{"name": "Bash"}}], "metadata": {{"user_id": "sam"}},
    "system": "cc_version=2.1.328.x; notes in " + str(folder / "CLAUDE.md"),
}})
(user / "answered").write_text("")
"""
BEFORE = "{}"  # where a test puts more of a client


def client(folder: Path, more: str = "") -> Path:
    """An executable client; `more` runs before it asks."""
    file = folder / "claude"
    file.write_text(CLIENT.replace("{}\ndef", f"{more}\ndef"))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A user with an account, settings, notes and transcripts, and a project that the client trusts."""
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    folder = home / ".claude"
    slug = "".join(sign if sign.isalnum() else "-" for sign in str(project))
    (folder / "projects" / slug / "memory").mkdir(parents=True)
    (folder / "projects" / slug / "memory" / "MEMORY.md").write_text("- a note")
    (folder / "projects" / slug / "old.jsonl").write_text("{}")
    (folder / ".credentials.json").write_text('{"claudeAiOauth": {"accessToken": "REAL-TOKEN"}}')
    (folder / "settings.json").write_text("{}")
    (folder / "history.jsonl").write_text("{}")
    trusted = {"projects": {str(project): {"hasTrustDialogAccepted": True}}, "mcpServers": {"tickets": {}}}
    account = {"oauthAccount": {"emailAddress": "sam@shop"}, "primaryApiKey": "sk-ant-REAL-KEY"}
    (home / ".claude.json").write_text(json.dumps({**trusted, **account}))
    secrets = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS")
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **dict.fromkeys(secrets, "sk-ant-REAL-KEY")}
    environment |= {"ANTHROPIC_MODEL": "opus", "CLAUDE_CODE_USE_BEDROCK": "1", "TICKETS_KEY": "of an MCP server"}
    monkeypatch.setattr(recording, "ENDING_S", 0.5)
    return recording.place_of(project, environment, str(client(tmp_path)))


def found(place: Place) -> dict[str, object]:
    data: dict[str, object] = json.loads((Path(place.environment["HOME"]) / "found.json").read_text())
    return data


def test_a_first_request_is_recorded(place: Place) -> None:
    """The first request of all is taken, a title's, or the user's folder has another name in it."""
    made = recording.record(place, 0)
    assert made.client == "2.1.328"
    assert made.is_terminal
    notes = f"cc_version=2.1.328.x; notes in {place.client_folder / 'CLAUDE.md'}"
    assert made.body == {"model": "m", "tools": [{"name": "Bash"}], "system": notes}
    assert found(place)["is_terminal"] is True
    assert found(place)["cwd"] == str(place.project)
    assert not (Path(place.environment["HOME"]) / "answered").exists()


def test_no_credential_reaches_the_client(place: Place) -> None:
    """A key, a token or an account is in its environment, its settings or its folder, so that it could send it."""
    recording.record(place, 0)
    given = found(place)
    assert "REAL" not in json.dumps(given)
    assert "sam@shop" not in json.dumps(given)
    assert given["files"] == [".claude.json", "projects", "settings.json"]
    assert given["mode"] == "700"
    assert given["notes"] == ["- a note"]
    assert given["transcripts"] == []
    environment, state = given["environment"], given["state"]
    assert isinstance(environment, dict)
    assert isinstance(state, dict)
    assert (environment["ANTHROPIC_MODEL"], environment["TICKETS_KEY"]) == ("opus", "of an MCP server")
    assert "CLAUDE_CODE_USE_BEDROCK" not in environment
    assert environment["DISABLE_TELEMETRY"] == "1"
    assert state["mcpServers"] == {"tickets": {}}


def test_nothing_else_can_be_asked(place: Place) -> None:
    """The user's own settings can name another server, key or provider: only `--settings` are above these."""
    recording.record(place, 0)
    settings = found(place)["settings"]
    assert isinstance(settings, dict)
    assert settings["env"]["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert settings["env"]["ANTHROPIC_AUTH_TOKEN"] == settings["env"]["CLAUDE_CODE_USE_BEDROCK"] == ""
    assert settings["apiKeyHelper"] == f"echo {recording.KEY}"
    providers = ("BEDROCK", "VERTEX", "FOUNDRY", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD", "MANTLE", "GATEWAY")
    assert {name: settings["env"].get(f"CLAUDE_CODE_USE_{name}") for name in providers} == dict.fromkeys(providers, "")


def test_no_proxy_is_asked_instead(place: Place) -> None:
    """A proxy of the user's settings gets the request, as their NO_PROXY wins over the environment's."""
    (place.client_folder / "settings.json").write_text('{"env": {"HTTPS_PROXY": "http://p", "NO_PROXY": "mail.shop"}}')
    recording.record(place, 0)
    settings = found(place)["settings"]
    assert isinstance(settings, dict)
    assert settings["env"]["NO_PROXY"] == settings["env"]["no_proxy"] == "mail.shop,127.0.0.1"


@pytest.mark.parametrize("folder", ["user", "project"])
def test_a_provider_that_is_not_known(place: Place, folder: str) -> None:
    """A later client's switch for a provider sends the request to it."""
    where = place.client_folder if folder == "user" else place.project / ".claude"
    where.mkdir(exist_ok=True)
    (where / "settings.json").write_text('{"env": {"CLAUDE_CODE_USE_NEWCLOUD": "1"}}')
    with pytest.raises(RecordingError, match=r"settings\.json' sets CLAUDE_CODE_USE_NEWCLOUD, .*nothing was started"):
        recording.refuse(place)
    off = {"CLAUDE_CODE_USE_NEWCLOUD": "0", "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_POWERSHELL_TOOL": "1"}
    (where / "settings.json").write_text(json.dumps({"env": off}))
    recording.refuse(place)


def test_nothing_is_left(place: Place) -> None:
    """The temporary folder stays, or something was written into the user's."""
    home = Path(place.environment["HOME"])
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    recording.record(place, 0)
    settings = found(place)["environment"]
    assert isinstance(settings, dict)
    assert not Path(settings["CLAUDE_CONFIG_DIR"]).exists()
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.name != "found.json"}
    assert after == before


def test_what_the_client_keeps_of_a_request_has_no_header(place: Place) -> None:
    """A header, which has the key, is kept with the body."""
    with recording.serving() as server:
        assert recording.run(place, folder_of(place), server, False, 0, 20) is not None
        kept = b"".join(server.bodies)
    assert b"REAL" not in kept
    assert vars(server).keys() >= {"bodies"}
    assert "REAL" not in str([value for name, value in vars(server).items() if name != "RequestHandlerClass"])


def folder_of(place: Place) -> Path:
    folder = place.project.parent / "scratch"
    recording.build_folder(place, folder)
    return folder


def test_a_client_that_asks_its_user_is_started_without_a_terminal(place: Place, tmp_path: Path) -> None:
    """A question in the terminal (a server to allow, a new version's terms) makes the recording fail."""
    client(tmp_path, "if sys.stdin.isatty(): time.sleep(60)")
    made = recording.record(place, 0, 2.0)
    assert not made.is_terminal
    arguments = found(place)["arguments"]
    assert isinstance(arguments, list)
    assert arguments[0] == "-p"


def test_a_client_that_never_asks_is_ended(place: Place, tmp_path: Path) -> None:
    """What it started stays behind, or nobody hears what it said."""
    child = f"child = subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])"
    client(
        tmp_path,
        f"{child}; (user / 'child').write_text(str(child.pid)); print('\\x1b[31mI am \\x1b[1mlost.', flush=True);"
        " time.sleep(60)",
    )
    with pytest.raises(RecordingError, match=r"no request within 2 s: I am lost\."):
        recording.record(place, 0, 2.0)
    assert not is_running(int((Path(place.environment["HOME"]) / "child").read_text()))


def is_running(process: int) -> bool:
    """Whether it still is after a moment."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").is_file() and ") Z " in Path(f"/proc/{process}/stat").read_text():
                return False
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    return True


def test_a_folder_that_is_not_trusted(place: Place) -> None:
    """Hooks and servers of a project are started that the user has never allowed the client to start."""
    place.state.write_text(json.dumps({"projects": {str(place.project): {"hasTrustDialogAccepted": False}}}))
    with pytest.raises(RecordingError, match="never told to trust"):
        recording.record(place, 0)
    assert not (Path(place.environment["HOME"]) / "found.json").exists()
    place.state.write_text(json.dumps({"projects": {str(place.project.parent): {"hasTrustDialogAccepted": True}}}))
    assert recording.record(place, 0).client == "2.1.328"  # a folder above it is trusted


def test_an_organisations_settings(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that nothing is above send the request to another server."""
    managed = tmp_path / "managed-settings.json"
    monkeypatch.setattr(recording, "MANAGED", (managed,))
    managed.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "https://gateway"}}))
    with pytest.raises(RecordingError, match="nothing was started"):
        recording.record(place, 0)
    managed.write_text(json.dumps({"permissions": {}}))
    assert recording.record(place, 0).body["model"] == "m"


@pytest.mark.parametrize("setting", [{"env": {"X": "1"}}, {"apiKeyHelper": "echo key"}])
def test_an_organisations_other_files(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: dict[str, object]
) -> None:
    """What is in the folder beside its file, or was sent to the client's folder, wins over ours and is not seen."""
    monkeypatch.setattr(recording, "MANAGED", (tmp_path / "managed-settings.json",))
    (tmp_path / "managed-settings.d").mkdir()
    for file in (tmp_path / "managed-settings.d" / "10-keys.json", place.client_folder / "remote-settings.json"):
        file.write_text(json.dumps(setting))
        with pytest.raises(RecordingError, match=rf"{file.name}' says whom .*nothing was started"):
            recording.refuse(place)
        file.write_text('{"permissions": {}}')
        recording.refuse(place)
    assert not (folder_of(place) / "remote-settings.json").exists()


def test_no_client(place: Place) -> None:
    """Without a client there is a traceback."""
    with pytest.raises(RecordingError, match="name the executable with --client"):
        recording.place_of(place.project, {"HOME": "/", "PATH": "/nowhere"}, "")
