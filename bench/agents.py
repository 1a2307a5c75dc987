"""What the agents of trimtab-agents cost: every session that has them, and each one that is started.

    .venv/bin/python -m bench.agents

The real client with an empty home and an empty project, answered by a scripted model. The listing is what a session's
first request has more with the plugin than without it; an agent's start is its first request (tools, system prompt,
messages; the task is one word), with two of the client's own agents for comparison. o200k_base, counted. Needs the
pinned client (tests/client/runner.py).
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.client.model import Agent, Body, ModelServer, answer, cached_parts, delegate
from tests.client.runner import PLUGIN, Runner, find_client, fresh, how_to_install

from trimtab import prices, tokens
from trimtab.records import Request

AGENTS = PLUGIN / "trimtab-agents"
OWN = ("general-purpose", "Explore")  # the client's
NOW = 1_796_040_000.0  # 2026-11-30: prices change
REQUESTS = 40  # of a session: the mean of what is to come in recorded ones (policy.FIRST_GUESS)


class Started(NamedTuple):
    """An agent's first request: which model and tools it has, and its tokens."""

    kind: str
    model: str
    effort: str
    tools: tuple[str, ...]
    tokens: int


def names() -> list[str]:
    """The plugin's agents as the client calls them."""
    return [f"trimtab-agents:{path.stem}" for path in sorted((AGENTS / "agents").glob("*.md"))]


def size(body: Body) -> int:
    """The tokens of a request."""
    return sum(tokens.count(part.decode()) or 0 for part in cached_parts(body))


def first_request(client: Path, plugins: Sequence[Path]) -> Body:
    with fresh(client) as runner:
        return runner.run("Say hello.", ModelServer(answer("Hello.")), plugins=plugins).check().bodies()[0]


def listing(body: Body) -> str:
    """The lines of the request that name the plugin's agents."""
    lines = json.dumps(body, ensure_ascii=False).split("\\n")
    return "\n".join(dict.fromkeys(line for line in lines if re.match("- trimtab-agents:", line)))


def starts(runner: Runner, kinds: Sequence[str], plugins: Sequence[Path]) -> list[Started]:
    """How each kind of agent starts."""

    def main() -> Agent:
        for kind in kinds:
            yield delegate("Begin.", kind)
        yield "Done."

    bodies = runner.run("Start them all.", ModelServer(main()), plugins=plugins).check().bodies("sub")
    return [
        Started(
            kind, body["model"], body["output_config"]["effort"], tuple(t["name"] for t in body["tools"]), size(body)
        )
        for kind, body in zip(kinds, bodies, strict=True)
    ]


def main() -> int:
    client = find_client(os.environ)
    if client is None:
        print(how_to_install(os.environ))
        return 0
    tokens.load()
    bare, full = first_request(client, []), first_request(client, [AGENTS])
    more = size(full) - size(bare)
    print(f"the listing: {tokens.count(listing(full))} tokens; a session's first request has {more} more")
    for model in ("claude-opus-5-5", "claude-sonnet-4-5"):
        usd = prices.usd(Request("", "", "", NOW, model, 0, more, 0, REQUESTS * more, 0)) or 0.0
        print(f"  in a session of {REQUESTS} requests to {model}, written to the cache once: ${usd:.4f}")
    with fresh(client) as runner:
        for one in starts(runner, [*OWN, *names()], [AGENTS]):
            print(f"{one.kind:32} {one.tokens:6,} tokens  {one.effort:7} {', '.join(one.tools)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
