"""The experiment's arithmetic: hand-computed examples, simulated users with known effects, every state and oddity."""

import hashlib
import math
import random
import statistics
from bisect import bisect_left
from collections.abc import Callable

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from trimtab.monitor import anytime, experiment
from trimtab.records import Arrival, Assignment, Experiment, Outcome, Request

DAY = 86_400.0
NOW = 1_800_000_000.0
RUNNING = Experiment(1, 7, 0.5, "session", 0.05, NOW)


def assignment(number: int, is_off: bool, share: float = 0.5, **fields: object) -> Assignment:
    at = NOW + 60 * number
    base = Assignment(number, 1, f"s{number}", is_off, share, at, "/p", "", "adaptive", at + 5)
    return base._replace(**fields)  # type: ignore[arg-type]


def outcome(number: int, usd: float | None, units: float = 1000.0, requests: int = 10, prompts: int = 2) -> Outcome:
    return Outcome(f"s{number}", usd, units, requests, prompts, 3, 1)


def study_of(
    pairs: list[tuple[Assignment, Outcome]], now: float = NOW + 90 * DAY, of: Experiment = RUNNING
) -> experiment.Study:
    return experiment.study(of, [given for given, _ in pairs], {found.session: found for _, found in pairs}, now)


# The coin


def test_a_fraction_is_what_anybody_can_work_out() -> None:
    """`printf '%s' '7 abc' | sha256sum` begins with 82b036e5fce10: 0x82b036e5fce10 / 16^13."""
    assert hashlib.sha256(b"7 abc").hexdigest()[:13] == "82b036e5fce10"
    assert experiment.fraction(7, "abc") == 0x82B036E5FCE10 / 0x10000000000000
    assert [experiment.is_off(7, "abc", share) for share in (0.51, 0.52)] == [False, True]


def test_the_share_of_sessions_is_the_share_asked_for() -> None:
    """10,000 sessions: within four standard errors (0.4 %) of a fifth, and other sessions with another seed."""
    first, second = ([experiment.is_off(seed, f"session {i}", 0.2) for i in range(10_000)] for seed in (1, 2))
    assert abs(statistics.fmean(first) - 0.2) < 0.016
    both = statistics.fmean(a and b for a, b in zip(first, second, strict=True))
    assert abs(both - 0.04) < 0.008  # independent of each other


# The interval


def test_a_radius_by_hand() -> None:
    """a = (5.9915 + 1.7903 + 1) / 300 = 0.029273; n a + 1 = 9.7818; 2 · 9.7818 / (300² · 0.029273) = 0.0074258;
    ln(sqrt(9.7818) / 0.05) = 4.1360; sqrt(0.0074258 · 4.1360) = 0.17525.
    """
    assert anytime.radius(300, 1.0) == pytest.approx(0.17525, abs=5e-6)
    assert anytime.radius(300, 2.0) == pytest.approx(0.3505, abs=1e-5)
    assert anytime.radius(0, 1.0) == math.inf


def test_an_interval_by_hand() -> None:
    """Scores 1, 2, 3, 6: mean 3, squares 4 + 1 + 0 + 9 = 14, so the spread is sqrt(14 / 3) = 2.1602."""
    found = anytime.interval([1.0, 2.0, 3.0, 6.0])
    assert found is not None
    assert (found.mean, found.number) == (3.0, 4)
    assert found.spread == pytest.approx(2.1602, abs=1e-4)
    assert found.high - 3.0 == pytest.approx(anytime.radius(4, found.spread))
    assert anytime.interval([1.0]) is None


def test_needed_is_the_first_number_that_tells() -> None:
    found = anytime.needed(1.7, 0.2)
    assert found is not None

    def left(n: int) -> float:
        return 0.2 - anytime.radius(n, 1.7) - 0.8416 * 1.7 / math.sqrt(n)

    assert left(found) >= 0 > left(found - 1)
    assert anytime.needed(1.7, -0.2) == found
    assert anytime.needed(1.7, 0.0) is None
    assert anytime.needed(0.0, 0.1) == 2


# Scores


def test_scores_by_hand() -> None:
    """The first five teach: their mean is 2. Session 6 (on, share 0.2): (5 - 2) / 0.8 = 3.75. Then the mean of the six
    is 2.5; session 7 (off, share 0.5): -(1.5 - 2.5) / 0.5 = 2.
    """
    values = [(assignment(i, bool(i % 2), 0.2), y) for i, y in enumerate((1.0, 2.0, 3.0, 2.0, 2.0))]
    values += [(assignment(5, False, 0.2), 5.0), (assignment(6, True, 0.5), 1.5)]
    assert experiment.scores(values) == pytest.approx([3.75, 2.0])


