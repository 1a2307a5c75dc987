"""What each step of the second layer takes from a session's first request, at the wire.

    .venv/bin/python -m bench.standing [MODEL ...]
    .venv/bin/python -m bench.standing time

The real client (tests/client/runner.py) with an empty home and a project of one memory file and two skills, answered
by a scripted model; the same prompt without the layer, with each of its parts alone, and with all. o200k_base, counted,
of what the model sees: schemas that wait behind the client's tool search are not counted. A Claude model bills 1.2 to
1.6 tokens for one of these (trimtab.tokens.FACTORS); the shares are about the same. With `time`: the processor time
that the client and all that it starts take for a session of COMMANDS commands, minima of RUNS runs in turns.
"""

import json
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.client.model import Agent, Body, ModelServer, answer, bash
from tests.client.runner import PLUGIN, Runner, find_client, fresh, how_to_install

from trimtab import tokens
from trimtab.prompt import parts, texts

MODS = PLUGIN / "trimtab-mods"
MODELS = ("claude-opus-5-5", "claude-sonnet-4-5")
STEPS = ("tools", "descriptions", "listings", "memory")
COMMANDS, RUNS = 12, 4
PROMPT = "How are the prices of an order rounded?"
SKILL = "---\nname: {name}\ndescription: {words} Use it when the user asks, and never without being asked.\n---\nDo.\n"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "tools": (parts.TOOL, parts.MCP_TOOL, texts.DEFERRED),
    "system prompt": (parts.SYSTEM,),
    "skills": (texts.SKILL,),
    "agents": (texts.AGENT,),
}


def fill(project: Path) -> None:
    (project / "CLAUDE.md").write_text("# Shop\n\nAmounts are cents. Run `make test` before you say that it works.\n")
    for name, words in {"ship": "Ships the service.", "audit-prices": "Compares prices with the supplier's."}.items():
        folder = project / ".claude" / "skills" / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(SKILL.format(name=name, words=words))


def first_request(runner: Runner, model: str, on: tuple[str, ...] | None) -> Body:
    """The first request with these parts of the layer, without its plugin where `on` is None."""
    options = {part: part in (on or ()) for part in (*STEPS, "results")}
    settings = {"pluginConfigs": {"trimtab-mods": {"options": options}}}
    file = runner.home / ".claude" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(settings))
    plugins = (PLUGIN,) if on is None else (PLUGIN, MODS)
    return runner.run(PROMPT, ModelServer(answer("By half.")), plugins=plugins, model=model).check().bodies()[0]


def sizes(body: Body) -> dict[str, int]:
    """The tokens of the request by GROUPS, the rest, and all."""
    found = parts.parts(body, lambda text: tokens.count(text) or 0)
    grouped = {name: sum(part.tokens for part in found if part.kind in kinds) for name, kinds in GROUPS.items()}
    whole = sum(part.tokens for part in found)
    return {**grouped, "rest": whole - sum(grouped.values()), "all": whole}


def row(name: str, found: Mapping[str, int], plain: int) -> str:
    share = f"{1 - found['all'] / plain:.0%}"
    return f"| {name} | " + " | ".join(f"{count:,}" for count in found.values()) + f" | {share} |"


def table(client: Path, model: str) -> None:
    print(f"\n{model}\n")
    print("| with | " + " | ".join((*GROUPS, "rest", "all")) + " | less |")
    print("|---" * (len(GROUPS) + 4) + "|")
    with fresh(client) as runner:
        fill(runner.project)
        plain = sizes(first_request(runner, model, None))
        print(row("the client as it is", plain, plain["all"]), flush=True)
        for on in (*((step,) for step in STEPS), STEPS):
            print(
                row("all" if on == STEPS else on[0], sizes(first_request(runner, model, on)), plain["all"]), flush=True
            )


def seconds_taken(runner: Runner, plugins: Sequence[Path]) -> float:
    """Processor time of one session, the client's and its hooks'; the daemon runs already and is not in it."""

    def work() -> Agent:
        for number in range(COMMANDS):
            yield bash(f"echo {number}")
        yield "Done."

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    runner.run("Count.", ModelServer(work()), plugins=plugins).check(faults=True)
    return used() - before


def times(client: Path) -> None:
    sets: dict[str, tuple[Path, ...]] = {"no plugin": (), "trimtab": (PLUGIN,), "and trimtab-mods": (PLUGIN, MODS)}
    taken: dict[str, list[float]] = {name: [] for name in sets}
    with fresh(client) as runner:
        first_request(runner, MODELS[0], None)
        (runner.home / ".claude" / "settings.json").unlink()  # which switched all parts off
        for _ in range(RUNS):
            for name, plugins in sets.items():
                taken[name].append(seconds_taken(runner, plugins))
    for name, found in taken.items():
        print(f"{name:18} {min(found):.2f} s")


def main() -> None:
    import os

    client = find_client(os.environ)
    if client is None:
        sys.exit(how_to_install(os.environ))
    tokens.load()
    if sys.argv[1:] == ["time"]:
        times(client)
        return
    for model in sys.argv[1:] or MODELS:
        table(client, model)


if __name__ == "__main__":
    main()
