"""The four groups of agents, as one table: which agent is in which, what it is shown, and how it is asked to report.

Left out: what an agent may use; its own file says that, and the client sees to it.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from trimtab import jobs

GROUPS_KEY = "groups"  # the settings' table of the user's own agents


class Group(NamedTuple):
    """What holds for the agents of one group.

    `tier` is the least at which they see what `of` names: NAMED are the files that the task names and that were not
    edited yet, else it is a kind of load; "" is everything, and at the essential tier it is weighed as ever. `care`
    is how many times a miss in that counts. `budget_share` is how much of what a budget has left one of them is
    told to keep to. `reply` is the contract: what their last message is asked to have, and `words` how many at
    most. `small` and `large` are the model and effort for tasks of these sizes, as `jobs` reads them; "" is what
    they would run with anyway.
    """

    name: str
    tier: str
    of: str
    budget_share: float
    reply: str
    words: int
    care: float = 1.0
    small: str = ""
    large: str = ""


NAMED = "named"
GROUPS: Mapping[str, Group] = {  # all of it chosen; of 102 recorded reports half have over 716 words
    "1": Group(
        "Strategic Analysis", "essential", "", 0.1,
        "the answer first; then findings, the most important first, each one line with path:line; then what you did "
        "not look at", 600, small="haiku low", large="sonnet low",
    ),
    "2": Group(
        "Decision Making", "essential", "", 0.1,
        "the decision first; then its reasons, each with its evidence (path:line), the steps in order, risks, and what "
        "is still open", 700,
    ),
    "3": Group(
        "Execution", "essential", NAMED, 0.4,
        "whether it is done; then each change as path:line with one clause why, what you ran and its result, and what "
        "is left", 400, small="sonnet",
    ),
    "4": Group(
        "Validation", "complete", "diff", 0.2,
        "the verdict first; then findings, the worst first, each with path:line and how to show it; then what you did "
        "not check", 600, small="sonnet",
    ),
}  # fmt: skip
ANY, ANY_WORDS = "the answer first; then findings with path:line, decisions, and open points", 700  # of all others

AGENTS: Mapping[str, str] = {  # an agent type, without its plugin's name, -> its group
    "Explore": "1",  # the client's own: what they are made for
    "Plan": "2",
    "general-purpose": "3",
    "claude": "3",
    "context-scout": "1",  # of the plugin trimtab-agents
    "size-estimator": "1",
    "option-weigher": "2",
    "plan-writer": "2",
    "change-maker": "3",
    "test-mender": "3",
    "change-reviewer": "4",
    "gap-hunter": "4",
}
BY_FOLDED = {name.casefold(): group for name, group in AGENTS.items()}
FOR_ANYTHING = (
    "general-purpose",
    "claude",
)  # search and change alike: no group's ways fit all of it
USUAL = FOR_ANYTHING[0]  # the client starts one of these where a call names no type
WITHOUT_REPORT = ("statusline-setup",)  # nothing of theirs goes on

TIERS = ("essential", "standard", "comprehensive", "complete")  # values of records.Tier
LONGEST_REPLY, MOST_WORDS, MOST_CARE = 125, 10_000, 100.0  # bytes; chosen: the contract stays about 60 tokens
Members = tuple[tuple[str, str], ...]  # the user's: agent type and group; the first that fits holds


def group_of(agent_type: str, own: Members = ()) -> str:
    """The group of an agent type, "" where it is in none: by its whole name, else without its plugin's name.

    Letters' case does not matter. Of `own` with ("x", "4"), "p:X" is in 4; with ("p:x", "4") only "p:X" is.
    """
    for name in dict.fromkeys((agent_type.casefold(), bare(agent_type))):
        found = next((group for one, group in own if one.casefold() == name), "") or BY_FOLDED.get(name, "")
        if found:
            return found
    return ""


def bare(agent_type: str) -> str:
    """The name without its plugin's, letters folded: "trimtab-agents:Gap-Hunter" is "gap-hunter"."""
    return agent_type.rpartition(":")[2].casefold()


def ways_of(agent_type: str, own: Members = (), table: Mapping[str, Group] = GROUPS) -> Group | None:
    """The group by whose ways the agent goes; None where it is in none, or for anything and the user names no group.

    `table` has the groups as the user wants them.
    """
    names = (agent_type.casefold(), bare(agent_type))
    if bare(agent_type) in FOR_ANYTHING and not any(one.casefold() in names for one, _ in own):
        return None
    return table.get(group_of(agent_type, own))


def budget_share(agent_type: str, own: Members = (), table: Mapping[str, Group] = GROUPS) -> float:
    """The part of what a budget has left that one agent of the type is told to keep to, 0 for nothing to be told."""
    group = ways_of(agent_type, own, table)
    return group.budget_share if group else 0.0


