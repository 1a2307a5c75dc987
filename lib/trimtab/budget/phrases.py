"""The phrases that a budget is said in: a table of patterns, and what each of them says.

A text is read from left to right. At each place the first phrase that fits is taken; words that say nothing ("may use
at most") are passed over; anything else is an error that names the word. A name that is more than one word, or would
be taken for something else, stands in double quotes, where \\" and \\\\ are the signs themselves.
"""

import difflib
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from trimtab import groups
from trimtab.budget.amounts import AMOUNT, COUNTED, Amount, amount_of, seconds_of
from trimtab.budget.periods import zone_named
from trimtab.budget.scopes import AGENTS, MAIN
from trimtab.budget.terms import Measure, Mode, Period, Span
from trimtab.errors import BudgetError

EXAMPLES = "'$20 a day for this project', '400k per session', '60k for each Explore agent'"
HERE = "\0"  # for a project, session, prompt or task that was not named: "this one"
LONGEST = 6_000  # characters: a path may have 4,096
LEAST_PRIORITY, MOST_PRIORITY = 0.01, 1_000.0  # chosen
END = r"(?![\w-])"
NAME = r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s",;]+))'
EACH = r"(?:/\s*|(?:(?:for|in|of)\s+)?(?:per|each|every|an?|any)\s+)"
AGENT = r"(?:sub-?)?agent"
SPANS = {
    **dict.fromkeys(("day", "d", "daily"), Span.DAY),
    **dict.fromkeys(("week", "wk", "w", "weekly"), Span.WEEK),
    **dict.fromkeys(("month", "mo", "monthly"), Span.MONTH),
    **dict.fromkeys(("session", "conversation", "chat"), Span.SESSION),
    **dict.fromkeys(("prompt", "turn"), Span.PROMPT),
    "run": Span.RUN,
}
HOURS = ("hour", "h", "hourly")
TYPES = {name.casefold(): name for name in (*groups.AGENTS, MAIN)}
FILLERS = re.compile(
    r"[,;:.=]|(?:for|in|of|on|by|the|my|a|an|and|with|to|is|are|at|most|may|can|must|should|shall|not|never|no|more|than|up|"
    r"exceed|use|uses|used|cost|costs|spend|spends|get|gets|have|has|limit|limits|budget|max|maximum|work|time|"
    r"together|mode|only)(?![\w-])",
    re.I,
)
KNOWN = (
    *("day", "week", "month", "hours", "minutes", "session", "prompt", "agent", "agents", "project", "task", "output"),
    *("context", "billed", "tokens", "warn", "only", "priority", "least", "everything", "daily", "weekly", "monthly"),
    *("once", "this", "each", "every", "work", "main", "group", "zone", "cents", "dollars"),
)
REFUSED = (  # what people say that is no budget, and what to say instead
    (r"[-−–]\s*\$?\s*\.?\d", "a limit is more than 0"),
    (r"[€£]|\b(?:eur|euros?|gbp|pounds?)\b", "money is counted in USD, as the prices are: write $20"),
    (r"\$(?!\s*\.?\d)", "an amount follows the $, such as $20 (in a shell it needs quotes: '$20/day', or write 20usd)"),
    (rf"{EACH}task{END}", "a task is a prompt, a session, or sessions that you name: write per prompt, per session, "
                          "or for task NAME"),
    (rf"{EACH}project{END}", "name the project, or write this project; all of them together are all my work"),
    (rf"(?:{EACH}years?|yearly){END}", "the longest calendar period is a month; a year back is in any 365 days"),
    (rf"(?:today|tomorrow|tonight|this\s+(?:day|week|month|year)){END}",
     "a budget of a day, week or month holds in each: write a day, a week or a month, and remove it when you like"),
    (r"\d+\s*m(?:o|onths?)\b|/\s*\d+\s*m\b", "a month is one calendar month (a month); else count in hours, days or "
                                             "weeks, such as in any 30 days"),
)  # fmt: skip


class Said(NamedTuple):
    """What phrases say; None where they say nothing of it."""

    amount: Amount | None = None
    minimum: Amount | None = None
    measure: Measure | None = None
    period: Period | None = None
    zone: str | None = None
    mode: Mode | None = None
    priority: float | None = None
    is_everything: bool | None = None
    project: str | None = None
    task: str | None = None
    session: str | None = None
    prompt: str | None = None
    group: str | None = None
    agent_type: str | None = None
    agent: str | None = None


MEANINGS = {  # of `Said`, for the sentence that two phrases contradict each other
    "amount": "the limit",
    "minimum": "the least that is kept",
    "measure": "what counts",
    "period": "the period",
    "zone": "the time zone",
    "mode": "what happens at the limit",
    "priority": "the priority",
    "agent_type": "the agents",
}


