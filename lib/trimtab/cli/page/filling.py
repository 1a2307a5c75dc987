"""What a conversation's context was made of at each request, as well as its transcript's lengths tell.

The prompt's size is what the model billed; how it divides is an estimate: what a prompt grew by belongs to the model's
own words (counted, in the response before) and to what arrived since, in proportion to its characters. The parts of a
request sum to its prompt, to the token.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trimtab.cli.page.records import Part
from trimtab.monitor.summary import DROP
from trimtab.records import Arrival, Load, Recovery, Request, prompt_tokens

CHARACTERS = 2.9  # of one billed token; measured on 1,624 tool results of Claude models up to 4.6
STRETCH = 1.5  # chosen: what an arrival may be over its estimate; growth beyond is not attributed

STANDING, SUMMARY, ANSWER, UNKNOWN = "standing", "summary", "answer", "not attributed"
KINDS = (  # in the order of a stack, from what stays to what comes and goes
    STANDING,  # what was there at the first request: system prompt, tool definitions, memory files
    "earlier",  # an earlier conversation that this one goes on with; only a better attribution tells it
    SUMMARY,  # what a compaction left
    "prompt",
    "note",
    ANSWER,  # the model's own words
    "file",
    "view",  # results that Trimtab folded
    "recovered",  # results of calls for folded lines
    "command",
    "search",
    "agent",
    "mcp",
    "result",
    UNKNOWN,
)  # fmt: skip
TOOLS = {
    "Read": "file", "NotebookRead": "file", "Bash": "command", "BashOutput": "command", "Grep": "search",
    "Glob": "search", "WebFetch": "search", "WebSearch": "search", "Agent": "agent", "Task": "agent",
}  # fmt: skip


class Known(NamedTuple):
    """The tool calls whose results were folded, and those that fetched folded lines."""

    views: frozenset[str]
    recoveries: frozenset[str]


def known(loads: Iterable[Load], recoveries: Iterable[Recovery]) -> Known:
    return Known(
        frozenset(load.tool_use_id for load in loads if load.honoured and load.raw_tokens > load.shown_tokens),
        frozenset(recovery.tool_use_id for recovery in recoveries),
    )


def named(loads: Iterable[Load], recoveries: Iterable[Recovery]) -> dict[str, str]:
    """The words of KINDS that calls have whatever their tool is, by tool_use_id."""
    calls = known(loads, recoveries)
    return dict.fromkeys(calls.views, "view") | dict.fromkeys(calls.recoveries, "recovered")


def kind_of(arrival: Arrival, calls: Known) -> str:
    """The arrival's word of KINDS."""
    if arrival.what != "result":
        return arrival.what if arrival.what in KINDS else "note"
    if arrival.id in calls.recoveries:
        return "recovered"
    if arrival.id in calls.views:
        return "view"
    return kind_of_tool(arrival.tool)


def kind_of_tool(tool: str) -> str:
    return "mcp" if tool.startswith("mcp__") else TOOLS.get(tool, "result")


def kind_of_label(label: str) -> str:
    """A word of KINDS as it is, else a tool's kind: in grey, the many tools would look like what is not attributed."""
    return label if label in KINDS else kind_of_tool(label)


def parts(requests: Sequence[Request], arrivals: Sequence[Arrival], calls: Known) -> Iterator[Part]:
    """The parts of one conversation's requests, both given by time; kinds without a token are left out."""
    held: dict[str, float] = {}
    waiting = 0
    for number, request in enumerate(requests):
        news: dict[str, float] = {}
        while waiting < len(arrivals) and arrivals[waiting].at <= request.at:
            kind = kind_of(arrivals[waiting], calls)
            news[kind] = news.get(kind, 0.0) + arrivals[waiting].characters / CHARACTERS
            waiting += 1
        before = requests[number - 1] if number else None
        held = filled(held, news, request, before)
        for kind, tokens in whole(held, prompt_tokens(request)).items():
            if tokens:
                yield Part(request.session, request.agent, request.message_id, kind, tokens)


def filled(
    held: Mapping[str, float], news: Mapping[str, float], request: Request, before: Request | None
) -> dict[str, float]:
    """The context at `request`: what was held `before`, and what came since."""
    prompt = prompt_tokens(request)
    if before is None:
        return with_news({STANDING: max(prompt - sum(news.values()), 0.0)}, news, prompt)
    if is_cut(before, request):
        standing = min(held.get(STANDING, 0.0), prompt)
        return {STANDING: standing, SUMMARY: prompt - standing}
    news = {**news, ANSWER: news.get(ANSWER, 0.0) + before.output_tokens}
    if prompt >= sum(held.values()):
        return with_news(held, news, prompt)
    standing = min(held.get(STANDING, 0.0), prompt)
    loose = sum(held.values()) - held.get(STANDING, 0.0)
    scale = (prompt - standing) / loose if loose else 0.0
    return {kind: standing if kind == STANDING else tokens * scale for kind, tokens in held.items()}


def with_news(held: Mapping[str, float], news: Mapping[str, float], prompt: float) -> dict[str, float]:
    """`held` and `news`, which is scaled to what the prompt grew by: at most by STRETCH, the rest is UNKNOWN."""
    growth, estimate = prompt - sum(held.values()), sum(news.values())
    scale = min(growth / estimate, STRETCH) if estimate else 0.0
    found = dict(held)
    for kind, tokens in news.items():
        found[kind] = found.get(kind, 0.0) + tokens * scale
    found[UNKNOWN] = found.get(UNKNOWN, 0.0) + max(growth - estimate * scale, 0.0)
    return found


def is_cut(before: Request, request: Request) -> bool:
    """Whether something left the context between the two, as by a compaction."""
    return before.model == request.model and prompt_tokens(request) < DROP * prompt_tokens(before)


def whole(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers in proportion to `shares` that sum to `total`; the largest remainders are rounded up.

    {"a": 1.5, "b": 1.5} and 3 gives {"a": 2, "b": 1}.
    """
    summed = sum(shares.values())
    if not summed:
        return {UNKNOWN: total}
    exact = {kind: share * total / summed for kind, share in shares.items()}
    found = {kind: int(tokens) for kind, tokens in exact.items()}
    for kind in sorted(exact, key=lambda kind: found[kind] - exact[kind])[: total - sum(found.values())]:
        found[kind] += 1
    return found
