"""PreToolUse of Bash: the output of a failing command can be a view only if the command itself ends with it.

The client does not take a replacement for a failed tool's output. So where the user lets all commands run (and only
there: rules judge the rewritten command), an EXIT trap goes before the command. Where that fails, `daemon.failed` puts
the view into the output. Nothing is redirected: what the command prints, when, and to what, its exit code, working
directory, signals, timeouts and background jobs stay as they are (tests/odd_commands.py). The command's text stays as
it is, for the user's deny rules to see. A group that writes to a file of ours was rejected: its output would come at
the end only, and its jobs would hold our file.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from trimtab.handlers import rivals
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.records import IntegrationMode

LONGEST_BYTES = 100_000  # quoted; the client passes it within one argument, which Linux limits to 128 KiB
CHECK_S = 0.3
# The client takes exit status 1 of these for no failure (client 2.1.328, its code); then PostToolUse trims.
TOLERANT = re.compile(
    r"\s*(?:(?:grep|rg|egrep|fgrep|find|diff|test|\[)(?:\s|$)|git(?:\s+-\S+(?:\s+\S+)?)*\s+(?:diff|grep)\b)"
)
STARTS_WITH_SLEEP = re.compile(r"\s*(?:#[^\n]*\n\s*)*sleep(?:\s|$)")
UNFIT = (  # and why; each was seen to print something else when wrapped, or is next to one that was
    (re.compile(r"\btrap\b"), "sets or shows traps"),
    (re.compile(r"\bset\b[^\n;&|]*\s(?:-[A-Za-z]*[vr]|-o\s+verbose)"), "prints what it reads, or may redirect nothing"),
    (re.compile(r"\bBASH_EXECUTION_STRING\b|\bBASH_XTRACEFD\b|\$_(?!\w)|\$\{_\W"), "looks at itself"),
    (re.compile(r"\b(?:ps|pgrep|pkill|killall|pidof|top|htop|lsof|fuser)\b|/proc/"), "looks at processes"),
    (re.compile(r"\bulimit\b[^\n;&|]*-[A-Za-z]*u"), "leaves no process for us"),
)
PLAIN_ROOT = re.compile(r"/[\w ./@%+,=:~-]*")
# HUP, INT, TERM: somebody wants it to end now. Other shells have no BASH_VERSION.
TRAP = (
    'trap \'{{ case "${{BASH_VERSION:+$?}}" in ""|0|129|130|143) ;;'
    ' *) /bin/sh "{root}/hooks/failed" {key} 9>&1 >/dev/null || :;; esac; }} 2>/dev/null\' EXIT; '
)  # stderr first: neither a closed stdout nor `set -x` prints anything. No status of its own, because of `set -e`.
OURS = re.compile(r"trap '\{ case \"\$\{BASH_VERSION:[^']*/hooks/failed\" [0-9a-f]{12} [^']*' EXIT; ")


def handle(event: Event, desk: Desk) -> Reply | None:
    """The command with the trap before it; None where it is better left alone."""
    if text(event.data, "permission_mode") != "bypassPermissions" or event.tool_input.get("run_in_background"):
        return None
    command = text(event.tool_input, "command")
    root = event.environment.get("ROOT", "")
    settings = desk.settings(event)
    if not settings.wrap_failing or settings.mode is IntegrationMode.MONITORING_ONLY:
        return None
    if command != event.tool_input.get("command") or not PLAIN_ROOT.fullmatch(root) or refusal(command):
        return None
    configured = event.environment.get("CLAUDE_CONFIG_DIR", "")
    client_folder = Path(configured) if configured else desk.home / ".claude"
    if rivals.has_rivals(client_folder, event.project, root):
        return None
    desk.await_failure(key(event), event)
    given = {**event.tool_input, "command": wrapped(command, root, key(event))}
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": given}}


def unwrapped(event: Event, desk: Desk) -> Event:
    """The PostToolUse of a command as if it had not been wrapped; one that runs on in the background fails unseen."""
    desk.awaited(key(event))
    command = text(event.tool_input, "command")
    ours = OURS.match(command)
    return event._replace(tool_input={**event.tool_input, "command": command[ours.end() :]}) if ours else event


def key(event: Event) -> str:
    """What the trap calls the command: short, for the user sees it in a refusal."""
    return hashlib.sha256(f"{event.session} {event.tool_use_id}".encode("utf-8", "replace")).hexdigest()[:12]


def wrapped(command: str, root: str, name: str) -> str:
    """The command to run instead. Descriptor 9 is the shell's stdout of the moment, for our program alone."""
    return TRAP.format(root=root, key=name) + command


def refusal(command: str) -> str:
    """Why the command is better left alone; "" where it may be wrapped."""
    if "\0" in command or not re.search(r"^\s*[^\s#]", command, re.M):
        return "nothing to run"
    if len(command.encode()) + 4 * command.count("'") > LONGEST_BYTES:
        return "too long"
    if STARTS_WITH_SLEEP.match(command):
        return "starts with sleep, which the client looks at"
    for pattern, reason in UNFIT:
        if pattern.search(command):
            return reason
    if TOLERANT.match(last_part(command)):
        return "its exit status 1 is no failure"
    return "" if sys.platform == "linux" and is_sound(command) else "bash can't read it to its end"


def last_part(command: str) -> str:
    """The text from the last separator on. Taken wrongly inside of quotes: then at worst a view is not made."""
    lines = [line for line in command.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    return re.split(r"&&|\|\|?|;|&(?!>|\d)", lines[-1].rstrip(" \t;"))[-1].strip() if lines else ""


def is_sound(command: str) -> bool:
    """Whether bash reads the command to its end without a warning; it runs nothing of it.

    Else its complaint would quote the line that the trap is in.
    """
    try:
        done = subprocess.run(
            ["bash", "--norc", "--noprofile", "-n"],
            input=command.encode(),
            capture_output=True,
            timeout=CHECK_S,
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and not done.stderr
