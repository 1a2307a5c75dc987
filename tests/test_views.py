"""What holds for the view of anything: real and made loads of every kind, cut, mixed and damaged, at every level.

`HYPOTHESIS_PROFILE=thorough` (`.ci/run`) looks at 10,000 loads, and at 10,000 results of any shape or of random bytes.
"""

import itertools
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import texts
from tests.content.test_outputs_gold import OUTPUTS as GOLD_OUTPUTS
from tests.content.test_outputs_gold import command_and_text
from tests.handlers.client import Client
from tests.needles.harness import FAMILIES, family

from trimtab import policy, tiers, tokens
from trimtab.handlers import loads, parsed
from trimtab.handlers.loads import Loaded
from trimtab.handlers.parsed import Parsed
from trimtab.records import OptimizationLevel, Prices, View
from trimtab.relevance import Interest

GOLD = Path(__file__).parent / "gold" / "content"
KEPT = tiers.kept_line(PurePosixPath("/home/dev/project/.claude-patterns/outputs/01234567.txt"))
MOST = 40_000  # characters of a load


def a_file(path: str, text: str) -> Loaded:
    return Loaded("Read", f"/p/{path}", text, 1)


def an_output(command: str, text: str) -> Loaded:
    return Loaded("Bash", command, text)


FILES = [
    *(
        a_file(path.name.removesuffix(".gold"), path.read_text(encoding="utf-8"))
        for path in sorted(GOLD.glob("*.gold"))
    ),
    *(a_file(family(name).command, family(name).text) for name in FAMILIES if family(name).is_file),
]
OUTPUTS = [
    *(an_output(family(name).command, family(name).text) for name in FAMILIES if not family(name).is_file),
    *(an_output(*command_and_text(name)) for name in GOLD_OUTPUTS),
]
PAGE = next(found.text for found in FILES if found.name == "/p/guide.md")
HITS = next(found.text for found in OUTPUTS if found.name.startswith("grep"))
ISSUES = next(found.text for found in OUTPUTS if found.name.startswith("gh issue"))
NOTEBOOK = "\n".join(f'<cell id="c{n}">{found.text}</cell id="c{n}">\n{HITS}' for n, found in enumerate(FILES[:3]))
OTHERS = [
    Loaded("Grep", "Tier", HITS),
    Loaded("Glob", "**/*.py", "\n".join(f"/p/lib/part{i // 20}/file{i}.py" for i in range(400))),
    Loaded("WebFetch", "https://example.org/guide", PAGE * 4),
    Loaded("Agent", "look for the lock", f"## Found\n\n{PAGE}\n\n```\n{HITS}\n```\n"),
    Loaded("mcp__tracker__list", 'mcp__tracker__list {"state": "open"}', ISSUES),
    Loaded("mcp__wiki__page", "mcp__wiki__page {}", PAGE * 3),
    Loaded("Read", "/p/notes.ipynb", NOTEBOOK),
]
REAL = [*FILES, *OUTPUTS, *OTHERS]
SIGNS = (
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\0",
    "\ud800",
    "\ufeff",
    "\x1b[31m",
    "\x0c",
    "é",
    "…",
    "x" * 5_000,
    " " * 300,
    "\t",
    "%",
)
MARKS = (
    "{",
    "}",
    '"',
    "'",
    "`",
    "```",
    '"""',
    "/*",
    "#",
    "... Read offset=1 limit=2",
    "... Read offset=3 limit=7: a b, two words, c",
)
SCRAPS = st.sampled_from((*SIGNS, *MARKS))


@st.composite
def made(draw: st.DrawFn) -> Loaded:
    """A load of a kind that tests/texts.py makes."""
    title = draw(st.sampled_from([*texts.FILES, *texts.OUTPUTS]))
    text = texts.text_of(title, draw(st.integers(400, MOST)), draw(st.integers(0, 999)))
    return a_file(title, text) if title in texts.FILES else an_output(title, text)


