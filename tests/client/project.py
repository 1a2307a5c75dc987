"""The project that the scripted sessions work in: two large modules, a small one, notes."""

from pathlib import Path

STEP = '''
def {name}(order: Order, {argument}: float = {default}) -> float:
    """Settle {words}.

    The {argument} is applied once, before rounding; a negative one is refused.
    """
    if {argument} < 0:
        raise ValueError(f"{name}: {argument} must not be negative, not {{{argument}}}")
    subtotal = sum(line.price * line.quantity for line in order.lines)
    adjusted = subtotal * (1 + {argument}) - {number} * order.discount
    log.debug("{name}: %s becomes %s", subtotal, adjusted)
    if adjusted < {number}:
        order.notes.append("{name} found less than {number}")
    return round(adjusted, 2)

'''
HEAD = '''"""{title}"""

import logging
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


@dataclass
class Line:
    price: float
    quantity: int = 1


@dataclass
class Order:
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    discount: float = 0.0

'''
WORDS = (
    "freight",
    "customs",
    "insurance",
    "storage",
    "handling",
    "packing",
    "returns",
    "deposits",
    "levies",
    "rebates",
)
SMALL = "RATE = 0.19\n\n\ndef gross(net: float) -> float:\n    return net * (1 + RATE)\n"


def module(title: str, prefix: str) -> str:
    """A Python module of some 600 lines: forty functions of one shape, each with its own names and numbers."""
    parts = [HEAD.format(title=title)]
    for index in range(40):
        word = WORDS[index % len(WORDS)]
        facts = {"name": f"{prefix}_{word}_{index}", "argument": f"{word}_rate", "words": f"{word} of kind {index}"}
        parts.append(STEP.format(**facts, default=f"0.{index:02}", number=100 + index))
    return "".join(parts)


def body_lines(text: str, name: str) -> range:
    """The numbers of the lines of one of the module's functions."""
    first = text.split(f"def {name}(")[0].count("\n") + 1
    return range(first, first + STEP.count("\n") - 2)


def fill(project: Path) -> None:
    (project / "settle.py").write_text(module("How orders are settled.", "settle"))
    (project / "refund.py").write_text(module("How orders are refunded.", "refund"))
    (project / "rates.py").write_text(SMALL)
