"""The commands: `COMMANDS` names them, each is a module that is loaded when it is asked for.

Exit status: 0 done, 1 refusal (or, from `doctor`, something to do), 2 usage, 3 a bug, whose traceback goes to a log.
"""

import contextlib
import importlib
import io
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from trimtab import __version__, paths
from trimtab.errors import TrimtabError

COMMANDS = (
    "report",
    "watch",
    "usage",
    "audit",
    "slim",
    "agents",
    "budget",
    "alerts",
    "status",
    "doctor",
    "view",
    "rules",
    "experiment",
    "demo",
)
REFUSED, USAGE, BUG, INTERRUPTED = 1, 2, 3, 130
BUG_LOG = "cli-error.log"


class Commands(click.Group):
    """`COMMANDS`, each imported when it is looked at: `trimtab --version` loads none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"trimtab.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="`trimtab setup` makes Trimtab's Python environment beforehand. Exit status: 0 done, 1 refused or something "
    "to do, 2 wrong usage, 3 a bug in Trimtab.",
)
@click.version_option(__version__, message="trimtab %(version)s")
def commands() -> None:
    """Shows a coding agent each file at the cheapest of four tiers, and records what that saved."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. Prints what went wrong without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that can't show a bar or an arrow shows `?`
    try:
        status = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return status
    except click.ClickException as exc:
        exc.show()
        return USAGE if isinstance(exc, click.UsageError) else REFUSED
    except (click.Abort, KeyboardInterrupt):
        print("trimtab: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except TrimtabError as exc:
        print(f"trimtab: {exc}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # `trimtab report | head -3`: the reader has what it wanted
        leave_stdout()
        return 0
    except Exception:  # noqa: BLE001 - the edge: a bug of ours gets a log, not a traceback in the user's face
        print(f"trimtab: a bug in Trimtab; {log_bug(os.environ, time.time())}", file=sys.stderr)
        return BUG


def run(arguments: Sequence[str]) -> int:
    """What the command returns, 0 where it returns nothing. Not click's own `main`: that exits for a closed pipe."""
    try:
        with commands.make_context("trimtab", list(arguments)) as context:
            outcome: object = commands.invoke(context)
    except click.exceptions.Exit as exc:  # --help, --version
        return exc.exit_code
    return outcome if isinstance(outcome, int) else 0


def leave_stdout() -> None:
    """Let nothing more be written to a closed stdout, not even when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def log_bug(environment: Mapping[str, str], now: float) -> str:
    """Write the exception that is being handled to the log; a sentence that says where it is."""
    trace = traceback.format_exc()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    try:
        path: Path = paths.daemon_folder(environment) / BUG_LOG
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} trimtab {__version__}, Python {sys.version.split()[0]}\n{trace}\n")
    except (OSError, TrimtabError) as exc:
        return f"its log can't be written ({exc}), so here it is:\n{trace}"
    return f"its traceback is at the end of {str(path)!r}. Please report it."
