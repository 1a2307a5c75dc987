"""The audit of a standing prompt: each part of a recorded first request, what it cost, and whether it was ever used.

`as_document` and `of_document` turn it into JSON and back, for keeping the newest one: names and figures, no texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab.prompt import texts
from trimtab.prompt.bill import Bill, Cost
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
    ("The recording's own prompt", (texts.PROMPT,)),
)
GROUP_OF = {kind: title for title, kinds in GROUPS for kind in kinds}


class Line(NamedTuple):
    """One part, whose tokens are the recorded model's (an estimate); `owner` is who brings it, "" if not known."""

    part: Part
    owner: str
    use: Use
    cost: Cost

    @property
    def group(self) -> str:
        """What a report has it under; "" for what is no text for the model."""
        return GROUP_OF.get(self.part.kind, "")


class Audit(NamedTuple):
    """A recorded first request and the time that its cost and use are of.

    `lines` are in the order of the request. `requests` of `sessions` carried its like; `firsts` are what the first
    prompts of those that began in the time were billed, of the recorded model. `rest` is what first prompts cost beyond
    the recording, `agents` what those of `agent_runs` subagents cost; `unpriced` requests have no known price.
    """

    project: str
    at: float
    client: str
    model: str
    is_terminal: bool
    since: float
    until: float
    lines: tuple[Line, ...]
    requests: int
    sessions: int
    unpriced: int
    firsts: tuple[int, ...]
    rest: Cost
    agents: Cost
    agent_runs: int

    @property
    def tokens(self) -> int:
        """Of the whole request, an estimate."""
        return sum(line.part.tokens for line in self.lines)


def audit(
    project: str,
    recorded: tuple[float, str, str, bool],
    parts: Sequence[Part],
    owners: Mapping[tuple[str, str], str],
    uses: Mapping[tuple[str, str, str], Use],
    found: Bill,
    time: tuple[float, float],
) -> Audit:
    """Puts an audit together. `recorded` is when, by which client and model, and whether in a terminal; `owners` are
    those of skills and agents, by kind and name.
    """
    lines = [
        Line(part, owner_of(part, owners), uses.get(part.key, UNKNOWN), cost)
        for part, cost in zip(parts, found.parts, strict=True)
    ]
    return Audit(
        project, *recorded, *time, tuple(lines), found.requests, found.sessions, found.unpriced, found.firsts,
        found.rest, found.agents, found.agent_runs,
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
    """The lines that are known not to have been used, the largest first."""
    return sorted(
        (line for line in lines if line.use.is_never and line.part.tokens), key=lambda line: -line.part.tokens
    )


def as_document(found: Audit) -> dict[str, object]:
    """As JSON has it."""
    rows = [
        {**line.part._asdict(), "owner": line.owner, "group": line.group}
        | {"times": line.use.times, "sessions": line.use.sessions, "last": line.use.last}
        | {"is_use_known": line.use.is_known, "units": line.cost.units, "usd": line.cost.usd}
        for line in found.lines
    ]
    rest, agents = found.rest._asdict(), found.agents._asdict()
    return {"format": FORMAT, **found._asdict(), "tokens": found.tokens, "lines": rows, "rest": rest, "agents": agents}


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
            )
            for row in data["lines"]
        ]
        figures = {name: data[name] for name in Audit._fields}
        costs = {name: Cost(data[name]["units"], data[name]["usd"]) for name in ("rest", "agents")}
        return Audit(**{**figures, **costs, "lines": tuple(lines), "firsts": tuple(data["firsts"])})
    except (KeyError, TypeError):
        return None
