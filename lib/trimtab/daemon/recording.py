"""Records one first request of the user's own client, which sends it to a server of ours on the loopback.

The client runs with everything that a session in the project has: settings, plugins, skills, agents, memory files; its
MCP servers and SessionStart hooks are started. What it may not have is left out:

- Its folder is a temporary one of links to the user's, without credentials, transcripts and history. So nothing of the
  recording is kept, and there is no token that it could send. On 2.1.328 the request is the same to the byte.
- The key is a dummy. It, our address and no other provider are given as `--settings`, which win over the user's and the
  project's; only an organisation's own settings win over these, so with an `env` in them nothing is started. Nor is it
  where settings switch on a provider whose name is not known here.
- The server keeps bodies in memory, and no header. It does not answer the first request: the client is ended instead,
  before any tool could run or a Stop hook could.

Written by the client all the same (2.1.328): its log of MCP servers, in its cache folder. Tried instead: the user's
own folder (in a terminal that keeps a transcript), `-p` alone (without AskUserQuestion, another system prompt), and the
client's `/context` (asks its provider 31 times with the user's key; no hooks, styles, attribution or sections).
"""

import contextlib
import json
import os
import re
import secrets
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from trimtab import paths
from trimtab.daemon.client import RECORDING
from trimtab.errors import RecordingError
from trimtab.jsontext import read_object

