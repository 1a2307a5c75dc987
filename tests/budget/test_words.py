"""Budgets as users say them: what is meant by hand, what is refused, and that what is said can be read again."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.budget.amounts import exactly, length, read_amount, read_seconds
from trimtab.budget.phrases import EXAMPLES
from trimtab.budget.scopes import AGENTS, level_of
from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Mode, Period, Scope, Span
from trimtab.budget.words import Place, amount, raised, read, say
from trimtab.errors import BudgetError

SHOP = "/work/shop"
SESSION = Place(SHOP, "S1", origin="/token-budget")  # in a session
SHELL = Place(SHOP)  # a terminal in the project's folder
OWN = Place(origin="option")  # the user's own settings
ONCE, DAY, WEEK, MONTH = map(Period, (Span.ONCE, Span.DAY, Span.WEEK, Span.MONTH))
EACH_SESSION, EACH_PROMPT, RUN = map(Period, (Span.SESSION, Span.PROMPT, Span.RUN))
HERE, THIS = Scope(project=SHOP), Scope(session="S1")


def meant(limit: int, measure: Measure, period: Period, scope: Scope, **more: object) -> Budget:
    made = Budget(0, level_of(scope, period.span), scope, measure, limit, period)
    return made._replace(**more)  # type: ignore[arg-type]  # fields of Budget


BILLED, USD, OUTPUT, CONTEXT = Measure.BILLED, Measure.USD, Measure.OUTPUT, Measure.CONTEXT
EXPLORE = Scope(project=SHOP, agent_type="Explore")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$20 a day for this project", meant(20_000_000, USD, DAY, HERE)),
        ("$20/day", meant(20_000_000, USD, DAY, HERE)),
        ("$ 20 per day", meant(20_000_000, USD, DAY, HERE)),
        ("20 USD daily", meant(20_000_000, USD, DAY, HERE)),
        ("this project $20 a day", meant(20_000_000, USD, DAY, HERE)),
        ("Spend no more than 20 dollars each day, please".replace(", please", ""), meant(20_000_000, USD, DAY, HERE)),
        ("50 cents every hour", meant(500_000, USD, Period(Span.ROLLING, 3600.0), HERE)),
        ("$0.50/h", meant(500_000, USD, Period(Span.ROLLING, 3600.0), HERE)),
        ("$300 a month for all my work", meant(300_000_000, USD, MONTH, EVERYTHING)),
        ("all my work $300 a month", meant(300_000_000, USD, MONTH, EVERYTHING)),
        ("$300 for everything", meant(300_000_000, USD, ONCE, EVERYTHING)),
        ("1.5M/month", meant(1_500_000, BILLED, MONTH, HERE)),
        ("2M in 5 hours", meant(2_000_000, BILLED, Period(Span.ROLLING, 18_000.0), HERE)),
        ("$3/5h", meant(3_000_000, USD, Period(Span.ROLLING, 18_000.0), HERE)),
        ("$3 in any 5-hour window", meant(3_000_000, USD, Period(Span.ROLLING, 18_000.0), HERE)),
        ("$3 within 1.5 hours", meant(3_000_000, USD, Period(Span.ROLLING, 5_400.0), HERE)),
        ("$50 in 30 days globally", meant(50_000_000, USD, Period(Span.ROLLING, 2_592_000.0), EVERYTHING)),
        ("400k per session", meant(400_000, BILLED, EACH_SESSION, HERE)),
        ("each session may use 400k", meant(400_000, BILLED, EACH_SESSION, HERE)),
        ("100k per prompt", meant(100_000, BILLED, EACH_PROMPT, HERE)),
        ("100k per prompt for all my work", meant(100_000, BILLED, EACH_PROMPT, EVERYTHING)),
        ("$15 for task refactor-auth", meant(15_000_000, USD, ONCE, Scope(task="refactor-auth"))),
        ('$15 a day for task "the big one"', meant(15_000_000, USD, DAY, Scope(task="the big one"))),
        ("output 50k per day", meant(50_000, OUTPUT, DAY, HERE)),
        ("50k output tokens a day", meant(50_000, OUTPUT, DAY, HERE)),
        ("$10/week Europe/Berlin", meant(10_000_000, USD, Period(Span.WEEK, zone="Europe/Berlin"), HERE)),
        ("$10 a week in europe/berlin time", meant(10_000_000, USD, Period(Span.WEEK, zone="Europe/Berlin"), HERE)),
        ("$10 a month UTC", meant(10_000_000, USD, Period(Span.MONTH, zone="UTC"), HERE)),
        ("60k per Explore agent", meant(60_000, BILLED, RUN, EXPLORE)),
        ("an explore agent 60k", meant(60_000, BILLED, RUN, EXPLORE)),
        ("60k for each Explore agent", meant(60_000, BILLED, RUN, EXPLORE)),
        ("60k for each agent of type Explore", meant(60_000, BILLED, RUN, EXPLORE)),
        ("60k per subagent", meant(60_000, BILLED, RUN, Scope(project=SHOP, agent_type=AGENTS))),
        ("60k per run", meant(60_000, BILLED, RUN, Scope(project=SHOP, agent_type=AGENTS))),
        ("60k per team:reviewer agent", meant(60_000, BILLED, RUN, Scope(project=SHOP, agent_type="team:reviewer"))),
        ("60k for each group 2 agent", meant(60_000, BILLED, RUN, Scope(project=SHOP, group="2"))),
        ("$5 a day for Explore agents", meant(5_000_000, USD, DAY, EXPLORE)),
        ("$5 a day for all agents", meant(5_000_000, USD, DAY, Scope(project=SHOP, agent_type=AGENTS))),
        ("$5 a day for agents of group 1", meant(5_000_000, USD, DAY, Scope(project=SHOP, group="1"))),
        ("$5 a day for the main conversation", meant(5_000_000, USD, DAY, Scope(project=SHOP, agent_type="main"))),
        ("20k for agent id a1b2", meant(20_000, BILLED, ONCE, Scope(agent="a1b2"))),
        ("400k for session abc", meant(400_000, BILLED, ONCE, Scope(session="abc"))),
        ("400k for project /work/other/", meant(400_000, BILLED, ONCE, Scope(project="/work/other"))),
        (r'$1 a day in project "C:\My \"Work\""', meant(1_000_000, USD, DAY, Scope(project='C:\\My "Work"'))),
        ("$20/day warn only", meant(20_000_000, USD, DAY, HERE, mode=Mode.WARN)),
        ("$20/day, don't stop, priority 2.5", meant(20_000_000, USD, DAY, HERE, mode=Mode.WARN, priority=2.5)),
        ("$20/day, at least $5", meant(20_000_000, USD, DAY, HERE, minimum=5_000_000)),
    ],
)
def test_what_is_meant_wherever_in_the_project_it_is_said(text: str, expected: Budget) -> None:
    assert read(text, SESSION) == expected._replace(origin="/token-budget")
    assert read(text, SHELL) == expected


@pytest.mark.parametrize(
    ("text", "in_session", "in_shell", "in_own_settings"),
    [
        ("400k", (ONCE, THIS), (EACH_SESSION, HERE), (EACH_SESSION, EVERYTHING)),
        ("context 120k", (ONCE, THIS), (ONCE, HERE), (ONCE, EVERYTHING)),
        ("400k per session", (EACH_SESSION, HERE), (EACH_SESSION, HERE), (EACH_SESSION, EVERYTHING)),
        ("$2/day", (DAY, HERE), (DAY, HERE), (DAY, EVERYTHING)),
        (
            "60k for Explore agents",
            (ONCE, Scope(session="S1", agent_type="Explore")),
            (EACH_SESSION, EXPLORE),
            (EACH_SESSION, Scope(agent_type="Explore")),
        ),
        (
            "60k per Explore agent",
            (RUN, EXPLORE),
            (RUN, EXPLORE),
            (RUN, Scope(agent_type="Explore")),
        ),
    ],
)
def test_the_rule_for_what_is_left_open(
    text: str, in_session: tuple[Period, Scope], in_shell: tuple[Period, Scope], in_own_settings: tuple[Period, Scope]
) -> None:
    found = [read(text, place) for place in (SESSION, SHELL, OWN)]
    assert [(each.period, each.scope) for each in found] == [in_session, in_shell, in_own_settings]


def test_this_task_is_the_named_one_or_the_session() -> None:
    text = "this task may use 400k tokens"
    assert read(text, SESSION) == meant(400_000, BILLED, ONCE, THIS, origin="/token-budget")
    assert read(text, SESSION._replace(task="auth")).scope == Scope(task="auth")
    with pytest.raises(BudgetError, match="not known here: write per session, or for task NAME"):
        read(text, SHELL)


def test_a_kept_minimum_of_a_session_says_of_which_project() -> None:
    """Else it could not be known which budgets must keep it."""
    assert read("$5 at least $2", SESSION).scope == Scope(project=SHOP, session="S1")


def test_levels() -> None:
    told = ["$1/day for all my work", "$1/day", "$1", "$1 per prompt", "$1 per Explore agent"]
    levels = [Level.GLOBAL, Level.PROJECT, Level.TASK, Level.TASK, Level.AGENT]
    assert [read(text, SESSION).level for text in told] == levels


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no amount: write it as in '\\$20 a day"),
        ("a day", "has no amount"),
        ("20 per dya", "20 of what\\? Write \\$20 for money, or 20k or 20 tokens: for example '\\$20 a day'"),
        ("$20 per dya", "'dya' in .* is not understood: did you mean 'day'\\? Write for example '\\$20 a day"),
        ("-5", "a limit is more than 0"),
        ("$-5", "an amount follows the \\$"),
        ("-$5/day", "a limit is more than 0"),
        ("0", "is nothing: a limit is more than 0, for example \\$0.50 or 400k \\(in a shell, \\$20 needs quotes"),
        ("0/day", "needs quotes"),  # what a shell leaves of $20/day
        ("/day", "has no amount"),
        ("$", "an amount follows the \\$, such as \\$20"),
        ("abc", "'abc' in 'abc' is not understood: write for example"),
        ("1e9999", "'1e9999' in '1e9999' is not understood"),
        ("NaN", "'NaN' in 'NaN' is not understood"),
        ("inf tokens", "'inf'"),
        ("9" * 400 + "k", "is more than any budget holds"),
        ("$0.0000001", "part of a millionth of a dollar"),
        ("1.2345k", "has a part of a token"),
        ("1,5M", "'1,5M' in .* is not understood"),
        ("$20 tokens", "is money and something else"),
        ("€20 a day", "money is counted in USD"),
        ("$20 a day 400k", "says something else of the limit"),
        ("$20 a day a week", "'a week' says something else of the period"),
        ("$20 a day for an Explore agent", "a budget is for each agent, or for a stretch of time"),
        ("$10/week Europe/Berlim", "no time zone 'Europe/Berlim' on this machine: did you mean Europe/Berlin\\?"),
        ("$10 per session UTC", "a time zone \\(UTC\\) is of a day, a week or a month"),
        ("$10 per task", "write per prompt, per session, or for task NAME"),
        ("$10 a day per project", "name the project, or write this project"),
        ("$1 for this prompt", "write per prompt"),
        ("$10 a year", "the longest calendar period is a month"),
        ("$10 this week", "write a day, a week or a month"),
        ("$10 in 3 months", "a month is one calendar month"),
        ("$10 in 10 seconds", "from one minute to ten years"),
        ("$10 in 99999 weeks", "from one minute to ten years"),
        ("output $5", "output is counted in tokens, not in money: for example 'output 50k'"),
        ("context 120k a day", "each one by itself: write 'context 120k'"),
        ("$5/day for group 7", "no group '7' of agents: there are 1, 2, 3 and 4"),
        ("$5/day for project shop", "'shop' is not a whole path: write it from the root"),
        ("$5/day for everything in this project", "all work, and a part of it"),
        ("$5/day, at least $6", "what is kept at least is a part of the limit"),
        ("$5/day, at least 10k", "in the same unit"),
        ("$5/day priority 0", "a priority is from 0.01 to 1000"),
        ('$5/day for task ""', "is no name"),
        ('$5/day for task "a\nb"', "is no name"),
        ('$5/day for task "a', "is not understood|is no name"),
        ("$5/day " + "x" * 10_000, "has at most 6,000 characters"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BudgetError, match=complaint):
        read(text, SESSION)


def test_an_unknown_agent_type_is_taken() -> None:
    assert read("60k per wizard agent", SHELL).scope.agent_type == "wizard"


# What is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("400k", "400k in all for session S1"),
        ("$20/day", "$20 a day for project /work/shop"),
        ("300usd monthly, all my work", "$300 a month for all my work"),
        ("60k per explore agent", "60k for each Explore agent in project /work/shop"),
        ("$5 a day for explore agents", "$5 a day for Explore agents in project /work/shop"),
        ("$3/5h", "$3 in any 5 hours for project /work/shop"),
        ("$1 an hour", "$1 in any hour for project /work/shop"),
        ("412345 a week UTC for everything", "412,345 tokens a week in UTC for all my work"),
        ("$0.5 for task big, just warn", "$0.50 in all for task big, warn only"),
        ("context 120k", "120k context for session S1"),
        ("$9/day priority 2 at least $1.234", "$9 a day for project /work/shop, priority 2, at least $1.234"),
    ],
)
def test_what_is_said(text: str, said: str) -> None:
    assert say(read(text, SESSION)) == said


def test_what_is_said_here() -> None:
    there = SESSION._replace(project="/work/other", session="S2")
    assert say(read("$20/day", SESSION), SESSION) == "$20 a day for this project"
    assert say(read("400k", SESSION), SESSION) == "400k in all for this session"
    assert say(read("400k", SESSION), there) == "400k in all for session S1"


AWKWARD = (
    *("auth", "this", "400k", "a day", "for", "all", "$5", 'say "hi"', "back\\", "/a/b", "Europe/Berlin", "main", "5h"),
    *("agents", "agent", "of", "type", "group", "-5", "per session", "€", "here", "warn", "ünïcode", "x,y", "*", "\\"),
    *("Explore", "a", "task x", "run", "window", "agent id", "project", "session", "zone", "priority", "in", "time"),
)
NAMES = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(blacklist_categories=("C", "Z"), whitelist_characters=" "), min_size=1, max_size=12).filter(
        lambda name: bool(name.strip()) and name.isprintable()
    ),
)
FOLDERS = st.one_of(
    st.just("/"), NAMES.map(lambda name: ("/" + name).rstrip("/\\") or "/"), st.sampled_from(["C:\\", "C:\\a b"])
)
PERIODS = st.one_of(
    st.sampled_from([ONCE, EACH_SESSION, EACH_PROMPT, RUN, DAY, WEEK, MONTH]),
    st.integers(60, 10 * 366 * 86_400).map(lambda seconds: Period(Span.ROLLING, float(seconds))),
    st.tuples(st.sampled_from([Span.DAY, Span.WEEK, Span.MONTH]), st.sampled_from(["UTC", "Asia/Kathmandu"])).map(
        lambda made: Period(made[0], zone=made[1])
    ),
)
SCOPES = st.builds(
    Scope,
    st.one_of(st.just(""), FOLDERS),
    st.one_of(st.just(""), NAMES),
    st.one_of(st.just(""), NAMES),
    st.one_of(st.just(""), NAMES),
    st.sampled_from(["", "1", "4"]),
    st.one_of(st.sampled_from(["", AGENTS, "Explore", "main"]), NAMES),
    st.one_of(st.just(""), NAMES),
    members=st.just(()),  # which no words say
)


@st.composite
def budgets(draw: st.DrawFn) -> Budget:
    """Any budget that `read` can make: what it never makes is left out, with why."""
    measure, period, scope = draw(st.sampled_from(Measure)), draw(PERIODS), draw(SCOPES)
    if measure is Measure.CONTEXT:
        period = ONCE  # has no other
    if period == RUN and not (scope.group or scope.agent_type or scope.agent):
        scope = scope._replace(agent_type=AGENTS)  # a run is of an agent
    limit = draw(st.integers(1, 10**15))
    return Budget(
        0, level_of(scope, period.span), scope, measure, limit, period,
        mode=draw(st.sampled_from(Mode)),
        priority=draw(st.one_of(st.just(1.0), st.floats(0.01, 1000.0))),
        minimum=draw(st.one_of(st.just(0), st.integers(1, limit))),
    )  # fmt: skip


def spelled(budget: Budget) -> Budget:
    """With the client's own agent types as the client spells them, which is how they are read."""
    known = {"explore": "Explore", "plan": "Plan", "general-purpose": "general-purpose", "main": "main"}
    kind = budget.scope.agent_type
    return budget._replace(scope=budget.scope._replace(agent_type=known.get(kind.casefold(), kind)))


