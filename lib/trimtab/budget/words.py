"""A budget as the user says it, and a budget said in words that mean the same wherever they are read.

One rule for what a text leaves open. Whose it is: with a period, this project (in the user's own settings, all work);
an amount alone is for one session, this one where it is said in a session, else each. How long: once, from now on,
where it says of whose it is and not how long. So `$20/day` is of this project, `400k` of this session,
`$15 for task auth` all that the task may ever cost.
"""

import re
from typing import NamedTuple

from trimtab.budget import amounts
from trimtab.budget.amounts import MILLION, THOUSAND, Amount, exactly
from trimtab.budget.periods import CALENDAR
from trimtab.budget.phrases import EXAMPLES, HERE, Said, checked, heard, says_something
from trimtab.budget.scopes import AGENTS, MAIN, level_of
from trimtab.budget.terms import MICRO, Budget, Measure, Mode, Period, Scope, Span
from trimtab.errors import BudgetError

PLAIN = re.compile(r"[A-Za-z0-9_/~+@.:-]+")  # a name that needs no quotes
RESERVED = re.compile(  # words that a phrase begins with, so that as an agent's type they would begin it
    r"all|any|each|every|per|my|the|of|type|id|run|sub-?agents?|agents?|group|window|project|folder|repo|repository|"
    r"session|task|prompt|turn|this|time|timezone|zone|priority|calendar|rolling|within|over|during|keep|least|only|just",
    re.I,
)
ROOTED = re.compile(r"/|[A-Za-z]:[\\/]")
SPAN_WORDS = {
    Span.ONCE: "in all",
    Span.SESSION: "per session",
    Span.PROMPT: "per prompt",
    Span.DAY: "a day",
    Span.WEEK: "a week",
    Span.MONTH: "a month",
}


class Place(NamedTuple):
    """Where a text is said; "" where there is none of it. `task` is the named run that the session is of."""

    project: str = ""
    session: str = ""
    task: str = ""
    prompt: str = ""
    origin: str = "cli"


def read(text: str, place: Place) -> Budget:
    """The budget that a text means where it is said, not stored yet. BudgetError says what is wrong, and an example.

    `$20 a day for this project`, `60k per Explore agent`, `2M in 5 hours, warn only, priority 2, at least 100k`,
    `context 120k`, `$10/week Europe/Berlin`.
    """
    said = heard(text)
    if said.amount is None:
        raise BudgetError(f"{text[:200]!r} has no amount: write it as in {EXAMPLES}")
    measure = measure_of(said, said.amount)
    scope, period = placed(said, measure, place)
    for name in scope.named().values():
        checked(name)
    minimum = said.minimum or Amount(said.amount.is_money, 0)
    if minimum.is_money != said.amount.is_money or minimum.units > said.amount.units:
        raise BudgetError(
            "what is kept at least is a part of the limit, in the same unit: for example '$20 a day, at least $5'"
        )
    return Budget(
        id=0,
        level=level_of(scope, period.span),
        scope=scope,
        measure=measure,
        limit=said.amount.units,
        period=period,
        mode=said.mode or Mode.STOP,
        priority=said.priority or 1.0,
        minimum=minimum.units,
        origin=place.origin,
    )


def measure_of(said: Said, limit: Amount) -> Measure:
    if not limit.is_money:
        return said.measure or Measure.BILLED
    if said.measure in (Measure.OUTPUT, Measure.CONTEXT):
        word = said.measure.value
        raise BudgetError(f"{word} is counted in tokens, not in money: for example '{word} 50k'")
    return Measure.USD


