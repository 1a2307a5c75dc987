"""`trimtab budget`: words become budgets, what is used comes from the transcripts, refusals say what to do."""

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.usage.written import AT, Home, answer, named, usage

from trimtab import paths
from trimtab.budget.terms import Budget, Measure, Mode, Scope, Span
from trimtab.cli import budget as budget_command
from trimtab.store.budgets import BudgetStore

Run = Callable[..., tuple[int, str, str]]
SPENT = usage(10_000, 0, 0, 400)  # of opus 5.5: $4 and $20 a million: $0.048; 12,000 weighted tokens


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A client of the user, a minute after AT, in the folder that its sessions ran in."""
    made = Home(tmp_path)
    made.client = tmp_path / "home" / ".claude"
    made.projects = made.client / "projects"
    monkeypatch.setattr("time.time", lambda: AT + 60)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", "/home/user/project")
    monkeypatch.setenv("COLUMNS", "80")
    return made


def budgets(tmp_path: Path) -> list[Budget]:
    with BudgetStore.open(tmp_path / "home" / ".claude-patterns" / paths.USER_LEDGER) as store:
        return store.budgets(with_closed=True)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_what_is_used_is_what_the_transcripts_say(home: Home, run: Run) -> None:
    """Two responses are $0.096 and 24,000 tokens as they are weighted: 2 * (10,000 + 400 * 20 / 4)."""
    home.write("s1", answer(1, "m1", SPENT), answer(2, "m2", SPENT))
    home.write("s2", answer(3, "m3", SPENT, session="s2", cwd="/elsewhere"), folder="-elsewhere")
    assert run("budget", "$0.20", "a", "day")[0] == 0
    assert run("budget", "set", "20k per session")[0] == 0
    assert run("budget", "set", "$1 a month for all my work")[0] == 0
    status, out, err = run("budget")
    assert (status, err) == (0, "")
    assert "48 %  $0.10 of $0.20, $0.10 left, anew" in out
    assert "120 % 24k of 20k, 4k over (session s1): stops now" in flat(out)
    assert "14 %  $0.14 of $1.00" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_show_as_json(home: Home, run: Run, tmp_path: Path) -> None:
    home.write("s1", answer(1, "m1", SPENT))
    run("budget", "set", "20k", "per", "session", "--mode", "warn")
    told = json.loads(run("budget", "show", "--json")[1])
    assert (told["format"], told["at"]) == (1, AT + 60)
    (budget,) = told["budgets"]
    assert (budget["id"], budget["words"], budget["limit"], budget["measure"], budget["mode"]) == (
        1, "20k per session in project /home/user/project, warn only", 20_000, "billed", "warn"
    )  # fmt: skip
    assert budget["scope"] == {"project": "/home/user/project"}
    (account,) = budget["accounts"]
    assert (account["key"], account["used"], account["left"], account["share"]) == ("s1", 12_000, 8_000, 0.6)
    document = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    history = json.loads(run("budget", "history", "--json")[1])
    names = {*told, *budget, *budget["period"], *account, *history, *history["changes"][0]}
    assert {name for name in names if f"`{name}`" not in document} == set()


def test_options_say_the_same_as_words(home: Home, run: Run, tmp_path: Path) -> None:
    home.write("session-one", answer(1, "m1", SPENT, session="session-one"))
    run("usage", "sync")
    folder = tmp_path / "a b"
    folder.mkdir()
    told = [
        run("budget", "set", "$20/day", "--project", folder, "--priority", "2", "--minimum", "$5"),
        run("budget", "set", "$300/month", "--global"),
        run("budget", "set", "$15", "--task", "the big one"),
        run("budget", "set", "1M", "--session", "session-o", "--mode", "warn"),
        run("budget", "set", "$5", "a", "day", "--agent", "Explore"),
        run("budget", "set", "$6", "a", "day", "--agent", "main"),
        run("budget", "set", "$7", "for", "task", "of two words"),
    ]
    assert [status for status, _, _ in told] == [0] * 7
    found = budgets(tmp_path)
    assert [each.scope for each in found] == [
        Scope(project=str(folder)),
        Scope(),
        Scope(task="the big one"),
        Scope(session="session-one"),
        Scope(project="/home/user/project", agent_type="Explore"),
        Scope(project="/home/user/project", agent_type="main"),
        Scope(task="of two words"),
    ]
    assert (found[0].priority, found[0].minimum, found[3].mode) == (2.0, 5_000_000, Mode.WARN)


def test_in_a_session_an_amount_is_of_it(home: Home, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("budget", "set", "400k")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "s9")
    out = run("budget", "set", "400k")[1]
    assert "400k in all for this session" in flat(out)
    assert [(each.scope.session, each.period.span) for each in budgets(tmp_path)] == [
        ("", Span.SESSION), ("s9", Span.ONCE)
    ]  # fmt: skip
    assert "This session is of the task auth from now on." in flat(run("budget", "task", "auth")[1])


def test_a_command_of_the_client_loosens_nothing(home: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("budget", "$20/day")
    monkeypatch.setenv("CLAUDECODE", "1")  # as the client has it for its Bash tool
    status, _, err = run("budget", "raise", "1", "+$5")
    assert (status, "write `/token-budget raise 1 +$5` yourself" in flat(err)) == (1, True)
    assert run("budget", "$1 per prompt")[0] == 0
    assert "$20 a day for this project" in run("budget")[1]


def test_raise_pause_resume_remove_history(home: Home, run: Run, tmp_path: Path) -> None:
    run("budget", "$20/day")
    run("budget", "$2/day")  # the same one
    assert flat(run("budget", "raise", "+$5")[1]) == "Budget 1 is raised from $2: $7 a day for this project."
    assert "paused for 30 minutes" in run("budget", "pause", "for", "30", "minutes")[1]
    assert "paused until" in run("budget")[1]
    assert "in force again" in run("budget", "resume")[1]
    assert "removed" in run("budget", "remove", "1")[1]
    assert "No budget is set." in run("budget")[1]
    out = flat(run("budget", "history")[1])
    assert out.count("2026-11-22") == 6
    assert "raise 1: $2 a day for project /home/user/project → $7 a day for project" in out
    told = json.loads(run("budget", "history", "1", "--json")[1])
    assert [change["what"] for change in told["changes"]] == ["set", "set", "raise", "pause", "resume", "remove"]
    assert all(change["who"] and change["place"] == "cli" and change["at"] == AT + 60 for change in told["changes"])
    assert "no budget was ever set" not in out.lower()


def test_the_last_changes_are_shown(home: Home, run: Run) -> None:
    for number in range(25):
        run("budget", "set", f"${number + 1} a day")
    assert "5 earlier ones with --all" in run("budget", "history")[1]
    assert flat(run("budget", "history", "--all")[1]).count("set 1:") == 25


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["20", "per", "dya"], 1, "20 of what? Write $20 for money, or 20k or 20 tokens: for example '$20 a day'"),
        (["set", "-5"], 1, "a limit is more than 0"),
        (["-5"], 1, "a limit is more than 0"),
        (["set", "0/day"], 1, "in a shell, $20 needs quotes: '$20/day', or write 20usd"),
        (["set", "/day"], 1, "has no amount"),
        (["set"], 2, "Missing argument 'WORDS...'"),
        (["set", "3k", "--projct", "x"], 2, "No such option: --projct"),
        (["set", "$5/day", "--global", "--project", "."], 1, "all work, and a part of it, can't be one budget"),
        (["set", "$5/day", "--priority", "high"], 1, "'priority' in"),
        (["raise", "+$5"], 1, "there is no budget yet: `trimtab budget set '$20 a day'` sets one for this project"),
        (["resume"], 1, "there is no budget yet"),
        (["task", "auth"], 1, "start the client with TRIMTAB_TASK=NAME"),
        (["history", "4"], 1, "there is no budget 4"),
    ],
)
def test_refusals(home: Home, run: Run, tmp_path: Path, arguments: list[str], status: int, told: str) -> None:
    found, out, err = run("budget", *arguments)
    assert (found, out) == (status, "")
    assert told in flat(err)
    assert not (tmp_path / "home" / ".claude-patterns" / paths.BUDGETS_FLAG).exists()


def test_budgets_are_shown_though_usage_cant_be_read(home: Home, run: Run, tmp_path: Path) -> None:
    run("budget", "$20/day")
    (tmp_path / "home" / ".claude-patterns" / "usage.db").write_bytes(b"no database " * 1000)
    status, out, err = run("budget")
    assert status == 0
    assert "  1  $20 a day for this project" in out
    assert "what is used can't be told" in err


def test_a_user_without_budgets_waits_for_nothing(home: Home, run: Run, tmp_path: Path) -> None:
    """Nothing is read of the history, and no flag makes the hooks ask."""
    assert "No budget is set." in run("budget")[1]
    assert not (tmp_path / "home" / ".claude-patterns" / "usage.db").exists()
    assert not (tmp_path / "home" / ".claude-patterns" / paths.BUDGETS_FLAG).exists()


def test_what_a_shell_took_out_of_quotes() -> None:
    assert budget_command.joined(["$5", "for", "task", "a b"]) == '$5 for task "a b"'
    assert budget_command.joined(["$5 a day"]) == "$5 a day"
    assert budget_command.joined(["400k", "for project", "/a b"]) == "400k for project /a b"  # quoted otherwise


def test_all_measures_are_shown(home: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: AT)
    for text in ("1k output a day", "20k context for this project", "50k a day", "$1 in 5 hours"):
        assert run("budget", "set", text)[0] == 0
    home.write("s1", answer(1, "m1", SPENT))
    monkeypatch.setattr("time.time", lambda: AT + 60)
    out = flat(run("budget")[1])
    assert "40 % 400 of 1k, 600 left" in out
    assert "50 % the newest prompt has 10k of 20k" in out
    assert "24 % 12k of 50k" in out
    assert "5 % $0.05 of $1.00, $0.95 left, of the last 5 hours" in out
    assert {Measure(name) for name in ("output", "context", "billed", "usd")} == set(Measure)


def days_before(count: int) -> list[dict[str, object]]:
    """A response of $0.048 an hour from now on each of so many days before."""
    moments = [datetime.fromtimestamp(AT - day * 86_400 + 3600, timezone.utc) for day in range(count, 0, -1)]
    return [answer(0, named(n), SPENT) | {"timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000Z"} for n, at in enumerate(moments)]


def test_what_a_day_comes_to_and_how_it_is_shared_out(home: Home, run: Run) -> None:
    """$0.048 by now, and the same once more today as on each day before: $0.096. Of $1 the project is to keep $0.20."""
    home.write("s0", *days_before(14))
    home.write("s1", answer(1, "m1", SPENT))
    run("budget", "$1 a day in UTC for all my work")
    run("budget", "$0.50 a day in UTC, at least $0.20")
    out = flat(run("budget")[1])
    assert "likely $0.10 by tonight ($0.10 to $0.10 in four of five cases)" in out
    assert "budget 2 has $0.20 of it: $0.05 used, $0.15 available everything else has $0.80 of it: $0.00 used" in out
    assert all(len(line) <= 80 for line in run("budget")[1].splitlines())
    parent, child = [each["accounts"][0] for each in json.loads(run("budget", "show", "--json")[1])["budgets"]]
    assert child["shared"] == []
    assert parent["forecast"]["middle"] == pytest.approx(96_000, rel=0.01)
    assert parent["shared"] == [
        {"child": "2", "allocated": 200_000, "used": 48_000, "available": 152_000, "status": "active",
         "efficiency_score": None},
        {"child": "everything else", "allocated": 800_000, "used": 0, "available": 800_000, "status": "active",
         "efficiency_score": None},
    ]  # fmt: skip
    document = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    names = {*parent["forecast"], *parent["shared"][0]}
    assert {name for name in names if f"`{name}`" not in document} == set()
