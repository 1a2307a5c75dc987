"""The user's own rules: for a command's output or a file, which lines every view shows and which fold first.

[[rules]]
name = "deploy"
command = "^deployctl\\\\b"
keep = ["^ERROR", "rollback"]
fold = ["^DEBUG "]
block = "^== (.+) ==$"
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trimtab.content.nesting import nest
from trimtab.records import Block, Content

KEYS = ("name", "command", "path", "keep", "fold", "block")
LONGEST_LINE = 600  # characters that patterns see
# (a+)+ and the like can take for ever on a line that nearly fits.
NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*{]")
NO_PATTERN = re.compile(r"(?!)")


class Rule(NamedTuple):
    """`command` and `path` say what it is for, of which one may be NO_PATTERN; `block` begins a block."""

    name: str
    command: re.Pattern[str]
    path: re.Pattern[str]
    keep: tuple[re.Pattern[str], ...]
    fold: tuple[re.Pattern[str], ...]
    block: re.Pattern[str]


class RuleError(Exception):
    """What is wrong with a rule, in words."""


def read(given: object, place: str) -> tuple[list[Rule], list[str]]:
    """The rules of a `rules` table, and a sentence for each that can't be used. Never raises."""
    if not isinstance(given, list):
        return [], [f"rules in {place} is no list: write each as [[rules]]"]
    found: list[Rule] = []
    complaints: list[str] = []
    for number, table in enumerate(given, 1):
        try:
            found.append(rule(table, f"rule {number}"))
        except RuleError as exc:
            complaints.append(f"rule {number} in {place}: {exc}: the rule is not used")
    return found, complaints


def rule(table: object, name: str) -> Rule:
    """One rule. Raises RuleError."""
    if not isinstance(table, Mapping):
        raise RuleError("it is no table")
    odd = [str(key) for key in table if key not in KEYS]
    if odd:
        raise RuleError(f"{odd[0]} is no key of a rule (known are {', '.join(KEYS)})")
    if not (table.get("command") or table.get("path")):
        raise RuleError("it needs a command or a path, a regular expression that says what it is for")
    return Rule(
        str(table.get("name", name)),
        pattern(table.get("command"), "command"),
        pattern(table.get("path"), "path"),
        patterns(table.get("keep"), "keep"),
        patterns(table.get("fold"), "fold"),
        pattern(table.get("block"), "block"),
    )


def patterns(given: object, key: str) -> tuple[re.Pattern[str], ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise RuleError(f"{key} is no list of regular expressions")
    return tuple(pattern(one, key) for one in given)


def pattern(given: object, key: str) -> re.Pattern[str]:
    if given is None:
        return NO_PATTERN
    if not isinstance(given, str):
        raise RuleError(f"{key} is no text")
    if NESTED.search(given):
        raise RuleError(f"{key} {given!r} repeats what repeats, which can take for ever")
    try:
        return re.compile(given)
    except (re.error, RecursionError, OverflowError) as exc:
        raise RuleError(f"{key} {given!r} is no regular expression ({exc})") from exc


def matching(rules: Sequence[Rule], name: str, is_file: bool) -> Rule | None:
    """The first rule for a file's path or a command."""
    return next((r for r in rules if (r.path if is_file else r.command).search(name[:10_000])), None)


def applied(found: Content, by: Rule) -> Content:
    """`found` with what the rule says: kept lines are kept, lines to fold are blocks of noise."""
    keep = set(found.keep)
    noise: list[int] = []
    begins: list[tuple[int, str]] = []
    for number, line in enumerate(found.lines, 1):
        head = line[:LONGEST_LINE]
        if any(one.search(head) for one in by.keep):
            keep.add(number)
        elif any(one.search(head) for one in by.fold):
            noise.append(number)
            keep.discard(number)
        match = by.block.search(head)
        if match is not None:
            begins.append((number, (match[1] if match.lastindex and match[1] else match[0]).strip()))
    ends = [*(number - 1 for number, _ in begins[1:]), *([len(found.lines)] if begins else [])]
    blocks = [Block("entry", name, at, at, end) for (at, name), end in zip(begins, ends, strict=True)]
    own = [*blocks, *runs(noise)]
    facts = {line: words for line, words in found.facts.items() if line not in set(noise)}
    kept = [block for block in found.blocks if not begins]
    return found._replace(blocks=nest([*own, *kept], len(found.lines)), keep=frozenset(keep), facts=facts)


def runs(numbers: Sequence[int]) -> list[Block]:
    """A block of noise for each run of lines."""
    out: list[Block] = []
    for number in numbers:
        if out and out[-1].last == number - 1:
            out[-1] = out[-1]._replace(last=number)
        else:
            out.append(Block("noise", "", number, number, number))
    return out
