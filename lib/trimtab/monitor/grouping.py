"""The parts of contexts added up by tool, file, kind, command family, or what they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab.content import kinds
from trimtab.content.families import family_of
from trimtab.monitor.parts import RESULT, UNKNOWN, IsMeant, Part, always

SHELLS = ("Bash", "PowerShell", "BashOutput")
REST = "everything else"


class Row(NamedTuple):
    """What the parts of one name took. `tokens` came in, `prompt_tokens` were sent in all prompts together.

    `times` says how often a token of it was sent, on average. `usd` is of the requests with a known price, None without
    any. `share` is of all parts' USD, and so 0 for what has no price; where nothing has one, it is of all units.
    `measured_share` of its tokens is billed growth with nothing else in it; the rest is estimated.
    """

    name: str
    parts: int
    tokens: int
    prompt_tokens: int
    output_tokens: int
    times: float
    units: float
    share: float
    usd: float | None
    measured_share: float


NameOf = Callable[[Part], str | None]


class Grouped(NamedTuple):
    """`rows` have a name each, the dearest first; `rest` are the parts without one: REST, and what is not attributed.

    `rows` and `rest` add up to `total`, which is all that was billed.
    """

    rows: tuple[Row, ...]
    rest: tuple[Row, ...]
    total: Row


def grouped(parts: Iterable[Part], name_of: NameOf, is_meant: IsMeant = always) -> Grouped:
    """The parts by name, of those that came at times that are meant or were paid for then."""
    every = [part for part in parts if part.carried or part.output_tokens or is_meant(part.at)]
    named: dict[str, list[Part]] = {}
    rest: dict[str, list[Part]] = {}
    for part in every:
        name = name_of(part)
        if name is None:
            rest.setdefault(UNKNOWN if part.what == UNKNOWN else REST, []).append(part)
        else:
            named.setdefault(name, []).append(part)
    price_of, whole = priced(every)
    found = [row_of(name, group, price_of, whole) for name, group in named.items()]
    return Grouped(
        tuple(sorted(found, key=lambda row: (-row.share, -row.units, row.name))),
        tuple(row_of(name, rest[name], price_of, whole) for name in sorted(rest)),
        row_of("all", every, price_of, whole),
    )


def row_of(name: str, parts: list[Part], price_of: Callable[[Part], float], whole: float) -> Row:
    tokens = sum(part.tokens for part in parts)
    sent = sum(part.prompt_tokens for part in parts)
    units = sum(part.units for part in parts)
    known = [part.usd for part in parts if part.usd is not None]
    return Row(
        name=name,
        parts=len(parts),
        tokens=tokens,
        prompt_tokens=sent,
        output_tokens=sum(part.output_tokens for part in parts),
        times=sent / tokens if tokens else 0.0,
        units=units,
        share=sum(map(price_of, parts)) / whole if whole else 0.0,
        usd=sum(known) if known else None,
        measured_share=sum(part.tokens for part in parts if part.is_measured) / tokens if tokens else 0.0,
    )


def priced(every: Sequence[Part]) -> tuple[Callable[[Part], float], float]:
    """What a part is priced at, in USD where any has a price and else in units; and the price of all."""
    has_price = any(part.usd is not None for part in every)

    def price_of(part: Part) -> float:
        return (part.usd or 0.0) if has_price else part.units

    return price_of, sum(map(price_of, every))


def by_part(part: Part) -> str:
    """All of a context: standing prompt, each tool, answers, prompts, notes, summaries, and what is not attributed."""
    return part.label


def by_tool(part: Part) -> str | None:
    return (part.tool or "unknown") if part.what == RESULT else None


def by_kind(part: Part) -> str | None:
    """Of files their kind by name ("go"), of commands "output", of other tools' results the tool."""
    if part.what != RESULT:
        return None
    if part.tool in SHELLS:
        return "output"
    return kinds.language_of(part.target, "") if is_file(part) else part.tool or "unknown"


def by_file(part: Part) -> str | None:
    return part.target if part.what == RESULT and is_file(part) else None


def by_command(part: Part) -> str | None:
    """The family of the command."""
    return family_of(part.target) if part.what == RESULT and part.tool in SHELLS else None


BY: Mapping[str, NameOf] = {"tool": by_tool, "file": by_file, "kind": by_kind, "command": by_command, "part": by_part}


def is_file(part: Part) -> bool:
    """Whether its target is a file that it reads or changes."""
    return part.tool in ("Read", "Edit", "MultiEdit", "Write", "NotebookRead", "NotebookEdit") and bool(part.target)
