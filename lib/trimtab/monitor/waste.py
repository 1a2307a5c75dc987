"""What was paid for and need not have been: findings with their cost, the evidence, and one thing to do.

Each rule gives instances, which are added up by rule, cause and project; the dearest one is the evidence. Costs are
what the instance cost above what would have been paid without it, in the prices of its own requests:

- read again: the whole result of a Read, where one of the same file with as many characters was still in the context
  and no edit of it had come since (of 26 repeats of about the same size in recorded sessions 9 were other lines of the
  file, none of which had as many characters as the first);
- never named: what a file of LEAST_TOKENS or more cost after the request that first read it, where no later call of
  the conversation has the file's name in its target (understanding leaves no such trace: it is a hint, not a proof);
- folded and fetched: what recoveries of one of Trimtab's views cost above what it saved;
- standing: what stands above STANDING_TOKENS, all requests of the conversation;
- cache lost: tokens that the request before had in the cache, paid as written or uncached above the price of reading,
  by cause (`breaks`);
- failed again: the second and later failure in a row of one call, and the requests that made it; of tools whose target
  is all that they are told (WHOLE), as two edits of one file that fail are mostly two calls (11 of 11 recorded ones).

Only what was paid in the requests that are meant counts. API errors leave no usage in a transcript, so they cost
nothing here.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from trimtab.monitor import breaks
from trimtab.monitor.context import Ledger
from trimtab.monitor.parts import RESULT, STANDING, SUMMARY, IsMeant, Part, always, relative_rates, usd_rates
from trimtab.monitor.summary import (
    FactorOf,
    InputUsdOf,
    PricesOf,
    UsdOf,
    by_load,
    load_item,
    payers,
)
from trimtab.records import EDITORS, LONGEST_TARGET, Load, Recovery, Request, prompt_tokens

LEAST_SHARE = 0.005  # chosen: of all that was spent; a finding below it is left out
LEAST_TOKENS = 1_000  # of an instance; chosen
STANDING_TOKENS = 35_000  # chosen: two thirds of the recorded sessions' standing prompts are below it
WHOLE = ("Bash", "PowerShell", "WebFetch", "WebSearch", "Skill")

READ_AGAIN, NEVER_NAMED, FETCHED, STANDS, FAILED_AGAIN = (
    "read again",
    "never named",
    "fetched",
    "standing",
    "failed again",
)
WORDS: Mapping[str, tuple[str, str]] = {
    READ_AGAIN: (
        "Files read again, unchanged, while the context still held them",
        "Add a line to CLAUDE.md: search in a file that was read before (Grep) instead of reading it again.",
    ),
    NEVER_NAMED: (
        "Long files read and not named by any later call",
        "Ask for an outline or a search first, or let Trimtab show such files at a lower tier (level standard).",
    ),
    FETCHED: (
        "Views whose folded lines were fetched for more than they saved",
        "Set the level of this kind to minimal in config.toml.",
    ),
    STANDS: (
        f"Standing prompts over {STANDING_TOKENS:,} tokens, sent with every request",
        "Run /context in such a session and turn off the largest MCP server or memory file that it does not need.",
    ),
    FAILED_AGAIN: (
        "The same command or address failed again right after it had failed",
        "Write the right command into CLAUDE.md.",
    ),
    breaks.IDLE: (
        "The cache ran out while the session was idle",
        "Use /clear or /compact before a pause that is longer than the cache lives.",
    ),
    breaks.SWITCHED: (
        "The model was switched, which reads no other model's cache",
        "Choose the model at the start of a task, or switch right after /clear.",
    ),
    breaks.COMPACTED: (
        "A compaction wrote the context anew",
        "Start new tasks with /clear, so that a context does not fill up to where it is compacted.",
    ),
    breaks.SHRUNK: (
        "Parts were taken out of the middle of the context, so what followed was written anew",
        "Finish long turns before the context is nearly full: the client clears old results there.",
    ),
    breaks.RESUMED: (
        "A session was left and gone on with: what stands before the conversation is made anew",
        "Leave the client running between two tasks of one session, or begin the next one with /clear.",
    ),
    breaks.UPDATED: (
        "The client was updated in the middle of a session, and sends other tools and instructions",
        "Begin a new session after an update.",
    ),
    breaks.TOOLS: (
        "Tools were loaded or changed in the middle of a session; they come first, so all that follows is written anew",
        "Connect MCP servers before a session; where one tool is loaded in every session, let it not be deferred.",
    ),
    breaks.SKILLED: (
        "A skill or a command was loaded that changes more than the conversation, such as the model or its effort",
        "Look into its frontmatter: without model, effort and allowed-tools it only adds its text.",
    ),
    breaks.STOPPED: (
        "A turn was interrupted, and what it had sent was not found again",
        "Nothing, if it was needed; a message sent while the agent works is taken up without an interruption.",
    ),
    breaks.UNWRITTEN: (
        "What the request before had written was not in the cache yet",
        "Nothing: the provider or the client was quicker than the cache.",
    ),
    breaks.NOT_KNOWN: (
        "The cache was not found though the session was active; the transcript does not tell why",
        "If it comes often, compare what the sessions have in common: plugins, MCP servers, hooks that add text.",
    ),
}


class Finding(NamedTuple):
    """Instances of one kind in one project. `session`, `at` (a request's or part's time), `subject` (a file, a command,
    a model), `most_units` and `most_usd` are of the dearest one. `tokens` were paid `units` (prices of one uncached
    input token) and `usd` (None without a known price) for; `share` is of all that was spent, in USD where all of it
    has a price and else in units.
    """

    kind: str
    title: str
    project: str
    times: int
    session: str
    at: float
    subject: str
    most_units: float
    most_usd: float | None
    tokens: int
    units: float
    usd: float | None
    share: float
    advice: str


class Instance(NamedTuple):
    """One case of a kind of waste."""

    kind: str
    project: str
    session: str
    at: float
    subject: str
    tokens: int
    units: float
    usd: float | None


class Given(NamedTuple):
    """What the rules look at: the ledger of parts, the requests it is of, their prices, and which times are meant."""

    ledger: Ledger
    requests: Sequence[Request]
    prices_of: PricesOf
    usd_of: UsdOf | None = None
    is_meant: IsMeant = always


class Folded(NamedTuple):
    """Trimtab's own ledger: its loads, their recoveries, and how their tokens are billed."""

    loads: Sequence[Load]
    recoveries: Sequence[Recovery]
    factor_of: FactorOf
    input_usd_of: InputUsdOf | None = None


