"""Other ways to say which lines will be needed, to compare the rules with: BM25, and what scikit-learn can learn."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.recorded import Example
from trimtab import relevance
from trimtab.relevance import NAME

Rates = Callable[[Example], Sequence[float]]
SCALE = (
    0.05  # of a learned chance that a line is edited, to the rate at which it is asked for; chosen as the rules were
)
K1, B = 1.2, 0.75  # BM25's usual constants


def bm25(one: Example) -> Sequence[float]:
    """Lines by their BM25 score against the names that are of interest, as rates."""
    lines = [NAME.findall(line) for line in one.content.lines]
    if one.subject.tool != "Read":
        return [0.0] * len(lines)
    wanted = {name for name, strength in one.evidence.names.items() if strength >= 0.005}
    frequency = Counter(name for line in lines for name in set(line) if name in wanted)
    mean = sum(map(len, lines)) / max(1, len(lines))
    out = []
    for line in lines:
        score = 0.0
        for name, count in Counter(line).items():
            if name in frequency:
                rarity = math.log(1 + (len(lines) - frequency[name] + 0.5) / (frequency[name] + 0.5))
                score += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * len(line) / max(1.0, mean)))
        out.append(0.001 * score)
    return out


def features(one: Example) -> list[list[float]]:
    """By line: the rules' rate, where it stands, what it looks like."""
    rates = relevance.rate(one.content, one.whole.places, one.evidence)
    size = len(rates)
    new = Counter(mention.line for mention in one.words)
    heads = {line for block in one.content.blocks for line in range(block.first, block.head + 1)}
    return [
        [
            math.log(rate + 1e-4),
            rate,
            row / size,
            math.log1p(row),
            math.log1p(size),
            len(line) - len(line.lstrip()),
            math.log1p(len(line)),
            float(new[row]),
            float(row + 1 in heads),
            float(line.lstrip().startswith(("#", "//", "*", "--"))),
        ]
        for row, (rate, line) in enumerate(zip(rates, one.content.lines, strict=True))
    ]


def learned(examples: Sequence[Example]) -> Iterator[tuple[str, Rates]]:
    """A linear and a boosted scorer of lines, each judged on repositories that it was not trained on."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        return
    reads = [one for one in examples if one.subject.tool == "Read"]
    first = max({one.repo for one in reads}, key=lambda repo: sum(one.repo == repo for one in reads))
    makers: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("linear scorer of lines", lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=300))),
        (
            "boosted scorer of lines",
            lambda: HistGradientBoostingClassifier(
                max_iter=80, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=500, random_state=0
            ),
        ),
    )
    columns = {one.id: features(one) for one in reads}
    for name, make in makers:
        rates: dict[str, Sequence[float]] = {}
        for is_first in (True, False):
            train = [one for one in reads if (one.repo == first) == is_first]
            if not train:
                continue
            rows = [row for one in train for row in columns[one.id]]
            answers = [line in one.needs.edited for one in train for line in range(len(one.content.lines))]
            model = make().fit(rows, answers)
            for one in reads:
                if (one.repo == first) != is_first:
                    rates[one.id] = [SCALE * float(p) for p in model.predict_proba(columns[one.id])[:, 1]]

        def scored(one: Example, known: dict[str, Sequence[float]] = rates) -> Sequence[float]:
            return known.get(one.id, [0.0] * len(one.content.lines))

        yield name, scored
