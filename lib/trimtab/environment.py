"""The Python environment that Trimtab's libraries live in: where it is, and how it is made from locked versions.

`X/environment` is a link to `X/environments/KEY`, which is made aside and counts once its file `complete` is there;
the link is switched last, so nobody ever sees half an environment. The first line of `complete` is the first line of
the lock file, a digest of the rest: a changed lock means another environment.

Runs as a program too, under whatever `python3` there is, so this file keeps to the standard library and to what
Python 3.7 parses (an old Python has to get a message, not a SyntaxError):

    python3 -I lib/trimtab/environment.py make [--lock FILE] [--target PATH]     prints the path of the environment
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

if __package__ in (None, ""):  # run as a file: -I keeps even its own folder off the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from trimtab.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
OLDEST, NEWEST = (3, 10), (3, 14)  # what the lock was made for and the tests run with
NEEDED_MB = 250  # the environment takes 66 MB, a development one 161 MB (2026-11); the rest is room to unpack
STEP_TIMEOUT_S = 600  # chosen: a slow line needs about 100 s for 15 MB
NETWORK_TIMEOUT_S = "15"
PROBE = (
    "import sys\n"
    "try:\n import venv, ensurepip; pip = 1\n"
    "except ImportError: pip = 0\n"
    "print(sys.version_info[0], sys.version_info[1], sys.version_info[2], pip)\n"
    "print(getattr(sys, '_base_executable', None) or sys.executable)\n"
)
FULL, UNWRITABLE = "the disk is full", "a folder can't be written"
NO_NETWORK_WORDS = (
    *("error sending request", "dns error", "Could not connect", "Failed to establish a new connection"),
    *("NewConnectionError", "Temporary failure in name resolution", "Connection refused", "ConnectTimeout"),
    *("Read timed out", "timed out", "ProxyError", "Cannot connect to proxy", "CERTIFICATE_VERIFY_FAILED", "SSLError"),
)
CAUSES = (  # words in the tools' output, and what they mean; the first that fits
    (("No space left on device", "os error 28", "Disk quota exceeded", "os error 122"), FULL),
    (("do not match the hashes", "Hash mismatch"), "a downloaded package is not the one that was locked (wrong hash)"),
    (NO_NETWORK_WORDS, "no package registry could be reached (no network, or a proxy or certificate is not set)"),
    (("No matching distribution found", "no wheels", "has no usable wheels"), "a package has no wheel for this system"),
    (("Permission denied", "os error 13", "Read-only file system", "os error 30"), UNWRITABLE),
)
ADVICE = {
    FULL: "Free about {needed} MB there, then start again.",
    UNWRITABLE: "Make it writable, or set TRIMTAB_ENVIRONMENT to a path that is.",
}


class Python(NamedTuple):
    """An interpreter that works. `can_make` says whether it has the modules venv and ensurepip."""

    path: str
    version: tuple[int, int, int]
    can_make: bool


def interpreter(environment: Path) -> Path:
    """The Python of an environment, whether it is there or not."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def home(variables: Mapping[str, str]) -> Path:
    return Path(variables["HOME"]) if variables.get("HOME") else Path.home()


def target(variables: Mapping[str, str]) -> Path:
    """Where an environment is made when none is ready."""
    if variables.get("TRIMTAB_ENVIRONMENT"):
        return Path(variables["TRIMTAB_ENVIRONMENT"])
    if variables.get("CLAUDE_PLUGIN_DATA"):
        return Path(variables["CLAUDE_PLUGIN_DATA"]) / "environment"
    return home(variables) / ".claude-patterns" / "environment"