def test_a_project_of_its_own_is_expected_to_cost_as_before() -> None:
    """Two projects, costs of 0 and 10, three and three sessions so far, mean 5: of /b (30 + 3 · 5) / 6 = 7.5."""
    values = [(assignment(i, False, 0.5, project="/a" if i < 3 else "/b"), 0.0 if i < 3 else 10.0) for i in range(6)]
    values.append((assignment(6, False, 0.5, project="/b"), 10.0))
    assert experiment.scores(values)[-1] == pytest.approx((10.0 - 7.5) / 0.5)


def test_the_coin_of_a_session_has_no_part_in_what_is_expected_of_it() -> None:
    """Whatever the last session's arm and cost are, the scores before it stay as they are."""
    rng = random.Random(3)
    values = [(assignment(i, rng.random() < 0.5), rng.gauss(0, 1)) for i in range(30)]
    turned = [*values[:-1], (values[-1][0]._replace(is_off=not values[-1][0].is_off), 99.0)]
    assert experiment.scores(turned)[:-1] == experiment.scores(values)[:-1]


def test_scores_are_right_on_average_whatever_the_share_does() -> None:
    """Every way that two coins (0.2, then 0.6) can fall, weighted: the mean score is the effect, -0.3, exactly."""
    before = [(assignment(i, bool(i % 2)), float(i)) for i in range(6)]
    noise, shares = (0.7, -1.9), (0.2, 0.6)
    total = 0.0
    for arms in ((False, False), (False, True), (True, False), (True, True)):
        chance = math.prod(share if off else 1 - share for share, off in zip(shares, arms, strict=True))
        new = [(assignment(6 + i, arms[i], shares[i]), noise[i] + (0.0 if arms[i] else -0.3)) for i in range(2)]
        total += chance * sum(experiment.scores([*before, *new])[-2:]) / 2
    assert total == pytest.approx(-0.3)


@for_all(st.lists(st.tuples(st.booleans(), st.floats(-9, 9)), min_size=6, max_size=40), st.floats(-9, 9))
def test_the_unit_of_cost_does_not_matter(sessions: list[tuple[bool, float]], more: float) -> None:
    """All costs times as many: the same scores, whatever the arms."""
    values = [(assignment(i, off, project=f"/{i % 3}"), y) for i, (off, y) in enumerate(sessions)]
    dearer = [(given, y + more) for given, y in values]
    assert experiment.scores(dearer) == pytest.approx(experiment.scores(values), abs=1e-9)


# Simulated users


Draw = Callable[[random.Random], float]
USERS: dict[str, Draw] = {
    "lognormal": lambda rng: rng.gauss(0.0, 1.2),
    "now and then a very long session": lambda rng: rng.gauss(3.0, 0.8) if rng.random() < 0.1 else rng.gauss(0.0, 1.0),
    "many that end at once": lambda rng: math.log(rng.expovariate(1.0) + 1e-3),
}


def played(draw: Draw, effect: float, share: float, sessions: int, rng: random.Random) -> list[anytime.Interval]:
    """The interval after every session of one experiment, from when there are enough of both arms."""
    values: list[tuple[Assignment, float]] = []
    for i in range(sessions):
        off = rng.random() < share
        project = f"/{rng.randrange(3)}"
        y = draw(rng) + (0.5 if project == "/1" else 0.0) + (0.0 if off else effect)
        values.append((assignment(i, off, share, project=project), y))
    compared = [given for given, _ in values[experiment.TEACHING :]]
    enough = bisect_left(range(sessions), True, key=lambda number: experiment.is_enough(compared[:number]))
    return [look for look in anytime.sequence(experiment.scores(values)) if look.number >= enough]


