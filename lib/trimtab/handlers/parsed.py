"""What is made of a load once: its kind, blocks, pieces and words. What it is worth depends on the conversation."""

from collections.abc import Sequence
from typing import NamedTuple

from trimtab import content, messages, relevance, tiers, tokens
from trimtab.content import commands, rules
from trimtab.content.rules import Rule
from trimtab.handlers.loads import Loaded
from trimtab.messages import Priority
from trimtab.records import Content
from trimtab.relevance import Evidence, Interest, Mention, Need, Places

NOWHERE = Places(())  # an output's lines are not looked through for names
PRINTS_AS = {"Grep": "grep", "Glob": "find"}  # tools whose results are those of a program


class Parsed(NamedTuple):
    """A load's plan (content, pieces, sizes), where names stand in it if it is a file, and its telling words."""

    plan: tiers.Plan
    places: Places
    mentions: tuple[Mention, ...]
    priority: Priority | None = None  # of a report

    @property
    def care(self) -> float:
        """How many times a miss in it counts, by what it is."""
        return messages.CARE[self.priority] if self.priority else 1.0


def parse(found: Loaded, own: Sequence[Rule] = ()) -> Parsed:
    """Take a load apart, by the user's `own` rules first. Never raises."""
    made = contents(found)
    rule = rules.matching(own, found.name, found.is_file) if own else None
    if rule is not None:
        made = rules.applied(made, rule)
    number_tokens = tiers.LINE_NUMBER_TOKENS if found.is_file else 0
    parted = relevance.parted(made.lines, made.dull, made.kind == "search")
    places = Places(made.lines, parted.unique) if found.path else NOWHERE
    plan = tiers.plan(made, tokens.estimate(found.text), number_tokens)
    priority = messages.priority(made, found.given.group) if made.kind == messages.KIND else None
    return Parsed(plan, places, relevance.mentions_in(parted), priority)


def contents(found: Loaded) -> Content:
    if found.is_file:
        return content.parse(found.name, found.text)
    if found.tool == "Read":
        return content.notebook(found.text)
    if found.tool == "Agent":
        return messages.read(found.text, found.given.held, dict(found.given.files))
    path = commands.printed_file(found.name) if found.tool == "Bash" else None
    if path is not None and content.is_known(path, found.text):
        return content.parse(path, found.text)
    return content.output(found.name if found.tool == "Bash" else PRINTS_AS.get(found.tool, ""), found.text)


def kind_of(found: Loaded) -> str:
    """A load's kind where it is not parsed."""
    if found.message is not None:
        return messages.KIND
    return content.kind_of(found.name, found.text) if found.is_file else "text"


def need_of(whole: Parsed, interest: Interest, tool: str, path: str) -> Need:
    """What an agent with this interest is likely to need of what `tool` brought in; `path` is a file's, else ""."""
    words = relevance.new_words(whole.mentions, interest)
    return weighed(whole, words, relevance.evidence(interest, path) if path else None, tool)


def weighed(whole: Parsed, new_words: Sequence[Mention], evidence: Evidence | None, tool: str) -> Need:
    """The same from what the conversation said of it: `new_words` of the load, and for a file the evidence.

    An output's lines are shown by their kind alone: in recorded sessions the rules find what is needed of files, and
    only noise in what commands print. What only sums up or says that something passed has no words to name.
    """
    found = whole.plan.content
    words = new_words if found.kind not in content.SUMMARISED else ()
    used = relevance.used(tool)
    if found.kind == messages.KIND:
        return Need(messages.rates(found), words, used, whole.care)
    if evidence is None:
        return Need(relevance.rate_output(found), words, used)
    return Need(relevance.rate(found, whole.places, evidence), words, used, evidence.task.care)
