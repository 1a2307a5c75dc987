"""The types that pass between modules: named tuples of plain values, and the words with a fixed set of values.

Line numbers are 1-based and both ends of a range belong to it. Tokens are o200k_base tokens unless a field says
otherwise; `*_counted` says whether a figure is a count (True) or an estimate.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

EDITORS = ("Edit", "MultiEdit", "Write", "NotebookEdit")  # the client's tools that change a file
NO_FACTS: Mapping[int, tuple[str, ...]] = {}
NO_NAMES: Mapping[str, tuple[str, ...]] = {}


class IntegrationMode(str, Enum):
    """What Trimtab may do: everything, trim without learning, or only watch."""

    FULL_OPTIMIZATION = "full_optimization"
    OPTIMIZATION_ACTIVE = "optimization_active"
    MONITORING_ONLY = "monitoring_only"


class OptimizationLevel(str, Enum):
    """How much risk of hiding a needed line is taken for a saving."""

    ADAPTIVE = "adaptive"
    AGGRESSIVE = "aggressive"
    STANDARD = "standard"
    MINIMAL = "minimal"


class Tier(str, Enum):
    """How much of a load is shown."""

    ESSENTIAL = "essential"
    STANDARD = "standard"
    COMPREHENSIVE = "comprehensive"
    COMPLETE = "complete"


class Block(NamedTuple):
    """A run of lines that belongs together: a function, a class, a section.

    Lines `first` to `head` (its signature and the first line of its docstring) stand for it when the rest is folded.
    Blocks nest or are disjoint; a list of them is in the order of (first, -last), so parents come before children.
    """

    kind: str
    name: str
    first: int
    head: int
    last: int


class Content(NamedTuple):
    """A load, parsed. `lines` have no line ends; lines outside of every block belong to the load itself.

    `keep` are the lines that every view shows: errors, the names of failing tests, counts of failures. `facts` are, by
    line, the words that a fold must name if it hides the line: a commit's hash, a file of a listing, a resource's name.
    `dull` are lines whose other words are hardly ever taken up: what passed, what was fetched. `point` are those that
    an output is about, as a diff is about the lines that changed: a careful level shows them.
    """

    kind: str
    lines: tuple[str, ...]
    blocks: tuple[Block, ...]
    keep: frozenset[int] = frozenset()
    facts: Mapping[int, tuple[str, ...]] = NO_FACTS
    dull: frozenset[int] = frozenset()
    point: frozenset[int] = frozenset()


class Fold(NamedTuple):
    """A hidden run of lines and the names of what is in it."""

    first: int
    last: int
    names: tuple[str, ...]


class View(NamedTuple):
    """A load at a tier: `text` is what the model sees, `tokens` its estimated size."""

    tier: Tier
    text: str
    folds: tuple[Fold, ...]
    tokens: int


class Prices(NamedTuple):
    """A model's prices relative to one uncached input token."""

    write: float
    read: float
    output: float


SUBAGENT = "subagent"  # the type of an agent whose type is not told
TASK = "task"  # the kind of load that is what an agent was asked to do


class Message(NamedTuple):
    """Who wrote a message, who reads it, and how pressing it is, a value of messages.Priority.

    Both are types of agents ("Explore"), "" for the main conversation.
    """

    sender: str
    receiver: str
    priority: str


class Load(NamedTuple):
    """One row of the ledger: what a tool call brought in and what was shown of it.

    `raw_tokens` is what the client would have sent without Trimtab, `shown_tokens` what was sent, both with line
    numbers. `path` is a file, a command or a pattern. `at` is in seconds since the epoch. `agent` is whose conversation
    it came into, "" for the main one. `honoured` says whether the transcript shows our view: None until it has been
    looked for. `message` is None for what is no message between agents.
    """

    session: str
    agent: str
    tool_use_id: str
    at: float
    tool: str
    path: str
    kind: str
    tier: Tier
    reason: str
    raw_tokens: int
    shown_tokens: int
    counted: bool
    folds: tuple[Fold, ...]
    honoured: bool | None = None
    message: Message | None = None


class Recovery(NamedTuple):
    """A later call that fetched lines which the view of `load` had folded.

    `load` and `tool_use_id` are tool_use_ids. `lines` are the folded lines that it showed, `tokens` the size of its
    result (an estimate or a count as the load's). `agent` is whose context that is in, None for the load's own.
    """

    load: str
    tool_use_id: str
    at: float
    tool: str
    lines: int
    tokens: int
    agent: str | None = None


UNLISTED = "unlisted"  # the agent of what the client sums up for a session and has no line of, such as a compaction


class Request(NamedTuple):
    """The billed usage of one API response, in the model's own tokens, each class apart; as the transcript has it.

    `project` is the folder that the session ran in, `agent_type` what a subagent is ("Explore"); both are "" where they
    are not known. `is_fast` says that it was answered in the client's fast mode, `is_us` that it had to be answered in
    the US: both have prices of their own. Of the agent UNLISTED it is the sum of several.
    """

    session: str
    agent: str
    message_id: str
    at: float
    model: str
    input_tokens: int
    write_5m_tokens: int
    write_1h_tokens: int
    read_tokens: int
    output_tokens: int
    project: str = ""
    agent_type: str = ""
    is_fast: bool = False
    web_searches: int = 0
    is_us: bool = False


