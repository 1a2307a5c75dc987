"""Conversations that spend, as files of a client, and a purse over the same home."""

import json
from datetime import datetime, timezone
from pathlib import Path

from tests.usage.written import MODEL, usage

from trimtab import paths
from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Period, Reservation, Span
from trimtab.handlers.asking import Who
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.purse import Purse
from trimtab.store.budgets import Author, BudgetStore
from trimtab.store.usage import UsageStore

NOON = 1_796_040_000.0  # 2026-11-30T12:00Z, a Monday
PROJECT = "/home/user/project"
ME = Author("me", "cli", NOON)


def words(budget: Budget) -> str:
    return f"{budget.limit} {budget.measure.value}"


def budget(limit: int, measure: Measure = Measure.OUTPUT, span: Span = Span.ONCE, **fields: object) -> Budget:
    """A budget over everything that was made an hour ago."""
    period = Period(span, 18_000.0 if span is Span.ROLLING else 0.0, "UTC")
    made = Budget(0, Level.GLOBAL, EVERYTHING, measure, limit, period, made_at=NOON - 3600)
    return made._replace(**fields)  # type: ignore[arg-type]  # whatever a test narrows


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class World:
    """A home, its clock, its processes. Responses are written as the client does: into the session's transcripts."""

    def __init__(self, home: Path) -> None:
        self.home, self.environment = home, {"HOME": str(home)}
        self.now = self.steady = NOON
        self.dead: set[int] = set()
        self.notes: list[str] = []
        self._count = 0

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.steady += seconds

    def purse(self) -> Purse:
        """A new daemon's."""
        return Purse(
            self.environment,
            lambda: self.now,
            Bookkeeping(self.environment, self.notes.append),
            self.notes.append,
            lambda pid: None if pid == 0 else pid not in self.dead,
            lambda: self.steady,
        )

    def ledger(self) -> BudgetStore:
        return BudgetStore.open(paths.ensure_user_folder(self.environment) / paths.USER_LEDGER)

    def add(self, *budgets: Budget) -> list[Budget]:
        with self.ledger() as store:
            return [store.add(one, ME, words) for one in budgets]

    def reservations(self) -> list[Reservation]:
        with self.ledger() as store:
            return store.reservations()

    def book(self) -> UsageStore:
        return UsageStore.open(paths.usage_path(self.environment))

    def transcript(self, session: str) -> Path:
        return self.home / ".claude" / "projects" / "-home-user-project" / f"{session}.jsonl"

    def who(self, session: str = "s1", agent: str = "", kind: str = "main", prompt: str = "p1", pid: int = 7) -> Who:
        return Who(session, agent, kind, PROJECT, prompt, self.transcript(session), pid)

    def respond(
        self,
        output: int,
        session: str = "s1",
        agent: str = "",
        *,
        key: str = "",
        at: float | None = None,
        prompt: int = 1000,
        read: int = 0,
        model: str = MODEL,
        kind: str = "",
    ) -> str:
        """A response came, now or at another time: `prompt` tokens that were written to the cache, `read` from it."""
        self._count += 1
        key = key or f"msg_01{self._count:022}"
        path = self.transcript(session)
        if agent:
            path = path.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind:
            path.with_suffix("").with_suffix(".meta.json").write_text(json.dumps({"agentType": kind}))
        said = {
            "type": "message",
            "role": "assistant",
            "model": model,
            "id": key,
            "content": [],
            "usage": usage(0, prompt, read, output),
        }
        line = {
            "parentUuid": "p",
            "isSidechain": bool(agent),
            "message": said,
            "requestId": f"req-{key}",
            "type": "assistant",
            "uuid": f"u{self._count}",
            "cwd": PROJECT,
            "sessionId": session,
            "timestamp": stamp(self.now if at is None else at),
            "version": "2.1.328",
        }
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line if not agent else {**line, "agentId": agent}) + "\n")
        return key

    def total(self, session: str, output: int, written: int = 0) -> None:
        """The session ended: the client's own sum, of so many tokens that were answered and written to the cache."""
        told = {
            "inputTokens": 0,
            "outputTokens": output,
            "cacheReadInputTokens": 0,
            "cacheCreationInputTokens": written,
            "webSearchRequests": 0,
        }
        line = {
            "type": "cost-state",
            "sessionId": session,
            "totalCostUSD": 0.5,
            "startTime": (NOON - 7200) * 1000,
            "timestamp": stamp(self.now),
            "modelUsage": {MODEL: told},
        }
        with self.transcript(session).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
