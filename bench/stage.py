"""A recorded output put on a stage: programs that print it, and the shell command that a tool makes of the call.

A tool that rewrites commands (rtk, tokenjuice, token-optimizer, claude-compress) is given the client's PreToolUse
event, and what it makes of the command is run in bash with programs first on PATH that print the recording and exit as
the real ones did. Where a tool asks its program for something else, the recording is printed as that: rtk wants JSON of
eslint, a line a commit of `git log`, the numbers of a `git diff`, a container's last hundred lines. (It wants JSON of
kubectl too, and shows the table whole where it gets that.)
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.needles.harness import Family

SECONDS = 30
RANKS = "TIKTOKEN_CACHE_DIR"
FAILED = {  # exit codes of the recorded commands; of all others 0
    "eslint": 1, "make": 2, "mocha": 8, "npm": 1, "pytest": 1, "ruff": 1, "tsc": 2, "unittest": 1, "vitest": 1,
}  # fmt: skip
SYSTEM = ":".join(
    dict.fromkeys([str(Path(shutil.which("node") or "/bin/node").parent), "/usr/local/bin", "/usr/bin", "/bin"])
)
LOGS, LOG = "/var/log/nginx/", "access.log.1"  # a log that a command reads is put into the project
RUNNERS = ("npx", "python")  # what they run may also be called by itself
PROGRAM = """#!/bin/sh
case "{name} $*" in
*pretty=format*) cat "{folder}/lines" ;;
*no-patch*) cat "{folder}/numbers" ;;
*"--tail 100"*) tail -n 100 "{folder}/output" ;;
*"-f json"*) cat "{folder}/json" ;;
*) cat "{folder}/output" ;;
esac
exit {code}
"""
COMMIT = re.compile(r"^commit ([0-9a-f]{40})\nAuthor: (.+?) <.+>\nDate: .+\n((?:\n|    .*\n?)*)", re.M)
FINDING = re.compile(r"^\s+(\d+):(\d+)\s+(error|warning)\s+(.+?)\s{2,}(\S+)$")


class Stage:
    """A home, a project and programs for one recording."""

    def __init__(self, folder: Path, name: str, of: Family) -> None:
        self.home, self.project, self.programs = folder / "home", folder / "project", folder / "bin"
        for made in (self.home, self.project, self.programs):
            made.mkdir(parents=True)
        self.name, self.of = name, of
        self.command = f"cat {of.command}" if of.is_file else of.command.replace(LOGS, "")
        self.file = self.project / (of.command if of.is_file else LOG if LOGS in of.command else "output.txt")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(of.text + "\n", encoding="utf-8")
        self.code = FAILED.get(name, 0)
        path = (
            f"{self.programs}:{SYSTEM}"  # not the user's: a version manager's python3 puts other programs before ours
        )
        (self.home / ".bash_profile").write_text(f"export PATH={shlex.quote(path)}\n", encoding="utf-8")  # for bash -l
        self.environment = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "FURL_PROFILE_BANNER": "0"}
        if RANKS in os.environ:
            self.environment[RANKS] = os.environ[RANKS]
        if not of.is_file and self.file.name != LOG:
            self._put_programs(folder)

    def _put_programs(self, folder: Path) -> None:
        (folder / "output").write_text(self.of.text + "\n", encoding="utf-8")
        if self.name in OTHERWISE:
            file, make = OTHERWISE[self.name]
            (folder / file).write_text(make(self.of.text), encoding="utf-8")
        words = shlex.split(self.command)
        for word in words[:1] + (words[1:2] if words[0] in RUNNERS else []):
            program = self.programs / word
            program.write_text(PROGRAM.format(name=word, folder=folder, code=self.code), encoding="utf-8")
            program.chmod(0o755)

    def run(self, command: Sequence[str], text: str = "", more: Mapping[str, str] | None = None) -> str | None:
        """What `command` prints on its stdout, whatever its exit code; None where it prints nothing."""
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS,
                cwd=self.project, env={**self.environment, **(more or {})},
                **({"input": text} if text else {"stdin": subprocess.DEVNULL}),
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.stdout.strip() else None

    def hooked(self, hook: Sequence[str], path: str = "") -> str | None:
        """What the agent gets where `hook` may rewrite the command; `path` has folders of programs that it calls."""
        event = {
            "session_id": "s1", "transcript_path": str(self.home / "s1.jsonl"), "cwd": str(self.project),
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "t1",
            "tool_input": {"command": self.command},
        }  # fmt: skip
        more = {"PATH": f"{self.environment['PATH']}:{path}"} if path else {}
        if path:
            profile = f"export PATH={shlex.quote(more['PATH'])}\n"
            (self.home / ".bash_profile").write_text(profile, encoding="utf-8")
        answer = self.run(hook, json.dumps(event), more)
        command = rewritten(answer) if answer else None
        return self.run(["bash", "-c", command], more=more) if command else self.of.text


def rewritten(answer: str) -> str | None:
    """The command that a hook's answer asks for instead; None where it leaves the command alone."""
    try:
        output = json.loads(answer)["hookSpecificOutput"]
        return str(output["updatedInput"]["command"])
    except (ValueError, KeyError, TypeError):
        return None


def commits(text: str) -> str:
    """`git log` as rtk asks for it."""
    return "\n".join(one_line(match) for match in COMMIT.finditer(text))


def one_line(match: re.Match[str]) -> str:
    said = [line.strip() for line in match[3].strip().split("\n")]
    return f"{match[1][:7]} {said[0]} (2 days ago) <{match[2]}>\n" + "\n".join(said[1:]).strip() + "\n---END---"


def numbers(diff: str) -> str:
    """Of the lines that a diff changes, by file."""
    git = shutil.which("git")
    assert git is not None, "git is needed"
    return subprocess.run([git, "apply", "--stat"], input=diff + "\n", capture_output=True, text=True).stdout


def findings(text: str) -> str:
    """eslint's own output as its JSON."""
    files: list[dict[str, object]] = []
    messages: list[dict[str, object]] = []
    for line in text.split("\n"):
        match = FINDING.match(line)
        if match:
            kind = 2 if match[3] == "error" else 1
            found = {"ruleId": match[5], "severity": kind, "message": match[4]}
            messages.append({**found, "line": int(match[1]), "column": int(match[2])})
        elif line.startswith("/"):
            messages = []
            files.append({"filePath": line.strip(), "messages": messages})
    for file in files:
        found_here = file["messages"]
        assert isinstance(found_here, list)
        errors = sum(message["severity"] == 2 for message in found_here)
        file |= {"errorCount": errors, "warningCount": len(found_here) - errors, "fixableErrorCount": 0}
    return json.dumps(files)


OTHERWISE = {  # by recording, the format that rtk asks for, and how to make it
    "eslint": ("json", findings),
    "git-diff": ("numbers", numbers),
    "git-log": ("lines", commits),
}