def worst_of(n: int, alpha: float = 0.05) -> float:
    """Above alpha by more than Monte Carlo error: three standard errors of a share of n experiments."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / n)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_interval_holds_the_true_effect_at_every_look(user: str, share: float) -> None:
    """150 experiments of 150 sessions each; bench/experiment.py has 1,000 of 600."""
    rng = random.Random(f"{user} {share}")
    missed = 0
    for _ in range(150):
        looks = played(USERS[user], -0.1, share, 150, rng)
        missed += any(not look.low <= -0.1 <= look.high for look in looks)
    assert missed / 150 <= worst_of(150)


def test_the_interval_holds_where_one_arm_is_rare() -> None:
    """Skewed costs, a large effect, 0.08 without trimming: from 8 sessions of that arm on it missed 14 %."""
    rng = random.Random("rare -0.5")
    missed = 0
    for _ in range(150):
        looks = played(lambda one: one.expovariate(1.5), -0.5, 0.08, 700, rng)
        missed += any(not look.low <= -0.5 <= look.high for look in looks)
    assert missed / 150 <= worst_of(150)


def test_so_many_of_a_rare_arm_are_needed() -> None:
    """One session of another share is enough to make it rare; 39 and 40 of it."""
    even = [assignment(i, i < 8, 0.3) for i in range(20)]
    assert [experiment.is_enough(even), experiment.is_enough(even[1:])] == [True, False]
    rare = [assignment(i, i < 40, 0.29 if i == 0 else 0.5) for i in range(90)]
    assert [experiment.is_enough(rare), experiment.is_enough(rare[:79])] == [True, False]
    assert not experiment.is_enough([])


def test_the_interval_holds_when_the_share_is_changed_midway() -> None:
    """Cheap weeks with a share of 0.2, dear ones with 0.8: plain means of the arms would be far off."""
    rng = random.Random(11)
    missed = plain = 0
    for _ in range(100):
        values = []
        for i in range(200):
            share, level = (0.2, 0.0) if i < 100 else (0.8, 1.5)
            off = rng.random() < share
            values.append((assignment(i, off, share), level + rng.gauss(0.0, 0.8) + (0.0 if off else -0.1)))
        missed += any(
            not look.low <= -0.1 <= look.high for look in list(anytime.sequence(experiment.scores(values)))[20:]
        )
        means = [statistics.fmean(y for given, y in values if given.is_off is off) for off in (False, True)]
        plain += abs(means[0] - means[1] + 0.1) > 0.5
    assert missed / 100 <= worst_of(100)
    assert plain >= 90


def test_an_ordinary_interval_would_not_have() -> None:
    """Else the test above could not fail: mean ± 1.96 standard errors, looked at after every session."""
    rng = random.Random(1)
    missed = 0
    for _ in range(100):
        looks = played(USERS["lognormal"], -0.1, 0.5, 150, rng)
        missed += any(abs(look.mean + 0.1) > 1.96 * look.spread / math.sqrt(look.number) for look in looks)
    assert missed / 100 > worst_of(100)


def test_a_large_effect_is_found_in_about_as_many_sessions_as_needed_says() -> None:
    """A third less (-0.4) with a spread of 2 · 0.6: four of five experiments tell within `needed`; here 60 of them."""
    needed = anytime.needed(1.2, 0.4)
    assert needed is not None
    rng = random.Random(5)
    told = 0
    for _ in range(60):
        values = []
        for i in range(needed + experiment.TEACHING):
            off = rng.random() < 0.5
            values.append((assignment(i, off), rng.gauss(0.0, 0.6) + (0.0 if off else -0.4)))
        told += any(look.high < 0 for look in list(anytime.sequence(experiment.scores(values)))[experiment.LEAST :])
    assert told / 60 >= 0.65  # 0.8 less three standard errors


# What is compared, and what follows


def two_arms(on: float, off: float, each: int = 200, spread: float = 0.1) -> list[tuple[Assignment, Outcome]]:
    """Alternating arms whose costs are `on` and `off`, a little up and down in turns."""
    pairs = []
    for i in range(2 * each):
        is_off = bool(i % 2)
        wiggle = math.exp(spread * (1 if i % 4 < 2 else -1))
        pairs.append((assignment(i, is_off), outcome(i, (off if is_off else on) * wiggle)))
    return pairs


@pytest.mark.parametrize(
    ("on", "off", "verdict", "sentence"),
    [
        (0.5, 1.0, experiment.PAYS, "it pays: with trimming a session costs 50 % less"),
        (2.0, 1.0, experiment.COSTS, "it costs: with trimming a session costs 101 % more"),
    ],
)
def test_a_clear_answer(on: float, off: float, verdict: str, sentence: str) -> None:
    found = study_of(two_arms(on, off))
    assert found.verdict == verdict
    assert experiment.conclusion(found).startswith(sentence)
    assert found.to_go == 0


def test_no_difference_that_matters_is_an_answer_too() -> None:
    found = study_of(two_arms(1.0, 1.0, spread=0.01), of=RUNNING._replace(care=0.10))
    assert found.verdict == experiment.SAME
    assert "within 10 % either way" in experiment.conclusion(found)
    assert found.to_go is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.04, 0.04, "no difference"), (-0.06, 0.04, "open"), (-0.06, -0.01, "pays"), (0.01, 0.06, "costs")],
)
def test_verdicts_by_their_bounds(low: float, high: float, verdict: str) -> None:
    interval = anytime.Interval((low + high) / 2, low, high, 100, 1.0)
    assert experiment.verdict(interval, 0.05) == verdict
    assert experiment.verdict(None, 0.05) == "open"


def test_too_few_sessions_say_nothing() -> None:
    found = study_of(two_arms(0.1, 1.0, each=12))  # 24 sessions, 5 of them teach: 19 are compared
    assert (found.compared, found.verdict, found.to_go, found.to_go_least) == (19, "open", None, None)
    assert all(contrast.ratio is None for contrast in found.contrasts)
    assert "too few" in experiment.conclusion(found)


def test_one_empty_arm_says_nothing() -> None:
    pairs = [(given._replace(is_off=False), found) for given, found in two_arms(0.5, 1.0)]
    found = study_of(pairs)
    assert (found.off, found.verdict) == (experiment.Arm(0, 0.0, 0.0, 0.0, 0.0, 0.0), "open")
    assert study_of([]).on.sessions == 0


def test_means_by_hand() -> None:
    pairs = [
        (assignment(0, False), Outcome("s0", 1.0, 500.0, 10, 2, 4, 1)),
        (assignment(1, False), Outcome("s1", 3.0, 700.0, 20, 4, 0, 0)),
        (assignment(2, True), Outcome("s2", 5.0, 900.0, 30, 6, 2, 3)),
    ]
    found = study_of(pairs)
    assert found.is_usd
    assert found.per_day == pytest.approx(3 / 89)  # the last of the 90 days has no say yet
    assert found.on == experiment.Arm(2, 2.0, 15.0, 3.0, 2.0, 0.5)
    assert found.off == experiment.Arm(1, 5.0, 30.0, 6.0, 2.0, 3.0)


def test_one_model_without_a_price_makes_all_costs_units() -> None:
    """Dollars of some and units of others can't be compared."""
    pairs = two_arms(0.5, 1.0)
    pairs[7] = (pairs[7][0], pairs[7][1]._replace(usd=None, units=2000.0))
    found = study_of(pairs)
    assert not found.is_usd
    assert found.on.cost == 1000.0
    assert found.off.cost == pytest.approx(1005.0)  # one of 200 at 2,000