def prompt_tokens(request: Request) -> int:
    """What the model read for a response, from the cache or not."""
    return request.input_tokens + request.write_5m_tokens + request.write_1h_tokens + request.read_tokens


LONGEST_TARGET = 300  # characters of an arrival's target, chosen: longer is only a command, whose start mostly tells


# What an Arrival's `target` is of a note that tells something, beside an attachment's type and a command ("/exit").
CLEARED, INTERRUPTED, VERSION = "cleared", "interrupted", "client "  # the last with the client's new version after it


class Arrival(NamedTuple):
    """What came into a conversation's context beside the model's own words, as the transcript tells.

    `what` is "result" (of a tool call, whose id is `id`), "prompt" (the user's, or a subagent's task), "note" (what the
    client or a hook put in) or "summary" (what is left of the conversation after a compaction: everything before it is
    out of the context). `target` is a result's file, command or pattern, or what a note tells of. `characters` are of
    its text, `tokens` what `monitor.sizes.weigh` says of it (0: not weighed). An "answer" is what the model wrote in
    the response `id`, where the transcript's figure of its output may be of a part only: its text, thinking and calls,
    weighed.
    """

    session: str
    agent: str
    id: str
    at: float
    what: str
    tool: str
    target: str
    characters: int
    is_error: bool = False
    images: int = 0
    tokens: int = 0


class SessionTotal(NamedTuple):
    """What the client itself says that a session cost, in USD by its own prices; the newest line of a transcript."""

    session: str
    at: float
    usd: float
    is_complete: bool  # False: the client did not know the price of some model


class Addition(NamedTuple):
    """Text that Trimtab itself put into a conversation (a note, a refusal's reason); `tokens` is an estimate.

    The markers inside of a view are not additions: they are part of its load's `shown_tokens`.
    """

    session: str
    agent: str
    at: float
    event: str
    tokens: int


class Experiment(NamedTuple):
    """A controlled comparison: of its sessions a random `share` is shown everything whole.

    `measure` is what is compared, "session" or "prompt" (the cost of one); `care` the smallest difference that matters
    to the user, as a share (0.05). `ended_at` is None while it runs, `why` it ended is "" until then.
    """

    id: int
    seed: int
    share: float
    measure: str
    care: float
    started_at: float
    ended_at: float | None = None
    why: str = ""


class Assignment(NamedTuple):
    """A session's part in an experiment. `is_off` says that everything is shown whole, `share` is that of its time.

    `number` counts up in the order of assignment. `touched_at` is when there was first something to fold, None until
    then; `by_hand` says what the user has changed of what is compared, "" where nothing.
    """

    number: int
    experiment: int
    session: str
    is_off: bool
    share: float
    at: float
    project: str
    transcript_path: str
    level: str
    touched_at: float | None = None
    by_hand: str = ""


class Outcome(NamedTuple):
    """What a session did in its first 24 hours. `usd` is None where a price is not known.

    `units` are prices of one uncached input token; `prompts` are the user's, `edits` calls that changed a file, `tests`
    test runs that passed.
    """

    session: str
    usd: float | None
    units: float
    requests: int
    prompts: int
    edits: int
    tests: int


class Session(NamedTuple):
    """One session of the client as the ledger knows it; `version` is the client's."""

    session: str
    at: float
    model: str
    transcript_path: str
    project: str
    version: str


class Factor(NamedTuple):
    """Tokens as a model bills them for one o200k token; `learned` from usage, or the facts' figure at first."""

    value: float
    learned: bool


class Metric(NamedTuple):
    """One measured value; `tags` narrow what it is of, `context` is free text."""

    timestamp: float
    metric_type: str
    value: float
    source: str
    tags: tuple[tuple[str, str], ...] = ()
    context: str = ""


class Alert(NamedTuple):
    """Something the user should know; `id` is the ledger's number for it.

    `cause` says of what it is ("cache_hit_rate"), `period` in which stretch of time ("2026-11-24", or a session): of
    both there is one alert at most. It stands until `cleared_at`, at the latest until `ends_at`. `told_at` is when the
    user was shown it in a session.
    """

    id: int
    level: str
    message: str
    source: str
    triggered_at: float
    acknowledged: bool
    cause: str = ""
    period: str = ""
    ends_at: float | None = None
    cleared_at: float | None = None
    told_at: float | None = None


class Totals(NamedTuple):
    """What a ledger's rows come to by now, in o200k tokens; two of them, subtracted, are what came between.

    `saved_tokens` are of views that a transcript shows (`honoured` of them), `refused` are views that it does not show.
    """

    saved_tokens: int
    honoured: int
    refused: int
    recoveries: int
    recovered_tokens: int
    added_tokens: int


class Layered(NamedTuple):
    """What the second layer does in a session, from its start on: what was sent must not change.

    `waiting` are names of tools, `likely` are those in a listing that the prompt spoke of, by the listing's digest, and
    `used` are names of tools, skills and agents that had been called lately when it began.
    """

    session: str
    parts: tuple[str, ...]
    waiting: tuple[str, ...]
    likely: Mapping[str, tuple[str, ...]] = NO_NAMES
    used: tuple[str, ...] = ()
