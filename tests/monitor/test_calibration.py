"""Which batches tell what results are billed, and the factors and errors learned from them, by hand."""

import pytest

from trimtab.monitor import calibration
from trimtab.monitor.calibration import batches, drawn, learned_factors, table
from trimtab.monitor.sizes import FRAME_TOKENS
from trimtab.records import Arrival, Request

OLD, NEW = "claude-opus-4-5", "claude-opus-5-5"


def request(at: float, prompt: int, output: int = 0, model: str = OLD, session: str = "s") -> Request:
    return Request(session, "", f"{session}{at:g}", at, model, 0, 0, 0, prompt, output)


def result(at: float, tokens: int, tool: str = "Read", **fields: object) -> Arrival:
    base = Arrival("s", "", f"r{at:g}", at, "result", tool, "", 0, tokens=tokens)
    return base._replace(**fields)  # type: ignore[arg-type]


def history(
    factors: list[float], model: str = OLD, tool: str = "Read", session: str = "s"
) -> tuple[list[Request], list[Arrival]]:
    """Results of 2,000 weighed tokens, each billed by a factor, and what frames it."""
    requests, arrivals, prompt = [request(0, 10_000, 0, model, session)], [], 10_000
    for place, factor in enumerate(factors, 1):
        prompt += round(2000 * factor) + FRAME_TOKENS
        arrivals.append(result(place - 0.5, 2000, tool, session=session))
        requests.append(request(place, prompt, 0, model, session))
    return requests, arrivals


def test_a_batch_is_the_growth_less_the_answer() -> None:
    requests = [request(0, 1000, 70), request(2, 3000)]
    [batch] = batches(requests, [result(1, 900), result(1.5, 800, "Bash")])
    assert (batch.billed, batch.weighed, batch.tool, len(batch.results)) == (1930, 1700, "several", 2)


@pytest.mark.parametrize(
    ("second", "arrivals"),
    [
        (request(2, 3000), []),
        (request(2, 3000, model=NEW), [result(1, 900)]),
        (request(2, 3000), [result(1, 900), result(1.5, 0, what="note")]),
        (request(2, 3000), [result(1, 900, images=1)]),
        (request(2, 1060), [result(1, 900)]),  # less than the answer's 70
        (request(2, 3000), [result(1, 900), Arrival("s", "", "s0", 0, "answer", "", "", 0, tokens=300)]),
    ],
    ids=["nothing came", "other model", "a note", "an image", "shrunk", "partly logged answer"],
)
def test_what_can_not_be_measured_is_left_out(second: Request, arrivals: list[Arrival]) -> None:
    assert list(batches([request(0, 1000, 70), second], arrivals)) == []


def test_a_partly_logged_answer_is_taken_where_it_is_small() -> None:
    """150 of a growth of 2,000: known to a tenth."""
    answer = Arrival("s", "", "s0", 0, "answer", "", "", 0, tokens=150)
    [batch] = batches([request(0, 1000, 1), request(2, 3000)], [answer, result(1, 1700)])
    assert batch.billed == 1850


def test_few_samples_are_drawn_to_the_shipped_factor() -> None:
    assert drawn([2.0] * 8, 1.0) == 1.5
    assert drawn([], 1.32) == 1.32
    factor_of = learned_factors(batches(*history([1.2] * 8)))
    assert factor_of(OLD, "Bash") == pytest.approx(1.1)
    assert factor_of(OLD, "Read") == pytest.approx(1.15)
    assert factor_of(NEW, "Read") == 1.32


def test_the_table_by_hand() -> None:
    """8 batches at 1.2: all of the family (8 * 1.2 + 8) / 16 = 1.1. Held out, 4 each: 1.0667 for all, 1.1111 for Read.

    Its error is (2000 * 1.1111 + 29) / (2400 + 29) - 1 = -0.0732, and of the shipped factor 2029 / 2429 - 1 = -0.1647.
    """
    both, read = table(batches(*history([1.2] * 8)))
    assert both[:4] == ("older", "", 8, 8 * 2429)
    assert both[4:6] == pytest.approx((1.1, 1.0))
    assert read.factor == pytest.approx(1.15)
    assert read[:3] == ("older", "Read", 8)
    assert read.median_error == pytest.approx(0.0732, abs=3e-4)
    assert read.p90_error == pytest.approx(0.0732, abs=3e-4)
    assert read.shipped_median_error == pytest.approx(0.1647, abs=1e-4)


def test_odd_and_small_batches_tell_nothing() -> None:
    assert table(batches(*history([3.5, 0.2]))) == ()
    requests = [request(0, 1000), request(2, 1900)]
    assert table(batches(requests, [result(1, 900)])) == ()


def test_families_and_tools_have_rows() -> None:
    old, new = history([1.0] * 3), history([1.5] * 2, NEW, "Bash", "t")
    rows = table(batches(old[0] + new[0], old[1] + new[1]))
    assert [(row.family, row.tool, row.samples) for row in rows] == [
        ("newer", "", 2), ("newer", "Bash", 2), ("older", "", 3), ("older", "Read", 3),
    ]  # fmt: skip


def test_a_batch_without_weighed_tokens_goes_by_characters() -> None:
    [batch] = batches([request(0, 1000), request(2, 3000)], [result(1, 0, characters=2920)])
    assert batch.weighed == pytest.approx(1000)
    assert calibration.is_sample(batch)
