"""`/token-budget` is answered without a request to the model; what it says fits the client's 80 columns."""

from datetime import timezone

import pytest
from tests.handlers.client import Client

from trimtab import paths
from trimtab.budget.allocation import ELSE, Allocation
from trimtab.budget.terms import Account, Budget, Period, Span, State
from trimtab.budget.words import Place, read
from trimtab.handlers import budget_report
from trimtab.store.budgets import BudgetStore, Change

HERE = Place("/p", "S1")
NOON = 1_796_040_000.0  # 2026-11-30T12:00Z


def asked(client: Client, arguments: str) -> str:
    reply = client.send("UserPromptExpansion", command_name="trimtab:token-budget", command_args=arguments)
    assert reply is not None
    assert reply["decision"] == "block"
    assert reply["hookSpecificOutput"] == {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}
    return str(reply["reason"])


def budgets(client: Client) -> list[Budget]:
    with BudgetStore.open(client.home / ".claude-patterns" / paths.USER_LEDGER) as store:
        return store.budgets()


def test_a_life_of_a_budget(client: Client) -> None:
    assert "No budget is set. `/token-budget set $20 a day` sets one" in asked(client, "")
    assert "Budget 1 is set: 400k in all for this session." in asked(client, "this task may use 400k tokens")
    assert "Budget 2 is set: $20 a day for this project." in asked(client, "set $20 a day")
    found = budgets(client)
    assert (found[0].scope.session, found[0].origin) == ("s1", "/token-budget")
    assert found[1].scope.project == str(client.project.resolve())
    assert "raised from $20: $25 a day" in asked(client, "raise 2 +$5")
    assert "Budget 1 is paused for 2 hours" in asked(client, "pause 1 for 2h")
    shown = asked(client, "show")
    assert "  1  400k in all for this session" in shown
    assert "paused until" in shown
    assert "  2  $25 a day for this project" in shown
    assert "Budget 1 is in force again." in asked(client, "RESUME 1")
    assert "Budget 1 is removed." in asked(client, "remove 1")
    history = asked(client, "history").splitlines()
    assert len(history) == 1 + 6
    assert "raise 2: $20 a day for project" in history[3]
    assert "This session is of the task auth from now on." in asked(client, "task auth")
    assert (client.home / ".claude-patterns" / paths.BUDGETS_FLAG).exists()  # so that the hooks look


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("20 per dya", "20 of what? Write $20 for money"),
        ("set", "has no amount"),
        ("raise +$5", "there is no budget yet: `/token-budget set $20 a day`"),
        ("riase 3 $5", "'riase' in 'riase 3 $5' is not understood"),
        ("remove 7", "there is no budget yet"),
        ("history 7", "there is no budget 7"),
        ("'unclosed \" \x00", "is not understood"),
    ],
)
def test_a_refusal_is_an_answer(client: Client, arguments: str, told: str) -> None:
    """An error here would send the command on to the model."""
    assert told in asked(client, arguments)
    assert budgets(client) == []


def test_a_ledger_that_cant_be_read_is_an_answer(client: Client) -> None:
    folder = client.home / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    (folder / paths.USER_LEDGER).write_bytes(b"no database " * 1000)
    assert "damaged" in asked(client, "$20 a day")


def test_the_help_has_examples_that_can_be_given(client: Client) -> None:
    lines = asked(client, "help").splitlines()[1:]
    assert all(len(line) <= 80 for line in lines)
    for line in lines:
        order = line.partition("  ")[0].removeprefix("/token-budget").strip()
        if order and order.split()[0] not in ("raise", "pause", "resume", "task", "history"):
            assert "is set" in asked(client, order)
    assert asked(client, "history").count("set ") == 4


def test_a_session_that_is_started_with_a_task_joins_it(client: Client) -> None:
    client.environment["TRIMTAB_TASK"] = "auth"
    client.send("SessionStart", source="startup")
    asked(client, "this task $5")
    assert [each.scope.task for each in budgets(client)] == ["auth"]


def test_budgets_of_settings_are_in_force_from_the_sessions_start(client: Client) -> None:
    own = client.home / ".claude-patterns" / "config.toml"
    own.parent.mkdir(exist_ok=True)
    own.write_text('budgets = ["$20 a day"]\n')
    client.environment["CLAUDE_PLUGIN_OPTION_BUDGET"] = "$300 a month"
    client.send("SessionStart", source="startup")
    assert [(each.origin, each.limit) for each in budgets(client)] == [
        (str(own), 20_000_000), ("option", 300_000_000)
    ]  # fmt: skip
    asked(client, "raise 1 +$5")
    own.write_text('budgets = ["$20 a day"]\nlevel = ')  # is being edited
    client.send("SessionStart", source="resume")
    assert [each.limit for each in budgets(client)] == [25_000_000, 300_000_000]
    own.write_text('budgets = ["$21 a day"] # other\n')
    shown = asked(client, "")
    assert [each.limit for each in budgets(client)] == [21_000_000, 300_000_000]
    assert f"setin{own}" in "".join(shown.split())  # a path may be longer than a line
    assert "set in the plugin's options" in shown
    del client.environment["CLAUDE_PLUGIN_OPTION_BUDGET"]
    asked(client, "")
    assert len(budgets(client)) == 2  # another session may have been started without it
    client.send("SessionStart", source="startup")
    assert len(budgets(client)) == 1


