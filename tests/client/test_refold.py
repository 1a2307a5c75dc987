"""Old results folded at a cold prompt, in the real client: only then, only where allowed, and the same ever after."""

from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, Body, ModelServer, bash, read
from tests.client.runner import Runner, stopping
from tests.client.test_cold import set_back
from tests.client.test_mods import BOTH, options, prefix

from trimtab import tiers

pytestmark = pytest.mark.client
FILES = 10


def results(body: Body) -> list[str]:
    """The texts of the request's tool results, in order."""
    blocks = [
        block for message in body["messages"] if isinstance(message["content"], list) for block in message["content"]
    ]
    found = [block for block in blocks if block["type"] == "tool_result"]
    return [b["content"] if isinstance(b["content"], str) else b["content"][0]["text"] for b in found]


def worked(runner: Runner, idle_s: float) -> str:
    """A session without Trimtab that read ten modules, and was left alone for so long; its id."""
    for number in range(FILES):
        (runner.project / f"part{number}.py").write_text(project.module(f"Part {number}.", f"part{number}"))

    def look() -> Agent:
        for number in range(FILES):
            yield read(runner.project / f"part{number}.py")
        yield "Done."

    folder = runner.home / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text("cold_cache_tokens = 10000\n")
    runner.run("Look at the modules.", ModelServer(look()), plugins=()).check()
    (transcript,) = (runner.home / ".claude" / "projects").glob("*/*.jsonl")
    set_back(transcript, idle_s)
    return transcript.stem


def go_on(runner: Runner, session: str, prompt: str, plugins: tuple[Path, ...] = BOTH) -> list[Body]:
    """The requests of the session's next prompt, which runs one command."""

    def work() -> Agent:
        yield bash("echo fine")
        yield "It does."

    found = runner.run(prompt, ModelServer(work()), plugins=plugins, arguments=("--resume", session))
    return found.check(faults=True).bodies()


def folds(body: Body) -> list[bool]:
    return [tiers.has_folds(text) for text in results(body)]


def test_a_cold_prompt_folds_old_results_and_later_requests_begin_with_the_same(runner: Runner) -> None:
    """A fold that is another one in the next request, so that the cache is missed; recent results that are folded."""
    session = worked(runner, 4_000)
    options(runner, fold_cold=True)
    first = go_on(runner, session, "Does part0_storage_3 round?")
    old, recent = folds(first[0])[: FILES - 6], folds(first[0])[FILES - 6 :]
    assert old == [True] * (FILES - 6)
    assert not any(recent)
    with stopping(runner):
        pass  # another daemon must send the same
    then = go_on(runner, session, "And part1?")
    prefix([*first, *then])
    assert folds(then[-1])[: FILES - 6] == old


def test_nothing_is_folded_that_is_cached_or_was_not_allowed(runner: Runner) -> None:
    """A warm cache that is broken; a history that is changed without the user's leave."""
    session = worked(runner, 100)
    options(runner, fold_cold=True)
    assert not any(folds(go_on(runner, session, "Does it round?")[0]))
    (transcript,) = (runner.home / ".claude" / "projects").glob("*/*.jsonl")
    set_back(transcript, 4_000)
    options(runner, fold_cold=False)
    assert not any(folds(go_on(runner, session, "And now?")[0]))