def test_the_measure_may_be_a_prompt() -> None:
    """Half the cost for half the prompts: a session costs less, a prompt the same."""
    pairs = [
        (given, found._replace(prompts=4 if given.is_off else 2)) for given, found in two_arms(0.5, 1.0, spread=0.01)
    ]
    found = study_of(pairs, of=RUNNING._replace(measure="prompt"))
    ratios = {contrast.name: contrast.ratio for contrast in found.contrasts}
    assert ratios["session"] == pytest.approx(0.5, rel=0.05)
    assert ratios["prompts"] == pytest.approx(0.5, rel=0.05)
    assert ratios["work"] == ratios["requests"] == 1.0
    assert ratios["prompt"] == pytest.approx(1.0, rel=0.01)
    assert found.verdict == experiment.SAME


@pytest.mark.parametrize(
    ("fields", "found", "now", "why"),
    [
        ({}, outcome(0, 1.0), NOW + DAY + 1, ""),
        ({}, outcome(0, 1.0), NOW + DAY - 1, "still in its first 24 hours"),
        ({}, outcome(0, 1.0), NOW - 5 * DAY, "still in its first 24 hours"),  # the clock went back
        ({"touched_at": None}, outcome(0, 1.0), NOW + 2 * DAY, "nothing to fold came up"),
        ({}, None, NOW + 2 * DAY, "its transcript is not read yet"),
        ({}, outcome(0, None, units=0.0, requests=0), NOW + 2 * DAY, "no request in its transcript"),
        ({"by_hand": "by hand", "touched_at": None}, outcome(0, 1.0), NOW + 2 * DAY, "by hand"),
        ({"by_hand": "by hand"}, outcome(0, 1.0), NOW + 2 * DAY, ""),
    ],
)
def test_what_is_left_out(fields: dict[str, object], found: Outcome | None, now: float, why: str) -> None:
    given = assignment(0, False, **fields)  # type: ignore[arg-type]
    assert experiment.why_left_out(RUNNING, given, found, now) == why
    outcomes = {} if found is None else {"s0": found}
    study = experiment.study(RUNNING, [given], outcomes, now)
    assert study.left_out == (((why, 1),) if why else ())
    assert (study.assigned, study.on.sessions) == (1, 0 if why else 1)