@st.composite
def mutated(draw: st.DrawFn) -> Loaded:
    """A stretch of a real or a made load, maybe with one of another behind it, lines moved about, and scraps put in."""
    found = draw(st.sampled_from(REAL) | made())
    text = found.text
    start = draw(st.integers(0, max(0, len(text) - 400)))
    text = text[start : start + draw(st.integers(400, MOST))]
    change = draw(st.sampled_from(("none", "joined", "turned", "repeated", "without")))
    if change == "joined":
        text += "\n" + draw(st.sampled_from(REAL)).text[:5_000]
    elif change != "none":
        lines = text.split("\n")
        first = draw(st.integers(0, len(lines)))
        last = draw(st.integers(first, len(lines)))
        part = {"turned": lines[first:last][::-1], "repeated": lines[first:last] * 2, "without": []}[change]
        text = "\n".join([*lines[:first], *part, *lines[last:]])[: 2 * MOST]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(SCRAPS) + text[at + draw(st.integers(0, 40)) :]
    return found._replace(text=text)


def an_interest(words: list[str]) -> Interest:
    """Somebody who has searched for some of the load's words, and was asked about one."""
    found = Interest()
    if words:
        found.asked(f"Why does {words[0]} fail? See src/a.py:12")
        for word in words:
            found.called("Grep", {"pattern": word})
    return found


def view_of(found: Loaded, level: OptimizationLevel, interest: Interest | None = None) -> tuple[Parsed, View | None]:
    whole = parsed.parse(found)
    now = policy.Circumstances(Prices(2.0, 0.1, 5.0), 20_000, 1.2, level, 40.0)
    need = parsed.need_of(whole, interest or Interest(), found.tool, found.path)
    return whole, policy.choose(whole.plan, need, max(1, found.start), now, found.is_file).view


def check_lines(found: Loaded, whole: Parsed, view: View) -> None:
    """Shown lines are verbatim, in order and rightly numbered; with the folds they are the load, each line once."""
    lines = whole.plan.content.lines
    folds = list(view.folds)
    at = 1  # the next line of the load
    for row in view.text.split("\n"):
        if folds and row == tiers.fold_line(folds[0]) and folds[0].first == at:
            at = folds.pop(0).last + 1
            continue
        assert row == (f"{at}\t{lines[at - 1]}" if found.is_file else lines[at - 1])
        at += 1
    assert at == len(lines) + 1
    assert not folds
    for fold in view.folds:  # a long line, as a paragraph is, is worth one of its own
        is_large = whole.plan.sums[fold.last] - whole.plan.sums[fold.first - 1] > tiers.MOST_GAP
        assert is_large or fold.last - fold.first + 1 >= tiers.LEAST_FOLD


def check_kept(whole: Parsed, view: View) -> None:
    """What must be kept is shown, and what is hidden of the facts is named by its fold."""
    content = whole.plan.content
    hidden = {line: fold for fold in view.folds for line in range(fold.first, fold.last + 1)}
    assert not hidden.keys() & content.keep
    for line, facts in content.facts.items():
        if line in hidden:
            assert all(any(fact in named for named in hidden[line].names) for fact in facts)


def check_size(found: Loaded, view: View) -> None:
    """As the model is sent it, the view has fewer tokens than the load: exactly, not by the estimate."""
    before = tokens.count(tiers.numbered(found.text, found.start) if found.is_file else found.text)
    after = tokens.count(loads.cell(view.text) if found.is_file else f"{view.text}\n{KEPT}")
    assert before is not None
    assert after is not None
    assert after < before, f"{found.tool} {found.name!r}: {before} tokens became {after}"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated() | made(), st.sampled_from(list(OptimizationLevel)), st.randoms(use_true_random=False))
def test_a_view_is_smaller_verbatim_and_complete(found: Loaded, level: OptimizationLevel, draw: "texts.Draw") -> None:
    """And it is a text that is left alone where it comes in again, and the same for the same load."""
    tokens.load()
    words = sorted({mention.word for mention in parsed.parse(found).mentions})
    interest = an_interest(draw.sample(words, min(len(words), draw.choice((0, 0, 1, 5)))))
    whole, view = view_of(found, level, interest)
    if view is None:
        return
    check_lines(found, whole, view)
    check_kept(whole, view)
    check_size(found, view)
    assert tiers.FOLD_LINE.search(view.text)  # by which it is known
    assert view_of(found, level, interest)[1] == view