# The report


def account(text: str, used: int, number: int = 1, **fields: object) -> Account:
    budget = read(text, HERE)._replace(id=number)
    return Account(budget, "", used)._replace(**fields)  # type: ignore[arg-type]  # what a test is about


def shown(*accounts: Account, budget: Budget | None = None) -> list[str]:
    given = [budget] if budget else list(dict.fromkeys(each.budget for each in accounts))
    rows = budget_report.rows(given, accounts, HERE, NOON, timezone.utc)
    return [line.text for line in budget_report.told(rows, "")]


def test_parts_of_which_no_need_is_known_are_not_shown() -> None:
    """Beside "18k left" a budget is said to have "0 available"."""
    parts = [
        Allocation(1, "2", "", 66, 66, 0, "active"),
        Allocation(1, ELSE, "", 34, 0, 34, "active"),
    ]
    assert budget_report.telling(parts) == []
    assert budget_report.telling([parts[0]._replace(status="exhausted"), parts[1]])[0].child == "2"
    needing = [Allocation(1, "3", "", 30, 10, 20, "active"), *parts]
    assert [part.child for part in budget_report.telling(needing)] == ["3", ELSE]


def test_bars_by_hand() -> None:
    """16 cells: 42 % are 6.72, so 7; what is used is never none of them, what is not all never all."""
    assert shown(account("$20/day", 8_400_000, ends_at=NOON + 43_200)) == [
        "  1  $20 a day for this project",
        "     ███████░░░░░░░░░  42 %  $8.40 of $20.00, $11.60 left, anew Tue 00:00",
    ]
    assert shown(account("400k", 10))[1] == "     █░░░░░░░░░░░░░░░  <1 %  10 of 400k, 400k left"
    assert shown(account("400k", 399_999))[1].startswith("     ███████████████░  99 %  400k of 400k, 1 left")
    assert shown(account("400k", 412_000))[1] == "     ████████████████ 103 %  412k of 400k, 12k over: stops now"
    assert shown(account("400k warn only", 412_000))[1].endswith("12k over: only told")
    assert shown(account("$3/5h", 0))[1].endswith("   0 %  $0.00 of $3.00, $3.00 left, of the last 5 hours")


def test_when_it_begins_anew() -> None:
    """Seen at noon on Monday, 30 November 2026."""
    times = [NOON + 1800, NOON + 43_200, NOON + 6.5 * 86_400, NOON + 32.5 * 86_400, NOON + 9 * 86_400]
    told = [budget_report.clock(at, NOON, timezone.utc) for at in times]
    assert told == ["12:30", "Tue 00:00", "2026-12-07", "2027-01-02", "2026-12-09 12:00"]


def test_what_is_kept_and_under_way_is_said() -> None:
    told = " ".join(shown(account("$20/day", 8_000_000, reserved=500_000, kept=5_000_000))[1:])
    assert "$8.00 of $20.00, $6.50 left, $0.50 under way, $5.00 kept for others" in " ".join(told.split())


def test_each_session_has_a_bar_the_fullest_first() -> None:
    found = [account("400k per session", 1_000 * n, key=f"session{n}-abcdef") for n in range(7)]
    lines = shown(*found)
    assert lines[1].endswith("394k left (session session6)")
    assert lines[-1] == "     and 2 more"
    assert len(lines) == 1 + 5 + 1
    run = account("60k per Explore agent", 60_000, key="S1/a1b2c3d4e5")
    assert "0 left (agent a1b2c3d4 of" in " ".join(shown(run))
    assert "(prompt p1 of session S1)" in " ".join(" ".join(shown(account("9k per prompt", 5, key="S1/p1"))).split())


def test_a_paused_budget_and_one_that_nothing_is_used_of() -> None:
    budget = read("400k per session", HERE)._replace(id=3, state=State.PAUSED, paused_until=NOON + 1800)
    assert shown(budget=budget) == [
        "  3  400k per session in this project",
        "     nothing is used of it yet",
        "     paused until 12:30: it counts, and stops nothing",
    ]
    over = Account(budget._replace(period=Period(Span.ONCE), paused_until=None), "", 500_000)
    assert "stops now" not in "".join(shown(over))


def test_lines_are_at_most_80_columns() -> None:
    budget = read("$20 a day for project /" + "a-long-name/" * 12 + ", at least $5, priority 2", HERE)._replace(id=12)
    found = Account(budget, "", 21_000_000, 400_000, 5_000_000, NOON, NOON + 86_400 * 9)
    lines = shown(found)
    assert all(len(line) <= 80 for line in lines)
    assert "2026-12-09 12:00" in " ".join(lines)


def test_a_change_in_a_line() -> None:
    made = Change(1, 3, NOON, "me", "cli", "raise", "$20 a day", "$25 a day")
    assert budget_report.change_line(made, timezone.utc) == (
        "2026-11-30 12:00  raise 3: $20 a day → $25 a day (me, cli)"
    )
    paused = made._replace(what="pause", after="$20 a day, paused")
    assert budget_report.change_line(paused, timezone.utc).endswith("  pause 3: $20 a day, paused (me, cli)")