def contract(agent_type: str, own: Members = (), table: Mapping[str, Group] = GROUPS) -> str:
    """What an agent of the type is asked to report, one sentence or two; "" of one that reports to nobody.

    At most 60 tokens (tested) as the table is here, with what is said of a budget.
    """
    if bare(agent_type) in WITHOUT_REPORT:
        return ""
    group = ways_of(agent_type, own, table)
    reply, words = (group.reply, group.words) if group else (ANY, ANY_WORDS)
    return f"Unless told otherwise, report {reply}. No recap, at most {words} words."


def read(given: object, place: str) -> tuple[Members, list[str]]:
    """The agents of a `groups` table, and a sentence for each that can't be used. Never raises."""
    if not isinstance(given, Mapping):
        return (), [f'{GROUPS_KEY} in {place} is no table: write [{GROUPS_KEY}] and below it "my-agent" = 1']
    found: list[tuple[str, str]] = []
    complaints: list[str] = []
    for name, group in given.items():
        if isinstance(group, Mapping) and name in GROUPS:  # see `changed`
            continue
        if isinstance(group, bool) or str(group) not in GROUPS:
            complaints.append(f"{name} in [{GROUPS_KEY}] of {place} is not taken: a group is 1, 2, 3 or 4")
        else:
            found.append((str(name), str(group)))
    return tuple(found), complaints


def changed(
    given: object, place: str, table: Mapping[str, Group], is_users: bool
) -> tuple[Mapping[str, Group], list[str]]:
    """`table` with what the [groups.4] tables of a `groups` table change, and a sentence for what can't be used.

    What is told to agents, and what they run with, only the user's own file says: a project's comes with the project,
    from whomever. Never raises.
    """
    if not isinstance(given, Mapping):
        return table, []
    found, complaints = dict(table), []
    for number, wanted in given.items():
        if not isinstance(wanted, Mapping) or number not in GROUPS:
            continue
        for key, value in wanted.items():
            where = f"{key} in [{GROUPS_KEY}.{number}] of {place}"
            if key in OF_USER and not is_users:
                complaints.append(f"{where} is not taken: {OF_USER[key]}, so only your own file sets it")
            elif key not in ALLOWED:
                complaints.append(f"{where} is unknown: there are {', '.join(ALLOWED)}")
            elif not ALLOWED[key].is_right(value):
                complaints.append(f"{where} is not taken: it is {ALLOWED[key].words}")
            else:
                found[number] = found[number]._replace(**{key: value})
    return found, complaints


class Allowed(NamedTuple):
    """Whether a value of a group may be so, and what to say of one that may not."""

    is_right: Callable[[object], bool]
    words: str


def is_number(value: object, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most


def is_reply(value: object) -> bool:
    """One line that is short, also in tokens: in other scripts than Latin a letter is two bytes or more."""
    is_line = isinstance(value, str) and bool(value.strip()) and value.isprintable()
    return is_line and len(str(value).encode("utf-8", "replace")) <= LONGEST_REPLY


OF_USER = {
    "reply": "it is told to your agents",
    jobs.SMALL: "it may be a dearer model",
    jobs.LARGE: "it may be a dearer model",
}
JOB = Allowed(
    lambda value: jobs.read(value) is not None,
    f'a model ({", ".join(jobs.MODELS)}), an effort ({", ".join(jobs.EFFORTS)}), both as "haiku low", or ""',
)
ALLOWED: Mapping[str, Allowed] = {
    "tier": Allowed(lambda value: value in TIERS, " or ".join(map('"{}"'.format, TIERS))),
    "of": Allowed(
        lambda value: isinstance(value, str) and re.fullmatch(r"[\w+#-]{0,40}", value) is not None,
        f'"{NAMED}" (files that the task names), a kind such as "diff", or "" (everything)',
    ),
    "care": Allowed(lambda value: is_number(value, MOST_CARE), f"a number from 0 to {MOST_CARE:g}"),
    "budget_share": Allowed(lambda value: is_number(value, 1), "a number from 0 to 1"),
    "reply": Allowed(is_reply, f"one line of 1 to {LONGEST_REPLY} letters (fewer in scripts other than Latin)"),
    "words": Allowed(
        lambda value: isinstance(value, int) and is_number(value, MOST_WORDS) and value > 0,
        f"a whole number from 1 to {MOST_WORDS}",
    ),
    jobs.SMALL: JOB,
    jobs.LARGE: JOB,
}


def title(agent_type: str, own: Members = ()) -> str:
    """The group's number and name, "no group" where the agent is in none."""
    number = group_of(agent_type, own)
    return f"{number} {GROUPS[number].name}" if number else "no group"