@given(budgets(), st.sampled_from([Place(), SHELL, Place("/elsewhere", "S9", "t9", "p9")]))
def test_what_is_said_is_read_as_the_same(budget: Budget, place: Place) -> None:
    wanted = spelled(budget)
    if wanted.minimum and wanted.scope.session and not wanted.scope.project:  # says of which project, see above
        wanted = wanted._replace(scope=wanted.scope._replace(project=place.project))
    assert read(say(budget), place) == wanted._replace(level=level_of(wanted.scope, wanted.period.span))
    here = Place(budget.scope.project, budget.scope.session)
    assert read(say(budget, here), here) == spelled(budget)


@given(st.text(max_size=60), st.sampled_from([SESSION, SHELL, OWN]))
def test_any_text_is_a_budget_or_a_sentence(text: str, place: Place) -> None:
    try:
        found = read(text, place)
    except BudgetError:
        return
    assert read(say(found), place) == found


SAID = (
    *(
        "400k",
        "$20",
        "2M tokens",
        "50 cents",
        "a day",
        "/week",
        "per session",
        "in 5 hours",
        "per prompt",
        "once",
        "UTC",
    ),
    *("for this project", "for all my work", "this session", "for task x", "this task", "per Explore agent", "warn"),
    *("for agents", "for Plan agents", "main", "group 3", "output", "context", "priority 3", "at least $1", "per run"),
)
PARTS = st.lists(st.sampled_from(SAID), min_size=1, max_size=5)