def name_of(found: "re.Match[str]") -> str:
    """The name that a match of NAME has. BudgetError for one that nothing can be called."""
    name = found["bare"] if found["quoted"] is None else re.sub(r'\\(["\\])', r"\1", found["quoted"])
    return checked(name)


def checked(name: str) -> str:
    """The name. BudgetError for one that can't be said."""
    if not name.strip() or not name.isprintable():
        raise BudgetError(f"{name[:200]!r} is no name: it needs letters, and no control characters")
    return name


def type_of(found: "re.Match[str]") -> str:
    """An agent type; the client's own in the client's spelling."""
    name = name_of(found)
    return TYPES.get(name.casefold(), name)


def group_of(found: "re.Match[str]") -> str:
    if found["group"] not in groups.GROUPS:
        raise BudgetError(f"there is no group {found['group']!r} of agents: there are 1, 2, 3 and 4")
    return found["group"]


def priority_of(found: "re.Match[str]") -> Said:
    value = float(found["value"])
    if not LEAST_PRIORITY <= value <= MOST_PRIORITY:
        raise BudgetError(f"a priority is from {LEAST_PRIORITY:g} to {MOST_PRIORITY:g}; 1 is usual, 2 counts double")
    return Said(priority=value)


def calendar(found: "re.Match[str]") -> Said:
    word = found["span"].lower()
    if word in HOURS:
        return Said(period=Period(Span.ROLLING, 3600.0))
    return Said(period=Period(SPANS[word]))


def of_agents(agent_type: str) -> Said:
    return Said(agent_type=agent_type)


def of_each(agent_type: str) -> Said:
    return Said(agent_type=agent_type, period=Period(Span.RUN))


Meaning = Said | Callable[["re.Match[str]"], Said]
PHRASES: tuple[tuple[str, Meaning], ...] = (
    (rf"(?:at\s+least|min(?:imum)?(?:\s+of)?|keep(?:s|ing)?|reserv(?:e|es|ing))\s*{AMOUNT}",
     lambda m: Said(minimum=amount_of(m))),
    (r"priority\s*(?P<value>\d{1,9}(?:\.\d+)?)(?![\w.])", priority_of),
    (rf"(?:/\s*|(?:(?:in|per|every|each|within|over)\s+)?(?:(?:any|an?|rolling)\s+)?){COUNTED}(?:\s+window\b)?",
     lambda m: Said(period=Period(Span.ROLLING, seconds_of(m)))),
    (AMOUNT, lambda m: Said(amount=amount_of(m))),
    (rf"(?P<measure>output|context|billed)(?:\s+(?:tokens?|size|window))?{END}",
     lambda m: Said(measure=Measure(m["measure"].lower()))),
    (rf"{EACH}(?:calendar\s+)?(?P<span>day|d|week|wk|w|month|mo|hour|h|session|conversation|chat|prompt|turn|run){END}",
     calendar),
    (rf"(?P<span>daily|weekly|monthly|hourly){END}", calendar),
    (rf"(?:once|in\s+all|in\s+total|total|altogether){END}", Said(period=Period(Span.ONCE))),
    (rf"{EACH}group\s+(?P<group>\w+)\s+{AGENT}(?:\s+run)?{END}",
     lambda m: Said(group=group_of(m), period=Period(Span.RUN))),
    (rf"(?:{AGENT}s?\s+(?:of|in)\s+)?group\s+(?P<group>\w+)(?:\s+{AGENT}s?)?{END}", lambda m: Said(group=group_of(m))),
    (rf"agent\s+id\s+{NAME}", lambda m: Said(agent=name_of(m))),
    (rf"{EACH}{AGENT}(?:\s+run)?\s+of\s+type\s+{NAME}", lambda m: of_each(type_of(m))),
    (rf"{EACH}{AGENT}(?:\s+run)?{END}", of_each(AGENTS)),
    (rf"{EACH}{NAME}\s+{AGENT}(?:\s+run)?{END}", lambda m: of_each(type_of(m))),
    (rf"(?:{AGENT}s?\s+(?:of\s+)?type)\s+{NAME}", lambda m: of_agents(type_of(m))),
    (rf"(?:(?:all|any)\s+)?(?:(?:of|my|the)\s+)*{AGENT}s{END}", of_agents(AGENTS)),
    (rf"agent\s+{NAME}", lambda m: of_agents(type_of(m))),
    (rf"main(?:\s+(?:conversation|agent|thread))?{END}", of_agents(MAIN)),
    (rf"(?:this\s+(?:project|folder|repo|repository|codebase)|here){END}", Said(project=HERE)),
    (rf"(?:project|folder|repo|repository)\s+{NAME}", lambda m: Said(project=name_of(m))),
    (rf"this\s+(?:session|conversation|chat){END}", Said(session=HERE)),
    (rf"session\s+{NAME}", lambda m: Said(session=name_of(m))),
    (rf"this\s+(?:task|job){END}", Said(task=HERE)),
    (rf"task\s+{NAME}", lambda m: Said(task=name_of(m))),
    (rf"this\s+(?:prompt|turn){END}", Said(prompt=HERE)),
    (rf"prompt\s+{NAME}", lambda m: Said(prompt=name_of(m))),
    (rf"(?:all\s+(?:of\s+)?(?:(?:my|the)\s+)?(?:work|projects|usage)|every\s+project|everything|everywhere|"
     rf"global(?:ly)?|overall){END}", Said(is_everything=True)),
    (rf"(?:warn(?:ings?)?\s+only|(?:only|just)\s+(?:warn(?:ings?)?|tell)|don['’]?t\s+stop|do\s+not\s+stop|warn){END}",
     Said(mode=Mode.WARN)),
    (rf"stop{END}", Said(mode=Mode.STOP)),
    (rf"(?:time\s*)?zone\s+{NAME}", lambda m: Said(zone=zone_named(name_of(m)))),
    (rf"(?P<zone>UTC|GMT){END}", lambda m: Said(zone=m["zone"].upper())),
    (r"(?P<zone>[a-z]\w*(?:/[a-z][\w+-]*)+)(?![\w/])", lambda m: Said(zone=zone_named(m["zone"]))),
)  # fmt: skip
LAST = re.compile(rf"(?:all\s+)?{NAME}\s+{AGENT}s?{END}", re.I)  # after the fillers, which are no agents' types


