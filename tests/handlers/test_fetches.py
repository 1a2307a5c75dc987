"""An agent reads what another agent's view has folded: that view pays for it."""

from pathlib import Path

import pytest
from tests.handlers.client import Client
from tests.handlers.test_reports import GOLD, told

from trimtab import tiers
from trimtab.records import Recovery

REPORT = (GOLD / "27-log-analysis.md").read_text("utf-8")


def kept(view: str) -> tuple[str, str]:
    """The file that has a report whole, and its text."""
    path = view.split("\n")[-1].removeprefix("... whole output: ")
    return path, Path(path).read_text("utf-8")


def recoveries(client: Client) -> list[Recovery]:
    client.send("Stop")
    with client.ledger() as store:
        return store.recoveries()


def test_what_another_agent_reads_of_a_kept_report_is_a_recovery(client: Client) -> None:
    """The report's view seems to have saved what an agent that was sent to the file then had to read."""
    view = told(client, REPORT)
    path, text = kept(view)
    fold = tiers.FOLD.search(view)
    assert fold
    client.read(path, text, agent="a7", offset=int(fold[1]), limit=3)
    (found,) = recoveries(client)
    (report,) = (load for load in client.loads() if load.kind == "report")
    assert (found.load, found.tool, found.lines, found.agent) == (report.tool_use_id, "Read", 3, "a7")
    assert found.tokens > 0
    assert len(recoveries(client)) == 1  # once


@pytest.mark.parametrize("what", ["shown lines", "another file", "no view's"])
def test_what_was_not_folded_is_none(client: Client, what: str) -> None:
    view = told(client, REPORT)
    path, text = kept(view)
    fold = tiers.FOLD.search(view)
    assert fold
    offset = 1 if what == "shown lines" else int(fold[1])
    assert int(fold[1]) > 1
    other = {"another file": str(client.project / "notes.txt"), "no view's": str(Path(path).with_name("0123abcd.txt"))}
    client.read(other.get(what, path), text, agent="a7", offset=offset, limit=1)
    assert recoveries(client) == []


def test_its_own_read_counts_once_and_none_after_a_compaction(client: Client) -> None:
    """Counted by the conversation and by the ledger; or what left the context with the view counts as missed."""
    view = told(client, REPORT)
    path, text = kept(view)
    fold = tiers.FOLD.search(view)
    assert fold
    client.read(path, text, offset=int(fold[1]), limit=3)
    assert len(recoveries(client)) == 1
    client.write({"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "auto"}})
    client.read(path, text, offset=int(fold[1]), limit=3)
    assert len(recoveries(client)) == 1
