"""A history made up from a seed, with the shape of real ones: sessions of a working day, contexts that fill and are
compacted, subagents, two lifetimes of the cache, a model without a price, files that are read again and again.

Nothing here is a measurement; sizes are drawn near those of recorded sessions.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.prompt.audits import AUDIT

from trimtab.cli.page import Budget, History
from trimtab.records import Addition, Alert, Arrival, Fold, Load, Message, Recovery, Request, Tier

NOW = 1_795_543_200.0  # 2026-11-24T18:00Z
DAY_S = 86_400.0
PROJECTS = ("/home/sam/code/harbour", "/home/sam/code/tide-tables", "/home/sam/work/billing/api", "/home/sam/notes")
MODELS = ("claude-opus-5-5", "claude-opus-5-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5")
UNPRICED = "local/qwen-coder"
FILES = (
    "src/server.py",
    "src/routes/orders.py",
    "docs/guide.md",
    "tests/test_orders.py",
    "package-lock.json",
    "src/db.py",
)
COMMANDS = ("pytest -q", "git diff", "npm run build", "rg -n TODO src", "git log --stat -20")
OTHER = AUDIT._replace(  # an older one of another project: half as large, without a history
    project=PROJECTS[2],
    sent=AUDIT.sent._replace(at=NOW - DAY_S, billed=900),
    lines=AUDIT.lines[:1],
    requests=0,
    sessions=0,
    firsts=(),
)
STANDING, FULL, LEFT = 19_000, 160_000, 24_000


class Rows(NamedTuple):
    """What is put together, session by session."""

    requests: list[Request]
    arrivals: list[Arrival]
    loads: list[Load]
    recoveries: list[Recovery]
    additions: list[Addition]


def history(seed: int, days: int, sessions_a_day: float = 5.0, now: float = NOW) -> History:
    """`days` days that end at `now`."""
    draw = random.Random(seed)
    rows = Rows([], [], [], [], [])
    number = 0
    for day in range(days, 0, -1):
        midnight = now - now % DAY_S - (day - 1) * DAY_S
        weekend = int(midnight // DAY_S + 3) % 7 >= 5
        for _ in range(round(draw.gauss(sessions_a_day * (0.2 if weekend else 1.0), 1.2))):
            number += 1
            begin = midnight + draw.uniform(7.0, 17.0) * 3600
            if begin < now:
                session(draw, rows, f"{draw.getrandbits(32):08x}-0000-4000-8000-{number:012x}", begin, day)
    at = [now - 3 * DAY_S, now - 2 * 3600, now - 20 * DAY_S]
    alerts = [
        (PROJECTS[0], Alert(1, "warning", "84 % of this month's budget is used", "budget", at[0], False)),
        ("", Alert(2, "critical", "The cache hit rate of the last hour is 41 %, under 70 %", "cache", at[1], False)),
        (PROJECTS[2], Alert(3, "info", "A session used 6 times its usual tokens an hour", "anomaly", at[2], True)),
        ("", Alert(4, "warning", "A part failed for 6 minutes", "health", at[2], False, cleared_at=at[2] + 600)),
    ]
    today = int(now // DAY_S)
    budgets = (
        Budget("November, all projects", "", "USD", 400.0, 312.4, today - 23, today + 6, 385.0),
        Budget("harbour, this week", PROJECTS[0], "tokens", 60_000_000, 61_200_000, today - 1, today + 5, None),
    )
    return History(*rows, alerts, budgets, audits=[AUDIT._replace(project=PROJECTS[0]), OTHER])


def session(draw: random.Random, rows: Rows, name: str, begin: float, age: int) -> None:
    """One session: a main conversation, at times with subagents."""
    project = draw.choices(PROJECTS, (6, 3, 4, 1))[0]
    model = UNPRICED if draw.random() < 0.03 else draw.choice(MODELS)
    hour = draw.random() < 0.4
    length = min(int(draw.lognormvariate(3.3, 0.9)) + 2, 420)
    trims = age < 45  # Trimtab was installed then
    conversation(draw, rows, (name, "", ""), project, model, hour, begin, length, trims)
    for number in range(draw.choice((0, 0, 0, 1, 3)) if length > 20 else 0):
        kind = draw.choice(("Explore", "general-purpose"))
        who = (name, f"a{number}{draw.getrandbits(24):06x}", kind)
        conversation(draw, rows, who, project, MODELS[-1], False, begin + 300, draw.randint(4, 20), trims)


def conversation(
    draw: random.Random, rows: Rows, who: tuple[str, str, str], project: str, model: str, hour: bool,
    at: float, length: int, trims: bool,
) -> None:  # fmt: skip
    """Requests whose prompts grow by what arrives, and are compacted when they are full."""
    name, agent, kind = who
    prompt, cached, output = STANDING + draw.randint(0, 4_000), 0, 0
    if agent and trims:  # what it was asked, and what it is told of its report
        asked = Message("", kind, "normal")
        rows.loads.append(
            Load(name, agent, f"{name}{agent}:task", at, "Agent", "Look", "task", Tier.COMPLETE, "as written",
                 120 + 10 * length, 120 + 10 * length, True, (), None, asked)
        )  # fmt: skip
        rows.additions.append(Addition(name, agent, at, "SubagentStart", 45))
    rows.arrivals.append(Arrival(name, agent, f"{name}{agent}p0", at, "prompt", "", "", draw.randint(80, 2_000)))
    for number in range(length):
        at += draw.lognormvariate(2.8, 0.8)
        if prompt > FULL:
            prompt, cached = LEFT + draw.randint(0, 6_000), STANDING
            rows.arrivals.append(Arrival(name, agent, f"{name}{agent}s{number}", at - 1, "summary", "", "", 9_000))
        elif draw.random() < 0.03:
            cached = 0  # it went cold
        write = prompt - cached
        output = int(draw.lognormvariate(5.6, 0.9))
        rows.requests.append(
            Request(
                name, agent, f"{name}{agent}m{number}", at, model, draw.randint(2, 12), 0 if hour else write,
                write if hour else 0, cached, output, project, kind, False, int(draw.random() < 0.004),
            )
        )  # fmt: skip
        cached = prompt
        prompt += output + sum(arrived(draw, rows, who, project, at + 0.5, number, trims))


def reported(load: Load) -> Load:
    """The load as a report of an Explore agent, a long one shown by half."""
    found = load._replace(kind="report", message=Message("Explore", "general-purpose" if load.agent else "", "high"))
    if load.raw_tokens < 600:
        return found
    return found._replace(
        tier=Tier.STANDARD, shown_tokens=load.raw_tokens // 2, folds=(Fold(9, 40, ("tide",)),), honoured=True
    )


def arrived(
    draw: random.Random, rows: Rows, who: tuple[str, str, str], project: str, at: float, number: int, trims: bool
) -> Iterator[int]:
    """What comes in between two requests, in billed tokens."""
    name, agent, _ = who
    call = f"{name}{agent}t{number}"
    tool, target = draw.choice((("Read", f"{project}/{draw.choice(FILES)}"), ("Bash", draw.choice(COMMANDS))))
    if draw.random() < 0.12:
        tool, target = draw.choice((("mcp__tracker__search", "open issues"), ("Agent", "Explore"), ("Grep", "TODO")))
    raw = min(int(draw.lognormvariate(6.2, 1.5)), 24_000)
    folds = trims and raw > 2_500 and tool in ("Read", "Bash")
    tier = draw.choice((Tier.ESSENTIAL, Tier.STANDARD, Tier.COMPREHENSIVE)) if folds else Tier.COMPLETE
    shown = int(raw * {Tier.ESSENTIAL: 0.12, Tier.STANDARD: 0.4, Tier.COMPREHENSIVE: 0.7, Tier.COMPLETE: 1.0}[tier])
    if trims:
        view = (Fold(10, 90, ("handle",)),) if folds else ()
        kind = "python" if tool == "Read" else "log"
        load = Load(name, agent, call, at, tool, target, kind, tier, "made up", raw, shown, True, view, folds or None)
        rows.loads.append(reported(load) if tool == "Agent" else load)
    rows.arrivals.append(Arrival(name, agent, call, at, "result", tool, target, int(shown * 2.9)))
    yield shown
    if folds and draw.random() < 0.12:
        tokens = min(raw - shown, draw.randint(80, 1_200))
        rows.recoveries.append(Recovery(call, f"{call}r", at + 0.1, tool, 30, tokens))
        rows.arrivals.append(Arrival(name, agent, f"{call}r", at + 0.1, "result", tool, target, int(tokens * 2.9)))
        yield tokens
    if trims and number == 0:
        rows.additions.append(Addition(name, agent, at, "SessionStart", 90))
        rows.arrivals.append(Arrival(name, agent, f"{call}n", at + 0.2, "note", "", "", 260))
        yield 90
    if draw.random() < 0.1:
        rows.arrivals.append(Arrival(name, agent, f"{call}p", at + 0.3, "prompt", "", "", draw.randint(40, 1_500)))
        yield 200