def find(variables: Mapping[str, str], lock: Path = LOCK) -> Path | None:
    """The environment to use, None if none is ready. bin/trimtab and hooks/python look in the same order.

    The one that TRIMTAB_ENVIRONMENT names is trusted as it is; the others must have been made from `lock`. Then come
    the plugin's data folder (known to hooks alone), the user's folder, and the newest data folder of any install.
    """
    named = variables.get("TRIMTAB_ENVIRONMENT")
    if named:
        return Path(named) if interpreter(Path(named)).exists() else None
    places = [home(variables) / ".claude-patterns" / "environment"]
    if variables.get("CLAUDE_PLUGIN_DATA"):
        places.insert(0, Path(variables["CLAUDE_PLUGIN_DATA"]) / "environment")
    ready = [place for place in places if is_ready(place, lock)]
    if ready:
        return ready[0]
    client = Path(variables.get("CLAUDE_CONFIG_DIR") or home(variables) / ".claude")
    installs = (client / "plugins" / "data").glob("trimtab-*/environment")
    ready = [place for place in installs if is_ready(place, lock)]
    return max(ready, key=lambda place: (place / "complete").stat().st_mtime, default=None)


def is_ready(environment: Path, lock: Path = LOCK) -> bool:
    """Whether `environment` was made, completely, from `lock`, and its Python is still there. Never raises."""
    try:
        return interpreter(environment).exists() and first_line(environment / "complete") == first_line(lock)
    except OSError:
        return False


def first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n")


class Order(NamedTuple):
    """One environment to make. `held` is the open lock file: the tools inherit it, so that one which outlives us
    keeps the next start waiting instead of writing into what that start makes."""

    made: Path
    lock: Path
    python: Python
    uv: str | None
    variables: Mapping[str, str]
    log: Path
    held: int


def make(place: Path, lock: Path, variables: Mapping[str, str], progress: IO[str] | None = None) -> Path:
    """Make the environment of `lock` at `place` if it is not ready there; `place` comes back.

    Two at once make one: the second waits. What an interrupted one left behind is removed. Raises SetupError with
    what is wrong and what to do.
    """
    folder = place.with_name(place.name + "s")
    try:
        if place.exists() and not place.is_symlink():
            raise SetupError(f"{str(place)!r} exists and Trimtab did not make it: move it away, then start again.")
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock", progress) as held:
            if not is_ready(place, lock):
                _make(place, lock, variables, progress, held)
    except OSError as exc:
        raise SetupError(f"The environment {str(place)!r} can't be made: {_named(exc)}") from exc
    return place


def _make(place: Path, lock: Path, variables: Mapping[str, str], progress: IO[str] | None, held: int) -> None:
    """`make`, under the lock."""
    folder = place.with_name(place.name + "s")
    _remove_leftovers(folder)
    uv = _working_uv(variables)
    python = choose_python(variables, needs_venv=uv is None)
    digest = first_line(lock).rsplit(" ", 1)[-1]
    key = f"{digest[:12]}-py{python.version[0]}.{python.version[1]}-{platform.machine()}"
    made = folder / key
    if not is_ready(made, lock):
        free_mb = shutil.disk_usage(folder).free >> 20
        if free_mb < NEEDED_MB:
            raise OSError(errno.ENOSPC, f"{free_mb} MB are free, {NEEDED_MB} MB are needed", str(folder))
        with _told(progress, f"trimtab: making its environment in {folder} (once, about 20 s) ..."):
            _fill(Order(made, lock, python, uv, variables, folder / "make.log", held))
            stamp = made / "complete.new"
            stamp.write_text(f"{first_line(lock)}\npython {'.'.join(map(str, python.version))}\n", encoding="utf-8")
            stamp.replace(made / "complete")
    link = folder / "link"
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(f"{folder.name}/{key}")
    link.replace(place)
    _remove_old(folder, made)


