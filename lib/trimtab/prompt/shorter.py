"""A tool's description without what a valid call does not hang on: whole sentences go, none is changed.

What stays: the first sentence, which says what the tool does, and each sentence that states a rule, a limit or a
default, or names a parameter; in a list of rules already one that says "only" or "not". What goes: advice, reasons,
examples, recipes. A tool's schema is not touched here. How a
model does with the shorter text was not measured: no real model took part.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

LEAST_SAVED_TOKENS = 40  # chosen: sent with every request, so it pays sooner than a fold in one result
LEAST_SAVED_SHARE = 0.10  # as for any view
EXAMPLE = re.compile(r"<(example|example_agent_descriptions)>.*?(?:</\1>|\Z)", re.DOTALL)
FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"#{1,6}[ \t]")
BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}[.)])[ \t]+")
END = re.compile(r"(?<=[.!?:])[\"')\]*`]*[ \t]+(?=[A-Z`\"(*<\d])")
ABBREVIATION = re.compile(r"(?:\be\.g|\bi\.e|\bvs|\betc|\bapprox|\bcf)\.[\"')\]*`]*[ \t]+\Z", re.IGNORECASE)
STRICT = re.compile(
    r"\b(?:must|never|always|required?|requires|mandatory|forbidden|not (?:allowed|supported|valid)|refused|rejected"
    r"|errors?|fails?|invalid|unique|maximum|minimum|max|min|at (?:least|most)|up to|defaults?|absolute"
    r"|IMPORTANT|CRITICAL|WARNING|NOT|ONLY|do not|don[’']t|cannot|blocked|exact(?:ly)?|format)\b",
)
NARROWING = re.compile(r"\b(?:only|not|no|without|unless|except)\b|n[’']t\b", re.IGNORECASE)
CASELESS = re.compile(r"^(?:do not|don[’']t|never|always|must|only)\b", re.IGNORECASE)
NAMED = re.compile(r"`[a-z][\w-]*[`:=]|\b[a-z]+(?:_[a-z0-9]+)+\b")


class Sentence(NamedTuple):
    """A sentence with what stands before it in its line (a bullet), and the number of its line."""

    line: int
    lead: str
    text: str


def shortened(description: str) -> str:
    """The description with the sentences that a valid call hangs on, in their order; never longer than it was."""
    bare = FENCED.sub("", EXAMPLE.sub("", description))
    lines = bare.split("\n")
    kept: dict[int, list[Sentence]] = {}
    is_first = True
    for sentence in sentences(lines):
        if is_first or is_binding(sentence.text) or (sentence.lead and NARROWING.search(sentence.text)):
            kept.setdefault(sentence.line, []).append(sentence)
        is_first = False
    return "\n".join(laid_out(lines, kept)).strip()


def sentences(lines: list[str]) -> Iterator[Sentence]:
    """The sentences of every line that is no heading. A line's end ends a sentence."""
    for number, line in enumerate(lines):
        if not line.strip() or HEADING.match(line):
            continue
        bullet = BULLET.match(line)
        lead = bullet[0] if bullet else ""
        for text in split(line[len(lead) :]):
            yield Sentence(number, lead, text)


def split(line: str) -> Iterator[str]:
    """A line's sentences, each with the blanks after it."""
    start = 0
    for match in END.finditer(line):
        before = line[start : match.end()]
        if ABBREVIATION.search(before) or before.count("`") % 2 or before.rstrip().endswith(":"):
            continue
        yield line[start : match.end()]
        start = match.end()
    if line[start:].strip():
        yield line[start:]


def is_binding(text: str) -> bool:
    """Whether a sentence states a rule, a limit or a default, or names a parameter."""
    return bool(STRICT.search(text) or CASELESS.match(text.lstrip("*_ ")) or NAMED.search(text))


def laid_out(lines: list[str], kept: dict[int, list[Sentence]]) -> Iterator[str]:
    """The kept sentences in their lines, under those headings that still have something below them."""
    heading, is_apart = "", False
    for number, line in enumerate(lines):
        if HEADING.match(line):
            heading = line.rstrip()
        elif number in kept:
            if heading or is_apart:
                yield ""
            if heading:
                yield heading
            yield kept[number][0].lead + "".join(sentence.text for sentence in kept[number]).rstrip()
            heading, is_apart = "", False
        elif not line.strip():
            is_apart = True


def is_worth(before_tokens: int, after_tokens: int) -> bool:
    """Whether the shorter text, with the line that names the whole, saves enough to be shown."""
    saved = before_tokens - after_tokens
    return saved >= LEAST_SAVED_TOKENS and saved >= LEAST_SAVED_SHARE * before_tokens