def exact(text: str) -> int:
    tokens.load()
    found = tokens.count(text)
    assert found is not None
    return found


PERSISTED = {"persistedOutputPath": "/home/dev/.claude/projects/-home-dev-project/3f1c2b7a/tool-results/b6kwtvj12.txt"}
CUT = {name: text for name, text in ((f.name, f.text) for f in OUTPUTS) if len(text) > 30_000}
CUT |= {title: texts.text_of(title, 100_000) for title in texts.OUTPUTS}


@pytest.mark.parametrize("command", CUT)
def test_a_view_of_what_the_client_cuts_takes_no_more_than_its_preview(command: str) -> None:
    """An output over 30,000 characters is in a file; the client shows its first 2,000. There is a view of each."""
    text = CUT[command]
    preview = loads.preview(PERSISTED, text)
    now = policy.Circumstances(Prices(2.0, 0.1, 5.0), 60_000, 1.6, OptimizationLevel.ADAPTIVE, 40.0)
    whole = parsed.parse(an_output(command, text))
    limit = exact(preview) - exact(f"\n{KEPT}") - 1
    view = policy.choose(whole.plan, parsed.need_of(whole, Interest(), "Bash", ""), 1, now, False, limit).view
    assert view is not None
    assert exact(f"{view.text}\n{KEPT}") <= exact(preview)
    check_lines(an_output(command, text), whole, view)


@pytest.mark.parametrize("command", [command for command, text in CUT.items() if "\0" not in text])
def test_the_handlers_view_takes_no_more_than_the_preview(desk: Client, tmp_path: Path, command: str) -> None:
    """Of what the client cuts: with the line that names the kept file, whose length no constant knows."""
    tokens.load()
    file = tmp_path / "b6kwtvj12.txt"
    file.write_text(CUT[command], encoding="utf-8")
    written = file.read_text(encoding="utf-8")
    found = {"persistedOutputPath": str(file), "persistedOutputSize": file.stat().st_size}
    bash = {"stdout": written[:30_000], "stderr": "", "interrupted": False, "isImage": False, **found}
    output = answered(desk, "Bash", {"command": command}, bash)
    assert isinstance(output, dict)
    assert exact(output["stdout"]) <= exact(loads.preview(found, written))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    made = Client(tmp_path_factory.mktemp("desk"))
    yield made
    made.desk.close()


NUMBERS = itertools.count()


def answered(client: Client, tool: str, given_input: object, response: object) -> object:
    """What takes the place of `response`, None where it stays; each call is in a session of its own."""
    number = next(NUMBERS)
    client.session = f"session-{number}"
    reply = client.send(
        "PostToolUse", tool_name=tool, tool_use_id=f"toolu_{number}", tool_input=given_input, tool_response=response
    )
    if reply is None:
        return None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["hookEventName"] == "PostToolUse"
    return output["updatedToolOutput"]


def responses(tool: str, name: str, body: str) -> tuple[object, object]:
    """A tool's input and its result with `body` in it, in the tool's own shape."""
    lines = body.split("\n")
    notebook = {"filePath": name, "cells": [{"cellType": "code", "source": body, "cell_id": "c0", "outputs": []}]}
    file = {"filePath": name, "content": body, "numLines": len(lines), "startLine": 1, "totalLines": len(lines)}
    bash = {"stdout": body, "stderr": "", "interrupted": False, "isImage": False, "noOutputExpected": False}
    blocks = [{"type": "text", "text": body}]
    shapes: dict[str, tuple[object, object]] = {
        "Read": ({"file_path": name}, {"type": "text", "file": file}),
        "Read a notebook": ({"file_path": name}, {"type": "notebook", "file": notebook}),
        "Bash": ({"command": name}, bash),
        "Grep": ({"pattern": name}, {"mode": "content", "numFiles": 0, "filenames": [], "content": body}),
        "Grep for files": ({"pattern": name}, {"mode": "files_with_matches", "filenames": lines, "numFiles": 9}),
        "Glob": ({"pattern": name}, {"filenames": lines, "durationMs": 3, "numFiles": 9, "truncated": False}),
        "WebFetch": ({"url": name}, {"bytes": 9, "code": 200, "codeText": "OK", "result": body, "url": name}),
        "Agent": ({"description": name}, {"status": "completed", "content": blocks, "totalTokens": 7}),
        "mcp__a__text": ({"q": name}, body),
        "mcp__a__blocks": ({"q": name}, blocks),
    }
    return shapes[tool]


