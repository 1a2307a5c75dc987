"""A ledger with messages between agents, made by hand: the expected figures in the tests are worked out from it."""

from pathlib import Path

from tests.cli.ledgers import FIRST, NOW

from trimtab.records import Addition, Fold, Load, Message, Recovery, Request, Tier
from trimtab.store import Store

MODEL = "claude-opus-5-5"


def message(
    name: str, agent: str, at: float, pair: tuple[str, str], priority: str, raw: int, shown: int, kind: str = "report"
) -> Load:
    """A counted message whose view, if it is one, the transcript shows."""
    tier = Tier.COMPLETE if raw == shown else Tier.STANDARD
    folds = () if raw == shown else (Fold(3, 90, ("render",)),)
    who = Message(*pair, priority)
    honoured = None if raw == shown else True
    return Load(FIRST, agent, name, at, "Agent", "Look", kind, tier, "by hand", raw, shown, True, folds, honoured, who)


def mail(ledger: Path, now: float = NOW) -> None:
    """Two agents of main's, of which one has an agent of its own. Of one the requests are known, two of them.

    main → Explore 100, Explore → main 5,000 shown as 2,000, of which 400 were fetched; its contract has 40.
    main → security-auditor 200, back 3,000 shown as 1,000, contract 50.
    That one asked general-purpose: 150, and got 800 back.
    """
    before = now - 7000
    with Store.open(ledger) as store:
        for load in (
            message("t1:task", "a1", before + 10, ("", "Explore"), "normal", 100, 100, "task"),
            message("t1", "", before + 100, ("Explore", ""), "high", 5_000, 2_000),
            message("t2:task", "a2", before + 200, ("", "security-auditor"), "high", 200, 200, "task"),
            message("t3:task", "a3", before + 210, ("security-auditor", "general-purpose"), "normal", 150, 150, "task"),
            message("t3", "a2", before + 290, ("general-purpose", "security-auditor"), "low", 800, 800),
            message("t2", "", before + 300, ("security-auditor", ""), "critical", 3_000, 1_000),
        ):
            store.add_load(load)
        store.add_addition(Addition(FIRST, "a1", before + 11, "SubagentStart", 40))
        store.add_addition(Addition(FIRST, "a2", before + 201, "SubagentStart", 50))
        store.add_addition(Addition(FIRST, "a2", before + 250, "PostToolBatch", 9_999))  # of a budget: no message's
        store.add_addition(Addition(FIRST, "a9", before + 250, "SubagentStart", 9_999))  # of an agent that is not known
        requests = [Request(FIRST, "", f"n{i}", before + 150 * i, MODEL, 10, 2_000, 0, 30_000, 200) for i in range(4)]
        requests += [Request(FIRST, "a1", f"o{i}", before + 50 * i, MODEL, 10, 2_000, 0, 3_000, 20) for i in (1, 2)]
        store.add_news(requests, [Recovery("t1", "r1", before + 140, "Read", 30, 400)])