@cache
def refusals() -> "tuple[tuple[re.Pattern[str], str], ...]":
    """REFUSED, compiled at first use: with the phrases that takes 7 ms, for which only who has a budget waits."""
    return tuple((re.compile(pattern, re.I), why) for pattern, why in REFUSED)


@cache
def phrases() -> "tuple[tuple[re.Pattern[str], Meaning], ...]":
    """PHRASES, compiled at first use."""
    return tuple((re.compile(pattern, re.I), meaning) for pattern, meaning in PHRASES)


def heard(text: str) -> Said:
    """All that a text says. BudgetError names the first word that says nothing, or what is said twice."""
    if len(text) > LONGEST:
        raise BudgetError(f"a budget's text has at most {LONGEST:,} characters: write it as in {EXAMPLES}")
    said, at = Said(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found, told = phrase(text, at)
        said = joined(said, told, found)
        at += len(found)
    return said


def phrase(text: str, at: int) -> tuple[str, Said]:
    """The phrase that begins at a place, as it is written, and what it says. BudgetError where none does."""
    for refusal, why in refusals():
        wrong = refusal.match(text, at)
        if wrong:
            raise BudgetError(f"{wrong[0]!r} in {text[:200]!r}: {why}")
    for pattern, meaning in phrases():
        found = pattern.match(text, at)
        if found and found[0]:
            return found[0], meaning if isinstance(meaning, Said) else meaning(found)
    filler = FILLERS.match(text, at)
    if filler:
        return filler[0], Said()
    last = LAST.match(text, at)
    if last:
        return last[0], of_agents(type_of(last))
    raise BudgetError(unknown(text, at))


def unknown(text: str, at: int) -> str:
    """The sentence about a word that says nothing; of "per dya" the wrong one is the second."""
    words = text[at:].split()
    word = next((each for each in words if each.lower() not in ("per", "each", "every", "/", "all", "any", "this")), "")
    word = word.rstrip(",;") or words[0]
    bare = word.strip("/.\"'").lower()
    near = difflib.get_close_matches(bare, KNOWN, n=1)
    hint = f"did you mean {near[0]!r}? Write" if near and near[0] != bare else "write"
    return f"{word[:80]!r} in {text[:200]!r} is not understood: {hint} for example {EXAMPLES}"


def says_something(name: str) -> bool:
    """Whether a name that stands alone would be taken for a phrase, or for the beginning of one."""
    patterns = (*(pattern for pattern, _ in (*refusals(), *phrases())), FILLERS)
    return any(pattern.match(name) for pattern in patterns)


def joined(said: Said, told: Said, written: str) -> Said:
    """Both together. BudgetError where they say different things of the same."""
    for field in Said._fields:
        known, new = getattr(said, field), getattr(told, field)
        if known is not None and new is not None and known != new:
            what = MEANINGS.get(field, f"the {field}")
            if field == "period" and Period(Span.RUN) in (known, new):
                raise BudgetError(
                    f"{written.strip()[:80]!r}: a budget is for each agent, or for a stretch of time: write for example"
                    " '60k for each Explore agent', or '$5 a day for Explore agents' for all of them together"
                )
            raise BudgetError(
                f"{written.strip()[:80]!r} says something else of {what} than was said before it: make two budgets, or"
                f" write it once, as in {EXAMPLES}"
            )
    return said._replace(**{field: value for field, value in told._asdict().items() if value is not None})
