"""What a subagent's job is worth: a model and an effort, chosen by the size of its task, as the table of groups says.

The size is told by the length of the task alone: what is known both as an agent starts and of past ones.
"""

from typing import NamedTuple

MODELS = ("haiku", "sonnet", "opus", "fable")  # as the client's Agent tool takes them, the cheapest first
EFFORTS = ("low", "medium", "high", "xhigh", "max")
SMALL, LARGE = "small", "large"
LARGE_FROM = 1_000  # characters of a task; half of 121 recorded ones have 1,041 or more


class Choice(NamedTuple):
    """What an agent is to run with; "" is what it would run with anyway."""

    model: str = ""
    effort: str = ""


def read(text: object) -> Choice | None:
    """The choice in words, in any order: "haiku low" is both, "" neither. None for what is no such thing."""
    words = text.split() if isinstance(text, str) else ["?"]
    models = [word for word in words if word in MODELS]
    efforts = [word for word in words if word in EFFORTS]
    if len(models) > 1 or len(efforts) > 1 or len(models) + len(efforts) < len(words):
        return None
    return Choice(*models or [""], *efforts or [""])


def size_of(characters: int) -> str:
    return SMALL if characters < LARGE_FROM else LARGE


def family_of(model: str) -> str:
    """Which of MODELS a model's whole name is of, "" for none: "claude-haiku-5-5" is a haiku."""
    return next((name for name in MODELS if name in model.lower()), "")


def is_cheaper(wanted: str, than: str, order: tuple[str, ...]) -> bool:
    """Whether `wanted` stands before `than` in the order; no where either is not in it: it may be the dearer."""
    return wanted in order and than in order and order.index(wanted) < order.index(than)
