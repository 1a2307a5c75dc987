"""What a project's sessions called: tools, skills and agents, by the usage book and by what users typed.

The book has every call of the model's; a skill that the user starts by its name is only in the transcript's text, as a
user's line that begins with the client's mark for it (clients 2.0 to 2.1.328).
"""

from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from trimtab.prompt import texts
from trimtab.prompt.parts import TOOL, UNSAFE, server_of
from trimtab.prompt.used import Called
from trimtab.records import Arrival, Request
from trimtab.store.usage import UsageStore
from trimtab.transcript import folders, lines
from trimtab.usage.account import Scope

SKILL_TOOL = "Skill"
RESOURCE_TOOLS = (  # client 2.1.328, and their older names
    "ListMcpResourcesTool",
    "ReadMcpResourceTool",
    "ReadMcpResourceDirTool",
    "ListMcpResources",
    "ReadMcpResource",
    "ReadMcpResourceDir",
)
TYPED = b"<command-name>/"
START = "<command-"


def called(store: UsageStore, scope: Scope, places: Iterable[Path]) -> list[Called]:
    """All calls of the scope's sessions in its time; `places` are the clients' folders. Raises StoreError."""
    requests = store.requests(scope.session, scope.project, scope.since, scope.until)
    arrivals = store.arrivals(scope.session, scope.project, scope.since, scope.until)
    sessions = {request.session for request in requests}
    found = [*of_model(arrivals), *of_agents(requests), *typed(places, sessions, scope.since or 0.0)]
    return [call for call in found if scope.holds(call.at)]


def of_model(arrivals: Iterable[Arrival]) -> Iterator[Called]:
    """Calls of tools, by their results; a call of the skills' tool is one of a skill too, one of a tool for MCP
    resources one of the server (texts.INSTRUCTIONS; "" where the call, or what is kept of it, does not name it).
    """
    for arrival in arrivals:
        if arrival.what == "result" and arrival.tool:
            yield Called(TOOL, arrival.tool, arrival.session, arrival.at)
            if arrival.tool == SKILL_TOOL and arrival.target:
                yield Called(texts.SKILL, arrival.target.removeprefix("/"), arrival.session, arrival.at)
            if arrival.tool in RESOURCE_TOOLS:
                yield Called(texts.INSTRUCTIONS, UNSAFE.sub("_", arrival.target), arrival.session, arrival.at)


def of_agents(requests: Iterable[Request]) -> Iterator[Called]:
    """Each subagent once, at its first request."""
    first: dict[tuple[str, str], Request] = {}
    for request in requests:
        if request.agent and request.agent_type:
            first.setdefault((request.session, request.agent), request)
    for request in first.values():
        yield Called(texts.AGENT, request.agent_type, request.session, request.at)


def typed(places: Iterable[Path], sessions: Set[str], since: float) -> Iterator[Called]:
    """Skills and commands that the user started by their names, in these sessions; an MCP server's prompt,
    /mcp__server__prompt, is a use of the server too (texts.INSTRUCTIONS). Never raises.
    """
    for file in folders.find(places).files:
        if not file.agent and file.session in sessions and file.modified_ns >= since * 1e9:
            try:
                data = Path(file.path).read_bytes()
            except (OSError, ValueError):
                continue
            for line in data.split(b"\n") if TYPED in data else ():
                if TYPED in line and (call := typed_in(line, file.session)) is not None:
                    yield call
                    if server := server_of(call.name):
                        yield call._replace(kind=texts.INSTRUCTIONS, name=server)


def typed_in(line: bytes, session: str) -> Called | None:
    """What a transcript's line says that the user typed; None where the mark is only quoted in it."""
    try:
        data = lines.parse(line)
    except ValueError:
        return None
    message = data.get("message")
    content = message.get("content") if data.get("type") == "user" and isinstance(message, dict) else None
    text = content if isinstance(content, str) else lines.text_of(first(content))
    name = lines.COMMAND.search(text[:2_000]) if text.startswith(START) else None
    return Called(texts.SKILL, name[1], session, lines.epoch(data.get("timestamp"), 0.0)) if name else None


def first(content: object) -> object:
    """The text of a content's first block."""
    block = content[0] if isinstance(content, list) and content else None
    return block.get("text") if isinstance(block, dict) else None
