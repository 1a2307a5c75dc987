"""Runs the real client offline against a scripted model: where it is, the environment it gets, what came of a run.

The client is one pinned version, looked for in $TRIMTAB_CLIENT, else in the user's cache folder. It gets an
environment of its own (`env -i`), so nothing of the caller's settings, keys or account reaches it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.client.model import Body, ModelServer, Request, serve

VERSION = "2.1.328"
PACKAGES = (f"@anthropic-ai/claude-code@{VERSION}", f"@anthropic-ai/claude-code-linux-x64@{VERSION}")
PLUGIN = Path(__file__).resolve().parents[2]
KEY = "sk-ant-fake"
Finished = subprocess.CompletedProcess[str]


class Session(NamedTuple):
    """What came of one run of the client. `failures` are the script's, `faults` what the plugin logged of its own."""

    exit_code: int
    stdout: str
    stderr: str
    requests: list[Request]
    failures: list[str]
    faults: list[str]
    wall_s: float

    def bodies(self, kind: str = "main") -> list[Body]:
        """The requests whose kind starts with `kind`, in order."""
        return [request.body for request in self.requests if request.kind.startswith(kind)]

    def events(self) -> list[Body]:
        """The client's stream-json lines."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def notices(self) -> list[str]:
        """What the client told the user beside the model's answers: notices, and hooks' messages."""
        found = []
        for event in self.events():
            if event.get("subtype") == "informational":
                found.append(str(event["content"]))
            elif event.get("subtype") == "hook_response" and '"systemMessage"' in event["output"]:
                found.append(str(json.loads(event["output"])["systemMessage"]))
        return found

    def check(self, *, faults: bool = False) -> "Session":
        """The session, if the client and the script ended well and the plugin had no fault (or `faults`)."""
        assert faults or not self.faults, self.faults  # first: they say why the rest went wrong
        assert self.exit_code == 0, f"the client left with {self.exit_code}: {self.stderr[-2000:]}{self.stdout[-2000:]}"
        assert not self.failures, self.failures
        return self


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where the pinned client is kept between runs, outside of every clone."""
    base = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME') or Path.home()}/.cache"
    return Path(base) / "trimtab" / f"client-{VERSION}"


def find_client(environment: Mapping[str, str]) -> Path | None:
    """The client's executable, or None where it is not installed."""
    given = environment.get("TRIMTAB_CLIENT")
    modules = cache_folder(environment) / "node_modules" / "@anthropic-ai"
    path = Path(given) if given else modules / "claude-code-linux-x64" / "claude"
    return path if os.access(path, os.X_OK) else None


def how_to_install(environment: Mapping[str, str]) -> str:
    return (
        f"the client {VERSION} is not installed: npm install --prefix '{cache_folder(environment)}' "
        f"{' '.join(PACKAGES)}, or name its executable in TRIMTAB_CLIENT"
    )


def variables(home: Path, url: str = "http://127.0.0.1:9", **more: str) -> dict[str, str]:
    """The client's whole environment. Without a `url` it has nobody to ask."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "IS_SANDBOX": "1",  # without it the client refuses bypassPermissions to root
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": KEY,
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **more,
    }


def quietly(command: Sequence[str], folder: Path, environment: Mapping[str, str], limit_s: float) -> Finished:
    """Runs a command that has nobody to ask."""
    nobody = subprocess.DEVNULL
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=nobody, capture_output=True, text=True, timeout=limit_s
    )


class Runner(NamedTuple):
    """A client with a home of its own and a project to work in. `more` is added to the client's environment."""

    client: Path
    home: Path
    project: Path
    more: dict[str, str] = {"TRIMTAB_ENVIRONMENT": sys.prefix}  # noqa: RUF012  (never changed)

    def run(
        self,
        prompt: str,
        script: ModelServer,
        *,
        plugins: Sequence[Path] = (PLUGIN,),
        model: str = "claude-opus-5-5",
        arguments: Sequence[str] = (),
        timeout_s: float = 120,
    ) -> Session:
        """One headless session that `script` answers; the plugins are loaded from their folders."""
        command = [str(self.client), "-p", prompt, "--model", model, "--permission-mode", "bypassPermissions"]
        command += ["--output-format", "stream-json", "--verbose", *arguments]
        for plugin in plugins:
            command += ["--plugin-dir", str(plugin)]
        started = time.perf_counter()
        with serve(script) as url:
            environment = variables(self.home, url, **self.more)
            try:
                done = quietly(command, self.project, environment, timeout_s)
                code, out, err = done.returncode, done.stdout, done.stderr
            except subprocess.TimeoutExpired:
                code, out, err = 124, "", f"not done after {timeout_s} s"
        wall_s = time.perf_counter() - started
        return Session(code, out, err, script.requests, script.failures, self.faults(), wall_s)

    def command(self, *arguments: str) -> str:
        """What `claude ARGUMENTS` prints; it must succeed without a question."""
        done = quietly([str(self.client), *arguments], self.project, variables(self.home, **self.more), 60)
        assert done.returncode == 0, f"claude {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @property
    def daemon_folder(self) -> Path:
        return self.home / ".claude-patterns" / "daemon"

    def daemon(self) -> int:
        """The process id of this home's daemon, 0 where none was started."""
        try:
            return int(json.loads((self.daemon_folder / "status.json").read_text())["pid"])
        except FileNotFoundError:
            return 0

    def faults(self) -> list[str]:
        """What the plugin logged of its own faults, less a reply that nobody waited for.

        A client in -p mode kills its asynchronous hooks when it leaves.
        """
        try:
            lines = (self.daemon_folder / "log.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if "BrokenPipeError" not in line]


def is_running(process: int) -> bool:
    """Whether the process is there and not just waiting for its parent to hear that it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def stopping(runner: Runner) -> Iterator[Runner]:
    """Ends the home's daemon afterwards: it leaves when its address is gone, and is killed if it doesn't."""
    try:
        yield runner
    finally:
        process = runner.daemon()
        for name in ("socket", "port"):
            with contextlib.suppress(FileNotFoundError):
                (runner.daemon_folder / name).unlink()
        ends = time.monotonic() + 5
        while process and is_running(process) and time.monotonic() < ends:
            time.sleep(0.05)
        if process and is_running(process):
            os.kill(process, signal.SIGKILL)


@contextlib.contextmanager
def fresh(client: Path) -> Iterator[Runner]:
    """An empty home and an empty project, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tt-", ignore_cleanup_errors=True) as scratch:  # short: a socket goes below
        home, project = Path(scratch) / "home", Path(scratch) / "project"
        home.mkdir()
        project.mkdir()
        with stopping(Runner(client, home, project)) as runner:
            yield runner
