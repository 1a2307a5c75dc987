"""What sessions begin with, by the newest audits, as a page has it."""

import statistics
from collections.abc import Callable

from trimtab.cli.page.history import DAY_S
from trimtab.cli.page.records import Standing, StandingPart
from trimtab.prompt.audit import Audit, Line
from trimtab.prompt.report import name_of


def standing(found: Audit, wall: Callable[[float], float]) -> Standing:
    """An audit for the page; parts without a token are left out."""
    lines = sorted((line for line in found.lines if line.part.tokens), key=lambda line: -line.part.tokens)
    return Standing(
        project=found.project,
        at=wall(found.sent.at),
        client=found.sent.client,
        model=found.sent.model,
        days=(found.until - found.since) / DAY_S,
        is_billed=found.sent.billed is not None,
        requests=found.requests,
        sessions=found.sessions,
        first_tokens=statistics.median(found.firsts) if found.firsts else None,
        usd=found.whole.usd,
        parts=tuple(part_of(line, wall) for line in lines),
    )


def part_of(line: Line, wall: Callable[[float], float]) -> StandingPart:
    use = line.use
    last = None if use.last is None else wall(use.last)
    times = use.times if use.is_known else None
    return StandingPart(line.group, name_of(line), line.owner, line.part.tokens, line.cost.usd, times, last, line.had)
