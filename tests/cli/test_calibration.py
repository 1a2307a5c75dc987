"""`trimtab usage calibration`: its table and its JSON, over requests given by a reader."""

import json

import pytest

from trimtab.cli import calibration
from trimtab.records import Arrival, Request


def shown(capsys: pytest.CaptureFixture[str], batches: int, wants_json: bool = False) -> str:
    """Of batches of 2,000 weighed tokens, each billed 2,400 and its frame of 29."""
    requests = [
        Request("s", "", f"m{at}", at, "claude-opus-4-5", 0, 0, 0, 10_000 + 2429 * at, 0) for at in range(batches + 1)
    ]
    arrivals = [Arrival("s", "", f"r{at}", at + 0.5, "result", "Read", "", 0, tokens=2000) for at in range(batches)]
    calibration.show(requests, arrivals, wants_json)
    return capsys.readouterr().out


def test_the_table_has_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """(8 * 1.2 + 8) / 16 = 1.1 for all; drawn to that, (8 * 1.2 + 8 * 1.1) / 16 = 1.15 is the tool's."""
    out = shown(capsys, 8)
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:8] == ["Claude", "up", "to", "4.6", "8", "19,432", "1.100", "1.000"]
    assert lines[2] == ["Read", "8", "19,432", "1.150", "1.000", "7.3%", "7.3%"]
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_figures_are_whole_in_60_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown(capsys, 8).splitlines()
    assert lines[2].split() == ["Read", "8", "19,432", "1.150", "1.000", "7.3%", "7.3%"]
    assert all(len(line) <= 60 for line in lines)


def test_json_has_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(shown(capsys, 8, wants_json=True))
    assert document["format"] == 1
    assert [(row["family"], row["tool"], row["samples"]) for row in document["calibration"]] == [
        ("older", "", 8), ("older", "Read", 8),
    ]  # fmt: skip
    assert document["calibration"][1]["factor"] == pytest.approx(1.15)


def test_nothing_recorded_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, 0).startswith("No batch of tool results of 1,000 tokens or more is recorded yet")
