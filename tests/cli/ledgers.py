"""A small ledger, made by hand: every expected figure in these tests is worked out from the rows here."""

from pathlib import Path

from trimtab.records import Fold, Load, Recovery, Request, Tier
from trimtab.store import Store

NOW = 1_800_000_000.0
FIRST, SECOND = "c187e887-8077-45d6-a9ac-d2e7c442349e", "5923df46-ae7a-4bad-95bd-6019771ef20c"


def load(session: str, name: str, at: float, path: str, tier: Tier, raw: int, shown: int) -> Load:
    """A counted Read whose view the transcript shows."""
    folds = () if tier is Tier.COMPLETE else (Fold(3, 90, ("render",)),)
    return Load(session, "", name, at, "Read", path, "python", tier, "by hand", raw, shown, True, folds, True)


def fill(ledger: Path, project: Path, now: float = NOW) -> None:
    """Two sessions, an hour apart; the second ended 10 minutes before `now`.

    Loaded 10,000 + 4,000 + 300 + 2,000 = 16,300; views saved 6,000 + 3,000 + 1,500 = 10,500; 500 were fetched later.
    """
    with Store.open(ledger) as store:
        store.add_session(FIRST, now - 7200, "claude-opus-5-5", "/t/1.jsonl", str(project), "2.1.328")
        store.add_load(load(FIRST, "a", now - 7100, f"{project}/lib/big.py", Tier.STANDARD, 10_000, 4_000))
        store.add_load(load(FIRST, "b", now - 7000, f"{project}/lib/other.py", Tier.ESSENTIAL, 4_000, 1_000))
        store.add_load(load(FIRST, "c", now - 6900, f"{project}/small.py", Tier.COMPLETE, 300, 300))
        store.add_news(recoveries=[Recovery("a", "d", now - 6800, "Read", 40, 500)])
        requests = [
            Request(FIRST, "", f"m{i}", now - 7150 + 60 * i, "claude-opus-5-5", 10, 2_000, 0, 30_000, 200)
            for i in range(5)
        ]
        store.add_news(requests)
        store.add_session(SECOND, now - 3600, "claude-opus-5-5", "/t/2.jsonl", str(project), "2.1.328")
        store.add_load(load(SECOND, "e", now - 600, f"{project}/lib/big.py", Tier.ESSENTIAL, 2_000, 500))