@given(PARTS, st.sampled_from([SESSION, SHELL, OWN, SESSION._replace(task="t")]))
def test_phrases_in_any_order_are_read_as_what_is_said_of_them(parts: list[str], place: Place) -> None:
    try:
        found = read(" ".join(parts), place)
    except BudgetError:
        return
    assert read(say(found), Place(origin=place.origin)) == found
    assert read(say(found, place), place) == found


# Amounts


@pytest.mark.parametrize(
    ("text", "is_money", "units"),
    [
        ("400k", False, 400_000),
        ("1.5M", False, 1_500_000),
        ("400000", False, 400_000),
        ("400,000", False, 400_000),
        ("400_000", False, 400_000),
        ("400k tokens", False, 400_000),
        ("2 million tokens", False, 2_000_000),
        ("5 tokens", False, 5),
        ("$20", True, 20_000_000),
        ("20 USD", True, 20_000_000),
        ("USD 20", True, 20_000_000),
        ("$1,234.56", True, 1_234_560_000),
        ("$.5", True, 500_000),
        ("50 cents", True, 500_000),
        ("0.1 cents", True, 1_000),
        ("$1.5k", True, 1_500_000_000),
    ],
)
def test_amounts(text: str, is_money: bool, units: int) -> None:
    assert read_amount(text) == (is_money, units)


