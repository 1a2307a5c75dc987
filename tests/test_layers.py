"""The import rule, as data: a module may import only modules on a lower row. And how long a module may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "trimtab"
ROOT = Path(__file__).parents[1]
LIB = ROOT / "lib"
LAYERS = (  # lowest first; where modules of one row of the design need each other, the row is several here
    {"errors", "records", "schema_budgets", "faults", "days", "jobs"},
    {"schema", "groups"},
    {"schema_usage", "jsontext"},
    {"tokens", "content"},
    {"relevance"},
    {"tiers", "history"},
    {"policy", "messages", "cache", "predict", "budget", "monitor"},
    {"prompt"},
    {"prices"},
    {"paths", "settings", "store", "transcript", "environment"},
    {"local_settings"},
    {"learn", "usage"},
    {"handlers"},
    {"daemon"},
    {"integration", "api", "cli"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# What would make the hook process slow; it answers in 30 ms, and each of these takes 3 to 70 (house rules, measured).
HEAVY = {"asyncio", "click", "dataclasses", "inspect", "json", "logging", "pathlib", "rich", "socket", "subprocess"}
HEAVY |= {"typing", "sqlite3", "tiktoken", "tree_sitter"}
LONGEST_MODULE, LONGEST_FUNCTION = 400, 70


def own_imports(module: Path) -> set[str]:
    """The package's top-level names that `module` imports, wherever in the file it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            dotted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in dotted if name.startswith(f"{PACKAGE}.")}
    return found


def layer_name(module: Path) -> str:
    return module.relative_to(LIB / PACKAGE).parts[0].removesuffix(".py")


MODULES = [m for m in sorted((LIB / PACKAGE).rglob("*.py")) if not layer_name(m).startswith("__")]
SOURCES = [*MODULES, *sorted((ROOT / "hooks").glob("*.py"))]


def name_of(module: Path) -> str:
    return str(module.relative_to(ROOT))


def test_every_module_has_a_row() -> None:
    unlisted = {layer_name(m) for m in MODULES} - set(RANK)
    assert not unlisted, f"add to LAYERS: {sorted(unlisted)}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_point_down(module: Path) -> None:
    top = layer_name(module)
    level = {n for n in own_imports(module) - {top} if n in RANK and RANK[n] >= RANK[top]}
    assert not level, f"{top} (row {RANK[top]}) imports {sorted(level)}"


def imported_roots(module: Path) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            roots.add((node.module or "").split(".")[0])
    return roots


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_each_outside_thing_has_one_home(module: Path) -> None:
    """sqlite3 in the store, sockets in the daemon, click and rich at the command line."""
    homes = {"sqlite3": {"store"}, "socket": {"daemon"}, "_socket": {"daemon"}, "click": {"cli"}, "rich": {"cli"}}
    strays = {root for root in imported_roots(module) & set(homes) if layer_name(module) not in homes[root]}
    assert not strays


def test_hook_process_stays_light(tmp_path: Path) -> None:
    """An event that the hook script passes on pulls in something slow; `os` alone takes a tenth of a hook's time."""
    event = f"from {PACKAGE}.daemon import client; client.main('SessionEnd'); import _socket"
    code = f"import sys; sys.path.insert(0, {str(LIB)!r}); {event}; print(*sys.modules)"
    command, environment = [sys.executable, "-I", "-S", "-c", code], {"HOME": str(tmp_path)}
    run = subprocess.run(command, input="{}", capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert f"{PACKAGE}.daemon.client" in loaded
    assert not loaded & HEAVY
    assert sys.platform == "win32" or "os" not in loaded


def test_a_sync_loads_no_parsers() -> None:
    """The parsers of loads take 40 ms to load: a sync with nothing new takes no 150 without them."""
    loaded = f"import {PACKAGE}.cli.usage, {PACKAGE}.usage.sync; print(*sys.modules)"
    code = f"import sys; sys.path.insert(0, {str(LIB)!r}); {loaded}"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert f"{PACKAGE}.content" not in run.stdout.split()


@pytest.mark.parametrize("module", SOURCES, ids=name_of)
def test_modules_and_functions_are_short(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("module", SOURCES, ids=name_of)
def test_every_module_says_what_it_is(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "?"))
