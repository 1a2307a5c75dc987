"""The listings of skills and agents, with a line for each that the prompt does not make likely.

Every name stays, and so what can be called. Whole stay the entries that were used lately and those that the prompt
speaks of; of the others their first clause.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from trimtab.prompt import texts

LEAST, LONGEST = 15, 90  # characters of an unlikely entry's text, chosen: a clause
MOST_LIKELY = 3  # chosen: more would be no choice
LEAST_SHARED = 2  # words that prompt and entry share, chosen: one is chance
COMMON_SHARE = 0.34  # a word in more of the entries tells them not apart; chosen
WORD = re.compile(r"[a-z][a-z0-9]{3,}")
TOOLS = re.compile(r" \(Tools: (?P<tools>[^()]*)\)\s*$")
LONGEST_TOOLS = 40  # characters of an agent's list of tools that stays; chosen
CLAUSE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.;:!?](?=\s|$)|\s[—–-]\s|,\s|\s\(")
STOP = frozenset(
    re.findall(
        r"\w+",
        "about after also another because before between could does don doing each even from given have here into just"
        " like make many more most much need only other over please same should show some such than that their them"
        " then there these they this those through under until user users very want well were what when where which"
        " while will with work would your code file files project change using used",
    )
)


class Entry(NamedTuple):
    """An entry of a listing: its name and its text as it is written, the line's end included."""

    name: str
    text: str


def cut(listing: str, whole: Collection[str] = ()) -> str:
    """The listing with short lines for all entries but those named in `whole`; itself where it has none.

    What is before, between and after the entries stays to the character.
    """
    return "".join(
        part.text if part.kind not in (texts.SKILL, texts.AGENT) or part.name in whole else line(part.name, part.text)
        for part in texts.cuts(listing, is_users=False)
    )


def entries_of(listing: str) -> list[Entry]:
    cuts = texts.cuts(listing, is_users=False)
    return [Entry(part.name, part.text) for part in cuts if part.kind in (texts.SKILL, texts.AGENT)]


def line(name: str, text: str) -> str:
    """An entry's name and first clause, and what an agent may use where that is short; as it is where that is no more.

    "- run: Launch and drive this project's app to see a change working. Use when asked." is
    "- run: Launch and drive this project's app to see a change working."
    """
    body = text.rstrip()
    end = text[len(body) :].lstrip(" ")
    said = body[len(f"- {name}") :].removeprefix(":").strip()  # a plugin's skill has a colon in its name
    tools = TOOLS.search(said)
    kept = tools[0].rstrip() if tools and len(tools["tools"]) <= LONGEST_TOOLS else ""
    short = first_clause(said[: tools.start()] if tools else said)
    made = f"- {name}: {short}{kept}" if short else f"- {name}"
    return made + end if len(made) < len(body) else text


def first_clause(said: str) -> str:
    """The first sentence; where it is longer than LONGEST, up to its last clause's end within that, or a word's."""
    said = said.partition("\n")[0]
    ends = list(CLAUSE.finditer(said))
    sentence = next((match.end() for match in ends if match[0] in ".!?"), len(said))
    if sentence <= LONGEST:
        return said[:sentence].strip()
    open_at = said.rfind("(", 0, LONGEST)
    if open_at > LEAST and ")" not in said[open_at:LONGEST]:
        return said[:open_at].strip() + " ..."
    within = [match.start() for match in ends if LEAST <= match.start() <= LONGEST]
    stop = within[-1] if within else said.rfind(" ", 0, LONGEST)
    return said[: stop if stop > 0 else LONGEST].strip() + " ..."


def likely(listing: str, prompt: str) -> set[str]:
    """The names of the entries that the prompt speaks of: by name, or in words that few of the entries have."""
    known = {entry.name: words(entry.text) for entry in entries_of(listing)}
    asked = words(prompt)
    counts: dict[str, int] = {}
    for found in known.values():
        for word in found:
            counts[word] = counts.get(word, 0) + 1
    telling = {word for word, count in counts.items() if count <= max(1, COMMON_SHARE * len(known))}
    said = prompt.lower()
    scores = {}
    for name, found in known.items():
        shared = found & asked & telling
        weight = sum(1 / counts[word] for word in shared)
        if is_named(name, said):
            scores[name] = (1, weight)
        elif len(shared) >= LEAST_SHARED:
            scores[name] = (0, weight)
    ranked = sorted(scores, key=lambda name: (scores[name], name), reverse=True)
    return set(ranked[:MOST_LIKELY])


def is_named(name: str, said: str) -> bool:
    """Whether a prompt in small letters has the name, or a plugin's skill's own name, as a word of its own."""
    own = name.rpartition(":")[2].lower()
    return len(own) >= 4 and re.search(rf"(?<![\w-]){re.escape(own)}(?![\w-])", said) is not None


def words(text: str) -> set[str]:
    """The words of four letters and more that are not everybody's; a plural counts as its singular."""
    return {word.removesuffix("s") for word in WORD.findall(text.lower())} - STOP