def placed(said: Said, measure: Measure, place: Place) -> tuple[Scope, Period]:
    """Whose the budget is and how long it counts; what was not said is by the module's rule."""
    scope, period = scope_of(said, place), period_of(said, measure)
    is_whole = bool(said.is_everything)
    if is_whole and any(scope[:4]):
        raise BudgetError(f"all work, and a part of it, can't be one budget: write it as in {EXAMPLES}")
    is_said = is_whole or any(scope[:4]) or bool(scope.agent)
    if not is_said and period is None and place.session:
        scope = scope._replace(session=place.session)
    elif not is_said:
        scope = scope._replace(project=place.project)
        period = period or Period(Span.ONCE if measure is Measure.CONTEXT else Span.SESSION)
    period = period or Period(Span.ONCE)
    if period.span is Span.RUN and not (scope.group or scope.agent_type or scope.agent):
        scope = scope._replace(agent_type=AGENTS)
    if said.minimum and scope.session and not scope.project:  # kept from the project's, so it must say which
        scope = scope._replace(project=place.project)
    return scope, period


def scope_of(said: Said, place: Place) -> Scope:
    """What is said of whose it is, with names for "this" project, session, task and prompt."""
    session, task = said.session or "", said.task or ""
    if task == HERE:  # one that was not named is what this session does
        task, session = place.task, session or ("" if place.task else HERE)
    return Scope(
        folder(here(said.project, place.project, "project", "for project /home/me/shop")),
        task,
        here(session, place.session, "session or task", "per session, or for task NAME, or say it in a session"),
        here(said.prompt, place.prompt, "prompt", "per prompt"),
        said.group or "",
        said.agent_type or "",
        said.agent or "",
    )


def here(said: str | None, this: str, what: str, instead: str) -> str:
    """A name, or this place's for "this one". BudgetError where there is no such here."""
    if said != HERE:
        return said or ""
    if not this:
        raise BudgetError(f"which {what} is meant is not known here: write {instead}")
    return this


def folder(path: str) -> str:
    """A project's folder without a slash at its end. BudgetError for a path that is not from the root."""
    if not path:
        return ""
    if not ROOTED.match(path):
        raise BudgetError(f"the project {path[:200]!r} is not a whole path: write it from the root, /home/me/shop")
    short = path.rstrip("/\\")
    return short if ROOTED.match(short) else path[: len(short) + 1]


def period_of(said: Said, measure: Measure) -> Period | None:
    """The period that is said, with its zone; None where none is."""
    period = said.period
    if measure is Measure.CONTEXT and period not in (None, Period(Span.ONCE)):
        raise BudgetError("context is how long a prompt may be, each one by itself: write 'context 120k'")
    if said.zone:
        if period is None or period.span not in CALENDAR:
            raise BudgetError(f"a time zone ({said.zone}) is of a day, a week or a month: for example '$20 a day UTC'")
        return period._replace(zone=said.zone)
    return period


def say(budget: Budget, here: Place | None = None) -> str:
    """The budget in full words: `read` makes the same of them, wherever they are read.

    "$20 a day for project /home/me/shop", "60k for each Explore agent for all my work, warn only". With `here` the
    project and the session of that place are "this project", "this session", so they are to be read there.
    """
    extras = [
        *(["warn only"] if budget.mode is Mode.WARN else []),
        *([f"priority {number(budget.priority)}"] if budget.priority != 1.0 else []),
        *([f"at least {exactly(budget.measure, budget.minimum)}"] if budget.minimum else []),
    ]
    return ", ".join([f"{exactly(budget.measure, budget.limit)} {counted(budget, here)}", *extras])


def counted(budget: Budget, here: Place | None = None) -> str:
    """What the budget counts, in words, without its limit: "a day for project /home/me/shop"."""
    agents = agents_of(budget.scope, budget.period.span)
    is_narrowed = bool(agents) or budget.period.span in (Span.SESSION, Span.PROMPT)
    words = [
        budget.measure.value if budget.measure in (Measure.OUTPUT, Measure.CONTEXT) else "",
        span_words(budget),
        f"in {budget.period.zone}" if budget.period.zone else "",
        agents,
        whose(budget.scope, "in" if is_narrowed else "for", here or Place()),
    ]
    return " ".join(filter(None, words))


