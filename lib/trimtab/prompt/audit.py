"""The audit of a standing prompt: each part of a first request, what it cost, and whether it was ever used.

`as_document` and `of_document` turn it into JSON and back, for keeping the newest one: names and figures, no texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab.prompt import texts
from trimtab.prompt.bill import Bill, Cost, total
from trimtab.prompt.parts import FRAME, MCP_TOOL, SYSTEM, TOOL, Part
from trimtab.prompt.used import UNKNOWN, Use

FORMAT = 1
CLIENT, YOURS, PROJECTS = "the client", "yours", "the project's"
CLIENTS = (TOOL, SYSTEM, texts.NOTICE, texts.ATTRIBUTION, FRAME)  # kinds that are the client's own
GROUPS = (  # what a report calls the kinds
    ("Tools", (TOOL,)),
    ("MCP servers", (MCP_TOOL, texts.INSTRUCTIONS, texts.CONNECTING)),
    ("Skills", (texts.SKILL,)),
    ("Agents", (texts.AGENT,)),
    ("Memory files", (texts.MEMORY,)),
    ("System prompt", (SYSTEM,)),
    ("Output style", (texts.STYLE,)),
    ("Hooks' texts", (texts.HOOK,)),
    ("Attribution", (texts.ATTRIBUTION,)),
    ("Notices and headings", (texts.NOTICE,)),
    ("Other", (texts.OTHER,)),
    ("The prompt itself", (texts.PROMPT,)),
)
GROUP_OF = {kind: title for title, kinds in GROUPS for kind in kinds}


class Line(NamedTuple):
    """One part, whose tokens are the audited model's; `owner` is who brings it, "" if not known.

    `had` says how many sessions began with it, as far as that is known: else they are taken to have.
    """

    part: Part
    owner: str
    use: Use
    cost: Cost
    had: int

    @property
    def group(self) -> str:
        """What a report has it under; "" for what is no text for the model."""
        return GROUP_OF.get(self.part.kind, "")


class Sent(NamedTuple):
    """The audited request: when, by which client and to which model, and whether as in a terminal.

    `session` is the one that began with it, "" for a recording. `billed` is what it was billed then; None for an
    estimate, which `checked` first requests of the model have corrected by what they were billed.
    """

    at: float
    client: str
    model: str
    is_terminal: bool
    session: str
    billed: int | None
    checked: int


class Audit(NamedTuple):
    """A first request and the time that its cost and use are of.

    `lines` are in the order of the request. `requests` of `sessions` carried what these began with, which is `known` of
    some of them; `firsts` are what the first prompts of those that began in the time were billed, of the same model.
    `gone` is what other parts cost that sessions are known to have begun with, `rest` what first prompts of the others
    cost beyond these lines, `agents` what those of `agent_runs` subagents cost; `unpriced` requests have no known
    price.
    """

    project: str
    sent: Sent
    since: float
    until: float
    lines: tuple[Line, ...]
    requests: int
    sessions: int
    known: int
    unpriced: int
    firsts: tuple[int, ...]
    gone: Cost
    rest: Cost
    agents: Cost
    agent_runs: int

    @property
    def tokens(self) -> int:
        """Of the whole request."""
        return sum(line.part.tokens for line in self.lines)

    @property
    def whole(self) -> Cost:
        """What all main conversations' first prompts cost."""
        return total([*(line.cost for line in self.lines), self.gone, self.rest])


def audit(
    project: str,
    sent: Sent,
    parts: Sequence[Part],
    owners: Mapping[tuple[str, str], str],
    uses: Mapping[tuple[str, str, str], Use],
    found: Bill,
    time: tuple[float, float],
) -> Audit:
    """Puts an audit together; `owners` are those of skills and agents, by kind and name."""
    lines = [
        Line(part, owner_of(part, owners), uses.get(part.key, UNKNOWN), cost, had)
        for part, cost, had in zip(parts, found.parts, found.had, strict=True)
    ]
    return Audit(
        project, sent, *time, tuple(lines), found.requests, found.sessions, found.known, found.unpriced, found.firsts,
        found.gone, found.rest, found.agents, found.agent_runs,
    )  # fmt: skip


def owner_of(part: Part, owners: Mapping[tuple[str, str], str]) -> str:
    """Who brings a part: a plugin, a server, a memory file, the user, the project or the client; "" if not known."""
    if part.plugin:
        return f"plugin {part.plugin}"
    if part.server:
        return part.server
    if part.path:
        return part.path
    if part.kind in (texts.SKILL, texts.AGENT):
        return owners.get((part.kind, part.name), CLIENT)
    return CLIENT if part.kind in CLIENTS else ""


def never_used(lines: Iterable[Line]) -> list[Line]:
    """The lines that are known not to have been used by any of the sessions that had them, the largest first."""
    never = [line for line in lines if line.use.is_never and line.had and line.part.tokens]
    return sorted(never, key=lambda line: -line.part.tokens)


COSTS = ("gone", "rest", "agents")


def as_document(found: Audit) -> dict[str, object]:
    """As JSON has it."""
    rows = [
        {**line.part._asdict(), "owner": line.owner, "group": line.group, "had": line.had}
        | {"times": line.use.times, "sessions": line.use.sessions, "last": line.use.last}
        | {"is_use_known": line.use.is_known, "units": line.cost.units, "usd": line.cost.usd}
        for line in found.lines
    ]
    own = {name: value for name, value in found._asdict().items() if name != "sent"}
    costs = {name: own[name]._asdict() for name in COSTS}
    return {"format": FORMAT, **found.sent._asdict(), **own, **costs, "tokens": found.tokens, "lines": rows}


def of_document(data: object) -> Audit | None:
    """An audit that `as_document` wrote; None of anything else."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None
    try:
        lines = [
            Line(
                Part(*(row[name] for name in Part._fields)),
                row["owner"],
                Use(row["times"], row["sessions"], row["last"], row["is_use_known"]),
                Cost(row["units"], row["usd"]),
                row["had"],
            )
            for row in data["lines"]
        ]
        own = {name: data[name] for name in Audit._fields if name != "sent"}
        own |= {name: Cost(data[name]["units"], data[name]["usd"]) for name in COSTS}
        own |= {"sent": Sent(*(data[name] for name in Sent._fields)), "lines": tuple(lines)}
        return Audit(**{**own, "firsts": tuple(data["firsts"])})
    except (KeyError, TypeError):
        return None