def test_what_goes_badly_and_is_switched_off_by_hand_still_counts() -> None:
    """No effect at all. The dearer half of the trimmed sessions is switched off by hand: without those it would pay."""
    pairs = two_arms(1.0, 1.0, spread=0.7)
    pairs = [
        (
            given._replace(by_hand="trimming was switched off by hand" if not given.is_off and found.usd > 1 else ""),
            found,
        )
        for given, found in pairs
        if found.usd is not None
    ]
    found = study_of(pairs)
    assert (found.on.sessions, found.off.sessions, found.by_hand, found.left_out) == (200, 200, 100, ())
    assert found.verdict == experiment.OPEN
    assert found.contrasts[0].ratio == pytest.approx(1.0, abs=0.02)


def test_what_ran_when_the_experiment_ended_is_not_compared() -> None:
    """From then on it was trimmed as any session."""
    ended = RUNNING._replace(ended_at=NOW + DAY - 1)
    why = experiment.why_left_out(ended, assignment(0, True), outcome(0, 1.0), NOW + 9 * DAY)
    assert why == "the experiment ended in its first 24 hours"


# What a session did


def request(name: str, at: float, agent: str = "", output: int = 100) -> Request:
    return Request("s0", agent, name, at, "m", 10, 0, 0, 1000, output)


def arrival(what: str, at: float, tool: str = "", target: str = "", agent: str = "", error: bool = False) -> Arrival:
    return Arrival("s0", agent, f"{at}", at, what, tool, target, 10, error)


def test_an_outcome_by_hand() -> None:
    """Of the window: m1 (once, as it grew to 200), m2 of a subagent; two prompts, two edits, two passing test runs."""
    given = assignment(0, False)
    requests = [
        request("m0", NOW - 1),  # copied from a session before
        request("m1", NOW + 1, output=100),
        request("m1", NOW + 1, output=200),
        request("m2", NOW + 2, agent="a1"),
        request("m3", NOW + DAY),  # the next day
    ]
    arrivals = [
        arrival("prompt", NOW - 1),
        arrival("prompt", NOW + 1),
        arrival("prompt", NOW + 2, agent="a1"),  # a subagent's task is no prompt of the user
        arrival("prompt", NOW + 3),
        arrival("result", NOW + 4, "Edit"),
        arrival("result", NOW + 5, "Write", agent="a1"),
        arrival("result", NOW + 6, "Edit", error=True),
        arrival("result", NOW + 7, "Bash", "cd x && pytest -q tests"),
        arrival("result", NOW + 8, "Bash", "npm run test:unit", error=True),
        arrival("result", NOW + 9, "Bash", "cat pytest.ini"),
        arrival("result", NOW + 10, "Bash", "mise run lint && mise run test:ci"),
        arrival("result", NOW + 11, "Bash", "git commit -m 'pytest passes'"),
        arrival("result", NOW + DAY, "Edit"),
    ]
    found = experiment.outcome(given, requests, arrivals, lambda r: r.output_tokens * 0.01, lambda r: r.read_tokens)
    assert found == Outcome("s0", pytest.approx(3.0), 2000.0, 2, 2, 2, 2)  # type: ignore[arg-type]


def test_one_response_without_a_price_leaves_no_sum() -> None:
    found = experiment.outcome(
        assignment(0, False), [request("m1", NOW + 1), request("m2", NOW + 2)], [],
        lambda r: None if r.message_id == "m2" else 1.0, lambda r: 5.0,
    )  # fmt: skip
    assert (found.usd, found.units) == (None, 10.0)


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.88, "12 % less"), (1.031, "3 % more"), (1.001, "the same"), (0.999, "the same")]
)
def test_a_change_in_words(ratio: float, words: str) -> None:
    assert experiment.change(ratio) == words