PROMPT = "Say hello."
KEY = "sk-ant-recorded-by-trimtab"  # a dummy: no provider knows it
WAIT_S = 10.0  # chosen: MCP servers that start with npx or uvx were seen to take 2 to 6 s
LIMIT_S = 45.0  # after the wait, chosen: a client on a busy machine asked 6 s after its start
ENDING_S = 5.0  # to end by itself, with its MCP servers
LARGEST_BODY = 64 << 20
# Of the client's folder: who the user is, what was said, and what running clients share.
NOT_LINKED = (
    ".credentials.json",
    ".claude.json",
    "projects",
    "history.jsonl",
    "sessions",
    "backups",
    "daemon",
    "ide",
    "remote-settings.json",
)
NOT_COPIED = ("oauthAccount", "primaryApiKey", "customApiKeyResponses")  # of .claude.json
SHAPING = re.compile(  # of the environment's ANTHROPIC_* and CLAUDE*, those that say what is sent, not to whom
    r"ANTHROPIC_(MODEL|SMALL_FAST_MODEL|DEFAULT_\w+)|CLAUDE_CODE_(DISABLE|ENABLE|MAX|FORCE|EFFORT|SIMPLE)\w*"
)
QUIET = (
    "DISABLE_TELEMETRY",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
)
PROVIDER = "CLAUDE_CODE_USE_"  # begins the names that switch a provider on; the lists are of 2.1.328's own names
OTHER_PROVIDERS = tuple(
    PROVIDER + name
    for name in ("BEDROCK", "VERTEX", "FOUNDRY", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD", "MANTLE", "GATEWAY")
)
NO_PROVIDERS = tuple(PROVIDER + name for name in ("POWERSHELL_TOOL", "COWORK_PLUGINS", "NATIVE_FILE_SEARCH", "CCR_V2"))
OFF = ("", "0", "false", "no", "off")  # what the client takes for not set, in any case
NO_PROXY = ("NO_PROXY", "no_proxy")
MANAGED = (
    Path("/etc/claude-code/managed-settings.json"),
    Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
)
VERSION = re.compile(r"cc_version=(\d+\.\d+\.\d+)")


class Recording(NamedTuple):
    """A first request. `is_terminal`: as in a terminal, else as `claude -p` sends it. `client` is its version."""

    body: Mapping[str, object]
    client: str
    is_terminal: bool


class Place(NamedTuple):
    """Whose client is started where: `client_folder` has its settings, `state` is its `.claude.json`."""

    executable: str
    project: Path
    environment: Mapping[str, str]
    client_folder: Path
    state: Path


def place_of(project: Path, environment: Mapping[str, str], executable: str = "") -> Place:
    """Where the user's client and its folder are. Raises RecordingError without a client."""
    found = executable or environment.get("TRIMTAB_CLIENT", "") or "claude"
    path = shutil.which(found, path=environment.get("PATH"))
    if path is None:
        raise RecordingError(f"there is no client {found!r} on the PATH: name the executable with --client")
    return Place(path, project, environment, paths.client_folder(environment), paths.client_state(environment))


def record(place: Place, wait_s: float = WAIT_S, limit_s: float = LIMIT_S) -> Recording:
    """The first request of a session in the project. Takes about `wait_s` and 5 s. Raises RecordingError.

    A client that does not ask in a terminal, because it first asks its user something, is started with `-p`.
    """
    refuse(place)
    with tempfile.TemporaryDirectory(prefix="trimtab-", ignore_cleanup_errors=True) as scratch:
        for is_terminal in (True, False):
            folder = Path(scratch) / ("terminal" if is_terminal else "print")
            build_folder(place, folder)
            with serving() as server:
                said = run(place, folder, server, is_terminal, wait_s, wait_s + limit_s)
            if server.bodies:
                return recorded(server.bodies[0], folder, place.client_folder, is_terminal)
        raise RecordingError(f"the client sent no request within {wait_s + limit_s:.0f} s: {words(said) or 'no word'}")


def refuse(place: Place) -> None:
    """RecordingError where starting the client could reach another server, or what the user has never allowed."""
    for file in organisations(place):
        data = read_object(file)
        if data.get("env") or data.get("apiKeyHelper"):
            raise RecordingError(
                f"{str(file)!r} says whom the client asks, and nothing can be put above it: nothing was started"
            )
    for file, env in environments(place):
        for name in other_providers(env):
            raise RecordingError(
                f"{str(file)!r} sets {name}, which may be another provider that this Trimtab does not know, so the"
                " recording could reach it: nothing was started (take it out for a recording, or use --no-record)"
            )
    known = read_object(place.state).get("projects")
    projects = known if isinstance(known, dict) else {}
    for folder in (place.project, *place.project.parents):
        entry = projects.get(str(folder))
        if isinstance(entry, dict) and entry.get("hasTrustDialogAccepted") is True:
            return
    raise RecordingError(
        f"the client was never told to trust {str(place.project)!r}, whose hooks and MCP servers a recording starts:"
        " start `claude` there once, accept, and then record"
    )


def organisations(place: Place) -> Iterator[Path]:
    """Where an organisation's settings may be: its files, those in the folder beside each, and what it sent."""
    for file in MANAGED:
        yield file
        yield from sorted(file.with_name("managed-settings.d").glob("*.json"))
    yield place.client_folder / "remote-settings.json"


def environments(place: Place) -> Iterator[tuple[Path, dict[str, object]]]:
    """The `env` of each of the user's and the project's files, where it has one that can be read."""
    ours = (place.project / ".claude" / name for name in ("settings.json", "settings.local.json"))
    for file in (place.state, place.client_folder / "settings.json", *ours):
        env = read_object(file).get("env")
        if isinstance(env, dict):
            yield file, env


def other_providers(env: Mapping[str, object]) -> Iterator[str]:
    """The variables that are set, and may be switches of providers that are not known here."""
    for name, value in env.items():
        is_known = name in OTHER_PROVIDERS or name in NO_PROVIDERS
        if name.startswith(PROVIDER) and not is_known and str(value).strip().lower() not in OFF:
            yield name


def direct(place: Place) -> str:
    """What is asked without a proxy: what the user's environment and settings have, and the loopback."""
    found = [place.environment, *(env for _, env in environments(place))]
    given = [str(env[name]) for env in found for name in NO_PROXY if env.get(name)]
    return ",".join(dict.fromkeys([*given, "127.0.0.1"]))


def build_folder(place: Place, folder: Path) -> None:
    """The client's folder for a recording: links, and a `.claude.json` that has no account and answers its questions.

    Of transcripts there is only the link to the project's notes, which are a part of the prompt.
    """
    folder.mkdir(mode=0o700)
    if place.client_folder.is_dir():
        for entry in place.client_folder.iterdir():
            if entry.name not in NOT_LINKED:
                (folder / entry.name).symlink_to(entry)
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(place.project))
    transcripts = folder / "projects" / slug
    transcripts.mkdir(parents=True)
    notes = place.client_folder / "projects" / slug / "memory"
    if notes.is_dir():
        (transcripts / "memory").symlink_to(notes)
    state = {name: value for name, value in read_object(place.state).items() if name not in NOT_COPIED}
    state |= {"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}
    state.setdefault("theme", "dark")
    (folder / ".claude.json").write_text(json.dumps(state), encoding="utf-8")


def variables(place: Place, folder: Path, url: str) -> dict[str, str]:
    """The user's environment without what says whom to ask and as whom."""
    kept = {
        name: value
        for name, value in place.environment.items()
        if not name.startswith(("ANTHROPIC_", "CLAUDE")) or SHAPING.fullmatch(name)
    }
    ours = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, "CLAUDE_CONFIG_DIR": str(folder), RECORDING: "1"}
    ours |= {**dict.fromkeys(NO_PROXY, direct(place)), "TERM": "xterm-256color"}
    return {**kept, **ours, **dict.fromkeys(QUIET, "1")}


def overrides(place: Place, url: str, wait_s: float) -> str:
    """The settings that win over all of the user's. The hook says nothing: it gives MCP servers time to start."""
    env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, **dict.fromkeys(NO_PROXY, direct(place))}
    env |= dict.fromkeys(("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", *OTHER_PROVIDERS), "")
    wait = {"type": "command", "command": f"sleep {wait_s:g}", "timeout": int(wait_s) + 30}
    return json.dumps(
        {
            "env": env,
            "apiKeyHelper": f"echo {shlex.quote(KEY)}",
            "disableDeepLinkRegistration": "disable",
            "hooks": {"SessionStart": [{"hooks": [wait]}]},
        }
    )