def span_words(budget: Budget) -> str:
    span, seconds = budget.period.span, budget.period.seconds
    if span is Span.RUN or budget.measure is Measure.CONTEXT:
        return "per run" if span is Span.RUN and budget.scope.agent else ""
    if span is Span.ROLLING:
        return "in any hour" if seconds == 3600 else f"in any {amounts.length(seconds)}"
    return SPAN_WORDS[span]


def agents_of(scope: Scope, span: Span) -> str:
    """Which agents it is about; "" for all and the main conversation."""
    each, noun = ("for each", "agent") if span is Span.RUN else ("for", "agents")
    parts = [f"{each} group {scope.group} {noun}"] if scope.group else []
    if scope.agent_type == AGENTS:
        parts.append(f"{each} {noun}")
    elif scope.agent_type == MAIN and span is not Span.RUN:
        parts.append("for the main conversation")
    elif scope.agent_type:
        parts.append(f"{each} {quoted(scope.agent_type)} {noun}")
    return " ".join([*parts, *([f"for agent id {quoted(scope.agent)}"] if scope.agent else [])])


def whose(scope: Scope, joint: str, here: Place) -> str:
    """Of what it is, but for agents."""
    named = (
        ("prompt", scope.prompt, ""),
        ("session", scope.session, here.session),
        ("task", scope.task, ""),
        ("project", scope.project, here.project),
    )
    parts = [f"{what} {quoted(name)}" if name != this else f"this {what}" for what, name, this in named if name]
    return f" {joint} ".join(["", *parts]).strip() or ("" if scope.agent else "for all my work")


def quoted(name: str) -> str:
    """A name as a text has it, in quotes where it needs them."""
    if PLAIN.fullmatch(name) and not RESERVED.fullmatch(name) and not says_something(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def number(value: float) -> str:
    """Without rounding, "2" and not "2.0"."""
    return repr(value).removesuffix(".0")


def amount(measure: Measure, units: float) -> str:
    """The amount for people, rounded: "$4.20", "$0.0042", "412k", "1.5M", "950"."""
    if measure is Measure.USD:
        usd = abs(units) / MICRO
        text = f"${usd:,.2f}" if usd >= 0.01 or not usd else f"${usd:.2g}" if usd >= 0.0001 else "$0.0001"
    else:
        count = abs(units)
        if count < 999.5:
            text = f"{count:.0f}"
        elif count < 999_500:
            text = f"{count / THOUSAND:.0f}k" if count >= 9_950 else f"{count / THOUSAND:.1f}k".replace(".0k", "k")
        else:
            text = f"{count / MILLION:,.1f}M".replace(".0M", "M")
    return f"-{text}" if units < 0 and text.strip("$0.kM") else text


def raised(budget: Budget, text: str) -> int:
    """The new limit that `$25`, `to 500k`, `+$5` or `by 100k` means. BudgetError where it is none, or not higher."""
    found = re.fullmatch(r"\s*(?P<how>\+|by\b|to\b|=)?\s*(?P<amount>.*?)\s*(?:more)?\s*", text, re.I | re.S)
    assert found is not None, "everything in it may be missing"
    given = amounts.read_amount(found["amount"], "usd" if budget.measure is Measure.USD else "tokens")
    if given.is_money != (budget.measure is Measure.USD):
        unit = "dollars, such as $5" if budget.measure is Measure.USD else "tokens, such as 100k"
        raise BudgetError(f"the budget {say(budget)!r} is counted in {unit}, so {text.strip()[:80]!r} can't raise it")
    is_added = (found["how"] or "").lower() in ("+", "by") or text.rstrip().lower().endswith("more")
    limit = given.units + (budget.limit if is_added else 0)
    if limit > amounts.MOST:
        raise BudgetError(f"{text.strip()[:80]!r} is more than any budget holds")
    if limit <= budget.limit:
        raise BudgetError(
            f"{exactly(budget.measure, limit)} is not more than the {exactly(budget.measure, budget.limit)} of"
            f" {say(budget)!r}: write +{exactly(budget.measure, max(1, budget.limit // 4))} to add to it; `set` with"
            " the same words and a smaller amount lowers it"
        )
    return limit
