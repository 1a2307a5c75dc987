"""What is made of a load once: its kind, blocks, pieces and words. What it is worth depends on the conversation."""

from collections.abc import Sequence
from typing import NamedTuple

from trimtab import content, relevance, tiers, tokens
from trimtab.content import commands, rules
from trimtab.content.rules import Rule
from trimtab.handlers.loads import Loaded
from trimtab.records import Content
from trimtab.relevance import Interest, Mention, Need, Places

PRINTS_AS = {"Grep": "grep", "Glob": "find"}  # tools whose results are those of a program


class Parsed(NamedTuple):
    """A load's plan (content, pieces, sizes), and where names and telling words stand in it."""

    plan: tiers.Plan
    places: Places
    mentions: tuple[Mention, ...]


def parse(found: Loaded, own: Sequence[Rule] = ()) -> Parsed:
    """Take a load apart, by the user's `own` rules first. Never raises."""
    made = contents(found)
    rule = rules.matching(own, found.name, found.is_file) if own else None
    if rule is not None:
        made = rules.applied(made, rule)
    number_tokens = tiers.LINE_NUMBER_TOKENS if found.is_file else 0
    plan = tiers.plan(made, tokens.estimate(found.text), number_tokens)
    return Parsed(plan, Places(made.lines), relevance.mentions(made.lines))


def contents(found: Loaded) -> Content:
    if found.is_file:
        return content.parse(found.name, found.text)
    if found.tool == "Read":
        return content.notebook(found.text)
    path = commands.printed_file(found.name) if found.tool == "Bash" else None
    if path is not None and content.is_known(path, found.text):
        return content.parse(path, found.text)
    return content.output(found.name if found.tool == "Bash" else PRINTS_AS.get(found.tool, ""), found.text)


def kind_of(found: Loaded) -> str:
    """A load's kind where it is not parsed."""
    return content.kind_of(found.name, found.text) if found.is_file else "text"


def need_of(whole: Parsed, interest: Interest, path: str) -> Need:
    """What of the load an agent with this interest is likely to need; `path` is a file's, "" for an output.

    An output's lines are kept by their kind alone: in recorded sessions the rules find what is needed of files, and
    only noise in what commands print.
    """
    found = whole.plan.content
    words = relevance.new_words(whole.mentions, interest) if found.kind not in content.SUMMARISED else []
    if found.dull:
        words = [mention for mention in words if mention.line + 1 not in found.dull]
    if not path:
        return Need([0.0] * len(found.lines), words, relevance.USED)
    evidence = relevance.evidence(interest, path)
    return Need(relevance.rate(found, whole.places, evidence), words, relevance.USED, evidence.task.care)