# The client


def run(place: Place, folder: Path, server: "Server", is_terminal: bool, wait_s: float, limit_s: float) -> bytes:
    """Runs the client until it has sent its request, or so long; the end of what it said."""
    given = ("--settings", overrides(place, server.url, wait_s))
    command = [place.executable, *(() if is_terminal else ("-p",)), *given, PROMPT]
    environment = variables(place, folder, server.url)
    ours, theirs = terminal() if is_terminal else os.pipe()
    said = b""
    try:
        try:
            process = subprocess.Popen(
                command, cwd=place.project, env=environment, stdin=theirs if is_terminal else subprocess.DEVNULL,
                stdout=theirs, stderr=theirs, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            raise RecordingError(f"the client {place.executable!r} can't be started: {exc}") from exc
        finally:
            os.close(theirs)
        try:
            ends = time.monotonic() + limit_s
            while not server.came.is_set() and process.poll() is None and time.monotonic() < ends:
                said = (said + heard(ours))[-4_000:]
        finally:
            end(process, ours)
    finally:
        os.close(ours)
    return said


def terminal() -> tuple[int, int]:
    """Both ends of a new terminal of 120 columns. Raises RecordingError where there are none."""
    try:
        import fcntl
        import pty
        import struct
        import termios
    except ImportError as exc:  # Windows
        raise RecordingError("a recording needs a pseudo-terminal, which this system does not have") from exc
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    return ours, theirs


def heard(file: int) -> bytes:
    """What the client wrote in the last moment."""
    ready, _, _ = select.select([file], [], [], 0.1)
    try:
        return os.read(file, 65_536) if ready else b""
    except OSError:  # it has closed its end
        time.sleep(0.05)
        return b""


def end(process: "subprocess.Popen[bytes]", output: int) -> None:
    """Ends the client, and kills what is left of its group: MCP servers that did not leave with it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number) if number == signal.SIGKILL else process.send_signal(number)
        ends = time.monotonic() + ENDING_S
        while process.poll() is None and time.monotonic() < ends:
            heard(output)  # a full pipe would keep it from ending


def words(said: bytes) -> str:
    """The last words of what a client said, without its terminal's signs."""
    plain = re.sub(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)", b" ", said)
    return " ".join(plain.decode("utf-8", "replace").split())[-300:]


# The server


class Server(ThreadingHTTPServer):
    """Keeps the bodies of requests that offer tools; `came` says that there is one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = secrets.token_urlsafe(16)  # in the address: whoever else finds the port is told nothing
        self.url = f"http://127.0.0.1:{self.server_address[1]}/{self.secret}"
        self.bodies: list[bytes] = []
        self.came, self.done = threading.Event(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Takes a body and drops the rest of the request with it."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing, and so no header."""

    def do_GET(self) -> None:
        self.reply(b"{}")

    do_HEAD = do_GET  # noqa: N815 - the name that the library calls

    def do_POST(self) -> None:
        size = self.headers.get("content-length") or "0"
        if not self.path.startswith(f"/{self.server.secret}/") or not size.isdigit() or int(size) > LARGEST_BODY:
            self.close_connection = True
            return
        body = self.rfile.read(int(size))
        if self.path.split("?")[0].endswith("/v1/messages") and offers_tools(body):
            self.server.bodies.append(body)
            self.server.came.set()
            self.server.done.wait()  # the client is ended, not answered
            self.close_connection = True
        else:
            self.reply(b'{"input_tokens":1,"content":[],"usage":{"input_tokens":1,"output_tokens":1}}')

    def reply(self, data: bytes) -> None:
        """A success; what a client asks beside its request (a title, a count) it can do without."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of the loopback."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.done.set()
            server.shutdown()
            thread.join()


def offers_tools(body: bytes) -> bool:
    """Whether it is a conversation's request: those beside it have no tools."""
    try:
        data: object = json.loads(body)
    except ValueError:
        return False
    return isinstance(data, dict) and bool(data.get("tools"))


def recorded(body: bytes, folder: Path, client_folder: Path, is_terminal: bool) -> Recording:
    """The request as the user's own folder would have made it; who sent it and as whom is left out."""
    ours, theirs = (json.dumps(str(path), ensure_ascii=False)[1:-1] for path in (folder, client_folder))
    data = json.loads(body.decode("utf-8", "replace").replace(ours, theirs))
    data.pop("metadata", None)
    version = VERSION.search(json.dumps(data.get("system"))[:2_000])
    return Recording(data, version[1] if version else "", is_terminal)