TOOLS: tuple[str, ...] = (
    "Read",
    "Read a notebook",
    "Bash",
    "Grep",
    "Grep for files",
    "Glob",
    "WebFetch",
    "Agent",
    "mcp__a__text",
    "mcp__a__blocks",
)


def shape_of(value: object) -> object:
    """A value's types; of lists the first part's, as a view may have fewer."""
    if isinstance(value, dict):
        return {key: shape_of(part) for key, part in value.items()}
    return [shape_of(value[0])] if isinstance(value, list) and value else type(value)


def text_in(tool: str, output: object) -> str:
    """The text of a result in its tool's shape."""
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        return str(output[0]["text"])
    assert isinstance(output, dict)
    if tool.startswith("Read"):
        return str(output["file"]["cells"][0]["source"])
    if "filenames" in output and not output.get("content"):
        return "\n".join(output["filenames"])
    if tool == "Agent":
        return str(output["content"][0]["text"])
    return str(output[{"Bash": "stdout", "WebFetch": "result"}.get(tool, "content")])


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated() | made(), st.sampled_from(TOOLS))
def test_a_view_has_its_tools_shape_and_is_never_trimmed_again(desk: Client, found: Loaded, tool: str) -> None:
    """Whatever a tool brings in: by way of the handler, and what it showed comes in a second time."""
    name = tool.split(" ")[0]
    arguments, response = responses(tool, found.name, found.text)
    output = answered(desk, name, arguments, response)
    if output is None:
        return
    if not tool.startswith("Read"):
        assert shape_of(output) == shape_of(response)
    again, shown = responses(tool, found.name, text_in(name, output))
    assert answered(desk, name, again, shown) is None


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
KEYS = (
    "type",
    "file",
    "content",
    "cells",
    "source",
    "outputs",
    "text",
    "stdout",
    "stderr",
    "filenames",
    "result",
    "status",
    "startLine",
    "persistedOutputPath",
    "persistedOutputSize",
    "structuredContent",
    "cell_id",
    "image",
)
WORDS = st.sampled_from(("text", "notebook", "completed"))
JSON: st.SearchStrategy[object] = st.deferred(
    lambda: (
        LEAVES
        | WORDS
        | st.lists(JSON, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=4)
    )
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TOOLS), JSON, JSON)
def test_a_result_of_any_other_shape_is_left_alone(
    desk: Client, tool: str, given_input: object, response: object
) -> None:
    """Values that are too small for a view, wherever a text or an object is expected."""
    assert answered(desk, tool.split(" ")[0], given_input, response) is None


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=600, max_size=6_000), st.sampled_from(TOOLS), st.sampled_from(REAL), st.booleans())
def test_random_bytes(desk: Client, body: bytes, tool: str, found: Loaded, damaged: bool) -> None:
    """As a client that can't decode them sends them, or one that takes them for Latin."""
    text = body.decode("utf-8", "replace") if damaged else body.decode("latin-1").replace("\0", "\n")
    answered(desk, tool.split(" ")[0], *responses(tool, found.name, text))


def calls(run: Callable[[], object]) -> int:
    """How many calls of functions, ours and built-in ones, `run` takes: work that no other process can change."""
    count = 0

    def counts(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counts)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("title", [*texts.FILES, *texts.OUTPUTS])
def test_twice_the_text_is_about_twice_the_work(title: str) -> None:
    """Milliseconds are bench/views.py's."""
    words = an_interest(["ledger_margin", "invoice_quota", "signal_relay"])
    work = []
    for size in (40_000, 80_000):
        text = texts.text_of(title, size)
        found = a_file(title, text) if title in texts.FILES else an_output(title, text)
        work.append(calls(partial(view_of, found, OptimizationLevel.ADAPTIVE, words)))
    assert work[1] < 2.4 * work[0] + 2_000, work