def test_rounded_amounts() -> None:
    usd = [4_200_000, 1_234_500_000, 4_200, 0, -1_500_000, 9_999]
    assert [amount(Measure.USD, units) for units in usd] == [
        "$4.20",
        "$1,234.50",
        "$0.0042",
        "$0.00",
        "-$1.50",
        "$0.01",
    ]
    tokens = [950, 1_000, 1_234, 9_949, 9_950, 412_345, 999_499, 999_500, 1_500_000, -400_000, 0]
    assert [amount(Measure.BILLED, units) for units in tokens] == [
        "950", "1k", "1.2k", "9.9k", "10k", "412k", "999k", "1M", "1.5M", "-400k", "0"
    ]  # fmt: skip


def test_exact_amounts_and_lengths() -> None:
    assert [exactly(Measure.USD, units) for units in (20_000_000, 500_000, 4_205_000, 1)] == [
        "$20", "$0.50", "$4.205", "$0.000001"
    ]  # fmt: skip
    assert [exactly(Measure.BILLED, units) for units in (400_000, 1_500_000, 1_550_000, 412_345, 7, 2 * 10**9)] == [
        "400k", "1.5M", "1550k", "412,345 tokens", "7 tokens", "2B"
    ]  # fmt: skip
    assert [length(seconds) for seconds in (60.0, 5400.0, 3600.0, 86_400.0, 172_800.0, 61.0)] == [
        "1 minute", "90 minutes", "1 hour", "24 hours", "2 days", "61 seconds"
    ]  # fmt: skip
    assert [read_seconds(text) for text in ("2h", "30 min", "1 day", "90 seconds")] == [7200.0, 1800.0, 86_400.0, 90.0]
    with pytest.raises(BudgetError, match="is no length of time: write for example 30 minutes"):
        read_seconds("soon")


