"""`trimtab view FILE`: what an agent would see of a file."""

import os
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.text import Text

from trimtab import policy, prices, relevance, tiers, tokens
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.errors import TrimtabError
from trimtab.handlers import loads, parsed, post_tool_use
from trimtab.handlers.parsed import Parsed
from trimtab.records import OptimizationLevel, Tier, View
from trimtab.settings import Settings

LARGEST_BYTES = 256 << 10  # of a file that the client reads whole (client 2.1.328)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--tier", type=click.Choice([tier.value for tier in Tier]), help="At this tier, whatever it costs.")
@click.option("--prompt", metavar="TEXT", default="", help="As if the user had asked this.")
@click.option(
    "--level", type=click.Choice([level.value for level in OptimizationLevel]), help="Choose as this level does."
)
@click.option("--why", is_flag=True, help="Say of each line that stands out how much, and why.")
def command(file: Path, tier: str | None, prompt: str, level: str | None, why: bool) -> None:
    """Show what an agent would see of FILE.

    Without --tier it is the tier that Trimtab would choose at the start of a session, with the level in force in the
    file's project. The last line says how many tokens (o200k_base, counted) the view has, how many the whole, and why.
    """
    text = read(file)
    place = places.find(None, file.absolute().parent, os.environ)
    settings = place.settings._replace(level=OptimizationLevel(level)) if level else place.settings
    seen = look(str(file.absolute()), text, prompt, settings, Tier(tier) if tier else None)
    out = screen.console()
    draw(out, seen.text)
    for line in explained(str(file.absolute()), text, prompt) if why else ():
        out.print(Text(line), soft_wrap=True)
    out.print(Text(summary(seen), style=screen.HEADING))


class Seen(NamedTuple):
    """A file at a tier. `shown_tokens` is what the model would get, with the tags that the client puts around it."""

    tier: Tier
    text: str
    folds: int
    shown_tokens: int
    raw_tokens: int
    reason: str


def read(file: Path) -> str:
    """The file's text as the client reads it: without byte order mark, `\\n` for `\\r\\n`. Raises TrimtabError."""
    try:
        body = file.read_bytes()
    except OSError as exc:
        raise TrimtabError(f"{str(file)!r} can't be read: {exc.strerror}.") from exc
    if len(body) > LARGEST_BYTES:
        size = screen.size(len(body))
        raise TrimtabError(
            f"{str(file)!r} has {size}: the client reads no file over {screen.size(LARGEST_BYTES)} whole."
        )
    if b"\0" in body:
        raise TrimtabError(f"{str(file)!r} is no text (it has NUL bytes): agents see it as the client shows it.")
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        raise TrimtabError(
            f"{str(file)!r} is not UTF-8 (byte {exc.start}): agents see it as the client shows it."
        ) from exc


def look(path: str, text: str, prompt: str, settings: Settings, tier: Tier | None) -> Seen:
    """`text` at `tier`, or at the one that the policy chooses for a new session."""
    tokens.load()
    interest = relevance.Interest()
    if prompt:
        interest.asked(prompt)
    found = loads.Loaded("Read", path, text, start=1)
    whole = parsed.parse(found)
    now = at_start(settings)
    need = parsed.need_of(whole, interest, "Read", path)
    view: View | None
    if tier is not None:
        cut = tiers.cut(whole.plan, need, policy.miss_tokens(need, now))
        view, reason = (None if tier is Tier.COMPLETE else tiers.view(cut, tier)), "as asked for"
    else:
        tier, view, reason = choose(whole, need, text, now)
    complete = tiers.numbered(text, 1)
    if view is None:
        return Seen(tier, complete, 0, counted(complete), counted(complete), reason)
    sent = counted(loads.cell(view.text))
    return Seen(tier, view.text, len(view.folds), sent, counted(complete), reason)


def explained(path: str, text: str, prompt: str) -> list[str]:
    """A line for each line of the file that something speaks for: its number, its rate in per mille, and why."""
    interest = relevance.Interest()
    if prompt:
        interest.asked(prompt)
    whole = parsed.parse(loads.Loaded("Read", path, text, start=1))
    found = relevance.evidence(interest, path)
    rates = relevance.rate(whole.plan.content, whole.places, found)
    why = relevance.reasons(whole.plan.content, whole.places, found)
    new = len(relevance.new_words(whole.mentions, interest))
    out = [
        f"line {number}: {1000 * rates[number - 1]:.1f} per mille; {'; '.join(why[number])}" for number in sorted(why)
    ]
    task = found.task
    return [
        f"the file: a miss counts {task.care:g} times; {task.reason} ({task.change:.0%} of such files are changed)",
        *out,
        f"any other line: {1000 * min(rates, default=0.0):.1f} per mille; {new} words are new and named by folds",
    ]


def at_start(settings: Settings) -> policy.Circumstances:
    """A session's start, with a model that is not known yet."""
    return policy.Circumstances(
        prices=prices.relative(""),
        prompt_tokens=policy.PROMPT_TOKENS,
        factor=tokens.FACTORS[tokens.family("")]["Read"],
        level=settings.level,
        requests_to_come=policy.requests_to_come(0),
        least_saved_tokens=settings.least_saved_tokens,
        least_saved_share=settings.least_saved_share,
        objectives=policy.Objectives(settings.cost_weight, settings.recall_weight, settings.delay_weight),
    )


def choose(whole: Parsed, need: relevance.Need, text: str, now: policy.Circumstances) -> policy.Choice:
    """What the handler of reads would choose."""
    if len(text) < post_tool_use.SMALLEST:
        return policy.Choice(Tier.COMPLETE, None, "small")
    if whole.plan.content.kind == "binary":
        return policy.Choice(Tier.COMPLETE, None, "binary")
    if tiers.FOLD_LINE.search(text):
        return policy.Choice(Tier.COMPLETE, None, "it holds lines that look like our folds")
    choice = policy.choose(whole.plan, need, 1, now)
    return choice._replace(reason=f"level {now.level.value}: {choice.reason}")


def counted(text: str) -> int:
    count = tokens.count(text)
    assert count is not None, "tokens.load() has been called"
    return count


def draw(out: Console, text: str) -> None:
    """The view: line numbers dim, folds highlighted; into a pipe exactly the text."""
    if not out.is_terminal:
        print(text)
        return
    for line in text.split("\n"):
        out.print(coloured(line), soft_wrap=True)


def coloured(line: str) -> Text:
    """One line of a view."""
    safe = screen.safe(line)
    if tiers.FOLD_LINE.fullmatch(safe):
        return Text(safe, style=screen.FOLDED)
    number, tab, code = safe.partition("\t")
    return Text.assemble((f"{number:>5} ", screen.QUIET), code.expandtabs(4)) if tab else Text(safe)


def summary(seen: Seen) -> str:
    share = screen.percent(seen.shown_tokens, seen.raw_tokens)
    folds = f", {screen.counted(seen.folds, 'fold')}" if seen.folds else ""
    return (
        f"{seen.tier.value}: {screen.number(seen.shown_tokens)} of {screen.number(seen.raw_tokens)} tokens"
        f" ({share}, counted){folds}; {seen.reason}"
    )