def _fill(order: Order) -> None:
    """Make the environment and install the lock into it: with uv where that works, else with venv and pip.

    uv takes 2 s, pip 15 s (2-core Linux machine, 2026-11), but uv knows nothing of pip's configuration, so a failure
    of uv is no reason to give up while pip is there. Raises SetupError and leaves nothing when both fail.
    """
    order.log.write_text("", encoding="utf-8")
    made, into, lock = str(order.made), str(interpreter(order.made)), str(order.lock)
    if order.uv is not None:
        steps = [
            [order.uv, "venv", "--no-project", "--no-python-downloads", "--python", order.python.path, made],
            [order.uv, "pip", "install", "--python", into, "--require-hashes", "--no-build", "-r", lock],
        ]
        if all(_ran(step, order) for step in steps):
            return
        shutil.rmtree(made, ignore_errors=True)
        if not order.python.can_make:
            raise _failure(order.log)
    pip = [into, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    limits = ["--retries", "2", "--timeout", NETWORK_TIMEOUT_S, "--require-hashes", "--only-binary", ":all:"]
    steps = [[order.python.path, "-I", "-m", "venv", made], [*pip, *limits, "-r", lock]]
    if not all(_ran(step, order) for step in steps):
        shutil.rmtree(made, ignore_errors=True)
        raise _failure(order.log)


def _ran(step: Sequence[str], order: Order) -> bool:
    """Run one command with its output at the end of the log; whether it ended well."""
    with order.log.open("a", encoding="utf-8") as out:
        out.write(f"$ {' '.join(step)}\n")
        out.flush()
        try:
            run = subprocess.run(
                step,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=str(order.log.parent),  # uv and pip read settings of the folder they run in
                env=_clean(order.variables),
                pass_fds=() if os.name == "nt" else (order.held,),
                timeout=STEP_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            out.write(f"operation timed out after {STEP_TIMEOUT_S} s\n")
            return False
        except OSError as exc:
            out.write(f"{step[0]}: {exc}\n")
            return False
    return run.returncode == 0


def _clean(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` without those that would send the packages elsewhere; where they come from stays the user's say."""
    elsewhere = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIREMENT", "PIP_CONSTRAINT"}
    elsewhere |= {"VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET"}
    kept = {n: v for n, v in variables.items() if n not in elsewhere and not n.startswith("PYTHON")}
    return {
        "UV_HTTP_TIMEOUT": NETWORK_TIMEOUT_S,
        **kept,
        "PIP_USER": "0",
        "UV_COMPILE_BYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }


def choose_python(variables: Mapping[str, str], *, needs_venv: bool) -> Python:
    """The Python to build on: the running one if it fits, else the newest on PATH that does.

    A version manager's shim that exists but has nothing behind it is passed over. Raises SetupError.
    """
    path = variables.get("PATH", os.defpath)
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)] + ["python3"]
    found = [sys.executable, *(where for where in (shutil.which(name, path=path) for name in names) if where)]
    seen: list[Python] = []
    for candidate in dict.fromkeys(found):
        python = probe(candidate, variables)
        if python is None:
            continue
        if OLDEST <= python.version[:2] <= NEWEST and (python.can_make or not needs_venv):
            return python
        seen.append(python)
    newer = [python for python in seen if python.version[:2] > NEWEST and (python.can_make or not needs_venv)]
    if newer:
        return newer[0]
    fitting = [python for python in seen if python.version[:2] >= OLDEST]
    if fitting:
        short = "{}.{}".format(*fitting[0].version[:2])
        raise SetupError(
            f"The Python at {fitting[0].path!r} has no module venv or ensurepip, so it can't make an environment. "
            f"Install them (on Debian and Ubuntu: apt install python{short}-venv) or uv, then start again."
        )
    old = ", ".join(f"{'.'.join(map(str, python.version))} at {python.path}" for python in seen) or "none that works"
    raise SetupError(
        f"Trimtab needs Python {OLDEST[0]}.{OLDEST[1]} or newer; found {old}. Install one and put it on PATH."
    )


def probe(executable: str, variables: Mapping[str, str]) -> Python | None:
    """What `executable` is; None if it does not run."""
    try:
        version, base = _said([executable, "-I", "-c", PROBE], variables).splitlines()[:2]
        major, minor, patch, pip = (int(word) for word in version.split())
    except ValueError:
        return None
    # The real file: /usr/bin/python3 may become another version under an environment that links to it.
    return Python(os.path.realpath(base), (major, minor, patch), bool(pip))


def _working_uv(variables: Mapping[str, str]) -> str | None:
    """The uv on PATH, None if there is none or it is only a shim with nothing behind it."""
    uv = shutil.which("uv", path=variables.get("PATH", os.defpath))
    return uv if uv is not None and _said([uv, "--version"], variables).startswith("uv ") else None


def _said(command: Sequence[str], variables: Mapping[str, str]) -> str:
    """What `command` prints, "" if it fails."""
    try:
        done = subprocess.check_output(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(variables), timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.decode("utf-8", "replace")


@contextlib.contextmanager
def locked(path: Path, progress: IO[str] | None = None) -> Iterator[int]:
    """Hold the lock file `path`, open as the number that comes back; free again once every holder of it has ended."""
    with path.open("a+b") as file:
        if os.name == "nt":
            yield file.fileno()  # no fcntl there; the link is switched at once all the same
            return
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with _told(progress, "trimtab: another start is making the environment, waiting ..."):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextlib.contextmanager
def _told(progress: IO[str] | None, text: str) -> Iterator[None]:
    """Say `text` while something goes on, and on the same line how it ended."""
    if progress is None:
        yield
        return
    started = time.monotonic()
    progress.write(text)
    progress.flush()
    end = "failed after"
    try:
        yield
        end = "done in"
    finally:
        progress.write(f" {end} {time.monotonic() - started:.0f} s\n")
        progress.flush()


def _remove_leftovers(folder: Path) -> None:
    for child in folder.iterdir():
        if child.is_dir() and not (child / "complete").exists():
            shutil.rmtree(child, ignore_errors=True)


def _remove_old(folder: Path, current: Path) -> None:
    """Remove all but `current` and the one before it, which a session that is still open may run on."""
    made = [child for child in folder.iterdir() if (child / "complete").exists() and child != current]
    for child in sorted(made, key=lambda child: (child / "complete").stat().st_mtime)[:-1]:
        shutil.rmtree(child, ignore_errors=True)


def _failure(log: Path) -> SetupError:
    """What the end of the log says went wrong."""
    text = log.read_text(encoding="utf-8", errors="replace")
    cause = next((said for words, said in CAUSES if any(word.lower() in text.lower() for word in words)), "")
    if cause:
        advice = ADVICE.get(cause, "Mend that, then start again.").format(needed=NEEDED_MB)
        cause = f"{cause[0].upper()}{cause[1:]}. {advice} "
    tail = [f"\n  {line[:200]}" for line in text.splitlines() if line.strip()][-6:]
    return SetupError(f"The environment can't be made. {cause}The end of {str(log)!r}:{''.join(tail)}")


def _named(exc: OSError) -> str:
    """An operating system's refusal, with what to do about it."""
    where = f" ({exc.filename!r})" if exc.filename else ""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {exc.strerror}{where}. {ADVICE[FULL].format(needed=NEEDED_MB)}"
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{exc.strerror}{where}. {ADVICE[UNWRITABLE]}"
    return f"{exc.strerror or exc}{where}."


def main(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run as a program: 0 and the path on stdout, 1 and a sentence on stderr, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="trimtab setup", description="Make Trimtab's Python environment.")
    parser.add_argument("verb", choices=["make"], help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=Path, default=LOCK, help="the lock file to install")
    parser.add_argument("--target", type=Path, help="where to make it (default: as TRIMTAB_ENVIRONMENT or ~ say)")
    options = parser.parse_args(arguments)
    place = Path.cwd() / (options.target or target(variables))
    try:
        if not variables.get("TRIMTAB_ENVIRONMENT") or options.target or not interpreter(place).exists():
            make(place, options.lock.resolve(), variables, sys.stderr)
    except SetupError as exc:
        print(f"trimtab: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("trimtab: interrupted; the next start begins again.", file=sys.stderr)
        return 130
    print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
