"""`trimtab agents`: the table in force, and what it would have saved; figures by hand."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.usage.written import AT, Home, answer, usage, user

Run = Callable[..., tuple[int, str, str]]
COST = (1000 * 4 + 2000 * 5 + 3000 * 0.2 + 400 * 20) / 1e6
WOULD = (1000 * 0.1 + 2000 * 0.125 + 3000 * 0.01 + 400 * 0.5) / 1e6


@pytest.fixture
def home(apart: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A session with an agent of group 1 and one for anything."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(time, "time", lambda: AT + 3600)
    made = Home(apart, apart / ".claude")
    spent = usage(1000, 2000, 3000, 400)
    made.write("s1", user(1, "Why?"), answer(2, "m1", spent))
    for agent, kind in (("a1", "Explore"), ("a2", "general-purpose")):
        about: dict[str, Any] = {"isSidechain": True, "agentId": agent}
        made.write(
            f"s1/{agent}", user(3, "Find it.", **about), answer(5, f"m{agent}", spent, **about, attributionAgent=kind)
        )
    return made


def configure(home: Home, text: str) -> None:
    folder = home.client.parent / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")


def test_the_estimate_as_json(home: Home, run: Run) -> None:
    status, out, err = run("agents", "--all", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["agent_models"] == "off"
    assert found["table"]["1"] == {"small": "haiku low", "large": "sonnet low"}
    (row,) = found["rows"]
    assert (row["group"], row["size"], row["runs"]) == ("1 Strategic Analysis", "small", 1)
    assert found["saved_usd"] == pytest.approx(COST - WOULD)
    assert found["left"] == {"no group": 1}


def test_a_person_is_told_what_is_in_force_and_that_it_is_an_estimate(home: Home, run: Run) -> None:
    configure(home, 'agent_models = "on"\n[groups.1]\nsmall = "sonnet"\n')
    status, out, err = run("agents", "--all")
    assert (status, err) == (0, "")
    assert "agent_models is on" in out
    assert "1 Strategic Analysis    sonnet" in out
    assert "an estimate" in out
    assert "1 (no group)" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_suggest_tells_it_under_the_report_by_agent_and_off_does_not(home: Home, run: Run) -> None:
    """Who asked for nothing reads of it, or who asked does not."""
    assert "table of models" not in run("report", "--by", "agent", "--all")[1]
    configure(home, 'agent_models = "suggest"\n')
    assert "By the table of models 1 agent would have cost about" in run("report", "--by", "agent", "--all")[1]
    assert "table of models" not in run("report", "--by", "agent", "--all", "--csv")[1]


def test_without_any_agent_it_says_so(home: Home, run: Run) -> None:
    assert "No past agent" in run("agents", "--all", "--since", "2020-01-01", "--until", "2020-01-02")[1]
    assert run("agents", "--all", "--project", ".")[0] == 2
