"""`trimtab report --by messages`: what agents wrote to each other, by hand (see `mailed.mail`)."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import FIRST, SECOND
from tests.cli.mailed import mail

from trimtab import paths, tokens
from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]
OWN = '[groups]\n"security-auditor" = 4\n'


@pytest.fixture
def mailed(project: Path) -> Path:
    mail(project / ".claude-patterns" / "trimtab.db")
    (project / ".claude-patterns" / "config.toml").write_text(OWN, encoding="utf-8")
    return project


def rows(out: str) -> dict[str, list[str]]:
    """By name the figures of each line of the tables."""
    found = (re.match(r"(.*\S)((?:\s+-?[\d,.]+[kM]?){6})$", line) for line in out.splitlines())
    return {match[1]: match[2].split() for match in found if match}


def test_pairs_of_groups_with_sizes_and_what_is_net(mailed: Path, run: Run) -> None:
    """A pair is turned around, a fetch or a contract is left out of the net, the user's groups are not known."""
    status, out, err = run("report", "--by", "messages")
    assert (status, err) == (0, "")
    found = rows(out)
    assert found["1 Strategic → main"] == ["1", "5,000", "2,000", "400", "40", "2,560"]  # 3,000 - 400 - 40
    assert found["4 Validation → main"] == ["1", "3,000", "1,000", "0", "50", "1,950"]
    assert found["main → 1 Strategic"] == ["1", "100", "100", "0", "0", "0"]
    assert found["main → 4 Validation"] == ["1", "200", "200", "0", "0", "0"]
    assert found["4 Validation → 3 Execution"] == ["1", "150", "150", "0", "0", "0"]
    assert found["3 Execution → 4 Validation"] == ["1", "800", "800", "0", "0", "0"]
    assert found["all"] == ["6", "9,250", "4,250", "400", "90", "4,510"]
    assert "Priority: 1 critical, 2 high, 2 normal, 1 low." in out


def test_agents_have_rows_where_a_group_has_several(mailed: Path, run: Run) -> None:
    assert "By agent" not in run("report", "--by", "messages")[1]
    (mailed / ".claude-patterns" / "config.toml").write_text('[groups]\n"security-auditor" = 1\n', encoding="utf-8")
    _, out, _ = run("report", "--by", "messages")
    assert rows(out)["1 Strategic → main"] == ["2", "8,000", "3,000", "400", "90", "4,510"]
    assert rows(out)["security-auditor → main"] == ["1", "3,000", "1,000", "0", "50", "1,950"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal(width: int, mailed: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure or a group is cut off."""
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = run("report", "--by", "messages")
    assert max(map(len, out.splitlines())) <= width
    name = "4 → 3" if width < 80 else "4 Validation → 3 Execution"
    assert rows(out)[name] == ["1", "150", "150", "0", "0", "0"]
    assert "…" not in out


def test_json_has_groups_agents_and_the_total(mailed: Path, run: Run) -> None:
    document = json.loads(run("report", "--by", "messages", "--json")[1])
    assert (document["by"], document["project"], document["session"]) == ("messages", str(mailed), None)
    first = document["rows"][0]
    assert (first["sender"], first["receiver"], first["messages"]) == ("1 Strategic Analysis", "main", 1)
    assert (first["raw_tokens"], first["shown_tokens"], first["recoveries"], first["net_tokens"]) == (
        5000,
        2000,
        1,
        2560,
    )
    assert [first[name] for name in ("critical", "high", "normal", "low")] == [0, 1, 0, 0]
    assert {(row["sender"], row["receiver"]) for row in document["by_agent"]} >= {
        ("Explore", "main"),
        ("main", "Explore"),
    }
    assert document["total"]["net_tokens"] == 4510


def test_a_saving_is_worth_what_its_requests_would_have_paid(mailed: Path, run: Run) -> None:
    """The saving is priced as what is sent once, or a contract as the main conversation's.

    The report comes before 3 more requests of main: written once (1.25), read twice (0.05). So does what was fetched,
    whose call had a prompt of 32,010 tokens and 120 of output (5 each). The contract comes before the agent's 2.
    """
    document = json.loads(run("report", "--by", "messages", "--json")[1])
    factors = tokens.FACTORS[tokens.family("claude-opus-5-5")]
    agent, read, any_tool = factors.get("Agent", factors[""]), factors.get("Read", factors[""]), factors[""]
    fetched = 400 * read * 1.35 + 0.05 * 32_010 + 5 * 120
    expected = 3_000 * agent * 1.35 - fetched - 40 * any_tool * 1.30
    assert document["rows"][0]["net_units"] == pytest.approx(expected)
    assert document["total"] == json.loads(run("report", "--json")[1])["messages"]
    assert [row["net_units"] for row in document["rows"] if row["sender"] == "main"] == [0, 0]


def test_csv_has_a_row_a_pair(mailed: Path, run: Run) -> None:
    found = list(csv.DictReader(io.StringIO(run("report", "--by", "messages", "--csv")[1])))
    assert len(found) == 6
    assert (found[0]["sender"], found[0]["receiver"], found[0]["messages"]) == ("1 Strategic Analysis", "main", "1")
    assert (found[0]["raw_tokens"], found[0]["added_tokens"], found[0]["net_tokens"]) == ("5000", "40", "2560")


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [(["--session", FIRST[:4]], 6), (["--session", SECOND], 0), (["--hours", "1"], 0), (["--hours", "24"], 6)],
)
def test_a_part_of_it(arguments: list[str], messages: int, mailed: Path, run: Run) -> None:
    status, out, _ = run("report", "--by", "messages", "--json", *arguments)
    assert status == 0
    assert json.loads(out)["total"]["messages"] == messages


def test_no_messages_is_a_sentence(project: Path, run: Run) -> None:
    status, out, _ = run("report", "--by", "messages", "--since", "week")
    assert status == 0
    assert "No messages between agents are recorded for" in out
    assert "between agents" not in run("report")[1]


def test_all_projects_are_added_up(mailed: Path, tmp_path: Path, apart: Path, run: Run) -> None:
    other = tmp_path / "other"
    (other / ".claude-patterns").mkdir(parents=True)
    mail(other / ".claude-patterns" / "trimtab.db")
    for folder in (mailed, other):
        paths.remember_project(paths.user_folder({"HOME": str(apart)}), folder / ".claude-patterns")
    document = json.loads(run("report", "--by", "messages", "--all", "--json")[1])
    assert (document["project"], document["total"]["messages"]) == (None, 12)


def test_the_report_has_a_line_of_them(mailed: Path, run: Run) -> None:
    _, out, _ = run("report")
    told = "6 messages between agents: 9,250 tokens, 4,250 shown, 4,510 saved net (trimtab report --by messages)."
    assert told in " ".join(out.split())


def test_a_view_that_is_not_seen_yet_is_not_saved(mailed: Path, run: Run) -> None:
    with Store.open(mailed / ".claude-patterns" / "trimtab.db") as store:
        (load,) = (load for load in store.loads() if load.tool_use_id == "t2")
        store.add_load(load._replace(honoured=None))
    _, out, _ = run("report", "--by", "messages")
    assert rows(out)["4 Validation → main"] == ["1", "3,000", "3,000", "0", "50", "-50"]
    assert "1 view (2,000 tokens) not yet seen in a transcript: not counted as saved." in " ".join(out.split())