def test_raising() -> None:
    budget = read("$20/day", SHELL)
    texts = ["$25", "to $25", "+$5", "by $5", "by 500 cents", "$5 more", "+ 5 usd"]
    assert [raised(budget, text) for text in texts] == [25_000_000] * 7
    tokens = read("400k per session", SHELL)
    assert (raised(tokens, "by 100k"), raised(tokens, "1M")) == (500_000, 1_000_000)
    assert (raised(budget, "25"), raised(tokens, "+500")) == (25_000_000, 400_500)  # the unit is known
    wrong = {
        "$20": "\\$20 is not more than the \\$20 of '\\$20 a day for project /work/shop': write \\+\\$5 to add to it",
        "$19": "`set` with the same words and a smaller amount lowers it",
        "5k": "is counted in dollars, such as \\$5",
        "": "is no amount",
        "more": "is no amount",
        "+": "is no amount",
        "-$5": "is no amount",
        "$999B": "more than any budget holds",
    }
    for text, complaint in wrong.items():
        with pytest.raises(BudgetError, match=complaint):
            raised(budget, text)
    with pytest.raises(BudgetError, match="tokens, such as 100k"):
        raised(tokens, "$5")


def test_the_examples_of_every_complaint_can_be_read() -> None:
    """An example that is refused itself would be of no help."""
    for text in re.findall(r"'([^']+)'", EXAMPLES):
        assert read(text, SHELL).limit
    for text in (
        "$20 a day, at least $5",
        "output 50k",
        "context 120k",
        "$20 a day UTC",
        "$5 a day for Explore agents",
    ):
        assert read(text, SHELL).limit


def test_what_the_docs_say_can_be_said() -> None:
    """Each example of the table in docs/budgets.md is a budget, with an amount or a period where it has none."""
    document = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text(encoding="utf-8")
    table = document.partition("## How to say it")[2].partition("**What you leave open**")[0]
    examples = [text for row in re.findall(r"^\| .+$", table, re.M) for text in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 40
    for text in examples:
        found = []
        for attempt in (text, f"$20 {text}", f"$20 a day {text}"):
            with suppress(BudgetError):
                found.append(read(attempt, SESSION))
        assert found, text