def findings(given: Given, folded: Folded | None = None, least_share: float = LEAST_SHARE) -> tuple[Finding, ...]:
    """All findings that cost at least `least_share` of what was spent, the dearest first."""
    held = given.ledger.parts
    has_price = all(part.usd is not None or not part.units for part in held)
    in_usd = has_price and given.usd_of is not None  # units are each model's own
    spent = sum((part.usd or 0.0) if in_usd else part.units for part in held)
    instances = [*lost_caches(given)]
    for parts in conversations(given.ledger.parts):
        instances += read_again(parts)
        instances += never_named(parts, given.prices_of)
        instances += standing(parts)
        instances += failed_again(parts, given)
    if folded is not None:
        instances += fetched(given, folded)
    apart: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        apart.setdefault((instance.kind, instance.project), []).append(instance)
    found = [finding(group, spent, in_usd) for group in apart.values()]
    return tuple(sorted((one for one in found if one.share >= least_share), key=lambda one: -one.share))


def finding(instances: Sequence[Instance], spent: float, in_usd: bool) -> Finding:
    def price_of(instance: Instance) -> float:
        return (instance.usd or 0.0) if in_usd else instance.units

    dearest = max(instances, key=price_of)
    units = sum(instance.units for instance in instances)
    known = [instance.usd for instance in instances if instance.usd is not None]
    title, advice = WORDS[dearest.kind]
    return Finding(
        kind=dearest.kind,
        title=title,
        project=dearest.project,
        times=len(instances),
        session=dearest.session,
        at=dearest.at,
        subject=dearest.subject,
        most_units=dearest.units,
        most_usd=dearest.usd,
        tokens=sum(instance.tokens for instance in instances),
        units=units,
        usd=sum(known) if known else None,
        share=sum(map(price_of, instances)) / spent if spent else 0.0,
        advice=advice,
    )


def conversations(parts: Iterable[Part]) -> list[list[Part]]:
    """Parts of each conversation by time."""
    apart: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        apart.setdefault((part.session, part.agent), []).append(part)
    return [sorted(group, key=lambda part: part.at) for group in apart.values()]


def instance_of(kind: str, part: Part, share: float = 1.0) -> Instance:
    """A share of what the part cost."""
    return Instance(
        kind,
        part.project,
        part.session,
        part.at,
        part.target,
        round(part.prompt_tokens * share),
        part.units * share,
        None if part.usd is None else part.usd * share,
    )


def read_again(parts: Sequence[Part]) -> Iterator[Instance]:
    known: dict[str, dict[int, Part]] = {}  # by file, then by how many characters of it were read
    for part in parts:
        if part.what == SUMMARY:
            known.clear()
        elif part.tool in EDITORS:
            known.pop(part.target, None)
        elif part.tool == "Read" and part.tokens and not part.is_error:
            reads = known.setdefault(part.target, {})
            before = reads.get(part.characters)
            if before is None or (before.left_at is not None and before.left_at <= part.at):
                reads[part.characters] = part
            elif part.tokens >= LEAST_TOKENS and part.carried:
                yield instance_of(READ_AGAIN, part)


def never_named(parts: Sequence[Part], prices_of: PricesOf) -> Iterator[Instance]:
    """Looks from the end, so that each target is looked at once."""
    named: set[str] = set()
    for part in reversed(parts):
        if part.what != RESULT:
            continue
        name = part.target.replace("\\", "/").rpartition("/")[2]
        is_long = part.tool == "Read" and part.tokens >= LEAST_TOKENS and part.units > 0
        if is_long and not any(name in target for target in named):
            carried = prices_of(part.model, False).read * part.read_tokens
            yield instance_of(NEVER_NAMED, part, min(carried / part.units, 1.0))
        named.add(part.target)


def standing(parts: Sequence[Part]) -> Iterator[Instance]:
    for part in parts:
        if part.what == STANDING and part.tokens > STANDING_TOKENS and part.carried:
            yield instance_of(STANDS, part, 1 - STANDING_TOKENS / part.tokens)


def failed_again(parts: Sequence[Part], given: Given) -> Iterator[Instance]:
    """A call is the same by its tool and target; the request that made it is the last one before its result."""
    results = [part for part in parts if part.what == RESULT and part.target]
    if not any(part.is_error for part in results):
        return
    key = (results[0].session, results[0].agent)
    asked = sorted((r for r in given.requests if (r.session, r.agent) == key), key=lambda request: request.at)
    times = [request.at for request in asked]
    for before, part in pairwise(results):
        is_told = part.tool in WHOLE and len(part.target) < LONGEST_TARGET
        if before.is_error and part.is_error and is_told and (before.tool, before.target) == (part.tool, part.target):
            place = bisect_left(times, part.at) - 1
            if place >= 0 and given.is_meant(times[place]):
                request = asked[place]
                units, usd = price_of(request, given)
                whole = None if usd is None else usd + (part.usd or 0.0)
                tokens = prompt_tokens(request) + part.prompt_tokens
                yield instance_of(FAILED_AGAIN, part)._replace(tokens=tokens, units=units + part.units, usd=whole)


def price_of(request: Request, given: Given) -> tuple[float, float | None]:
    """All of a request, in units and USD."""
    rates = relative_rates(request, given.prices_of)
    used = (request.input_tokens, request.write_5m_tokens, request.write_1h_tokens, request.read_tokens)
    output = given.prices_of(request.model, False).output * request.output_tokens
    usd = given.usd_of(request) if given.usd_of else None
    return sum(rate * size for rate, size in zip(rates, used, strict=True)) + output, usd


def lost_caches(given: Given) -> Iterator[Instance]:
    """Requests that read less from the cache than the one before had put there, by cause."""
    for one in breaks.breaks(given.requests, given.ledger.parts, given.is_meant):
        yield lost_cache(one, given)


def lost_cache(found: breaks.Break, given: Given) -> Instance:
    """Lost tokens were written where there is room for them, else paid as plain input."""
    request, lost = found.after, found.lost
    units, usd = relative_rates(request, given.prices_of), usd_rates(request, given.usd_of) if given.usd_of else None
    hour = min(request.write_1h_tokens, lost)
    short = min(request.write_5m_tokens, lost - hour)
    plain = lost - hour - short

    def above(rates: tuple[float, float, float, float]) -> float:
        uncached, write_5m, write_1h, read = rates
        return plain * uncached + short * write_5m + hour * write_1h - lost * read

    return Instance(
        found.cause,
        request.project,
        request.session,
        request.at,
        found.subject,
        lost,
        above(units),
        above(usd) if usd else None,
    )


def fetched(given: Given, folded: Folded) -> Iterator[Instance]:
    """Loads whose recoveries cost more than their view saved, by the report's arithmetic."""
    known = {(request.session, request.agent) for request in given.requests}
    carried = payers(given.requests, given.prices_of)
    projects = {request.session: request.project for request in given.requests}
    charged = by_load(folded.loads, folded.recoveries)
    for load in folded.loads:
        recoveries = charged.get(load.tool_use_id, ())
        if not recoveries or (load.session, load.agent) not in known:
            continue
        item = load_item(load, recoveries, carried, folded.factor_of, folded.input_usd_of)
        if item.net_units < 0:
            usd = None if item.net_usd is None else -item.net_usd
            project = projects.get(load.session, "")
            yield Instance(
                FETCHED, project, load.session, load.at, load.path, item.recovered_tokens, -item.net_units, usd
            )
