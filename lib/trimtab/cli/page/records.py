"""The types of the page's data: what `document.build` makes of a history and `render` writes as JSON.

Times are wall-clock seconds: seconds since 1970-01-01T00:00 on a clock of the page's time zone, so that a browser in
another zone shows the same hours and days. A day is such a time in whole days. Tokens are the model's own as billed,
unless a field says otherwise. USD is None where no price is known, never 0.
"""

from typing import NamedTuple

CLASSES = ("input", "write_5m", "write_1h", "read", "output", "web_search")

ByClass = tuple[float, float, float, float, float, float]  # in the order of CLASSES


class Limits(NamedTuple):
    """How much detail a page holds, so that it stays under 3 MB; totals are always of everything. All chosen.

    `spend_rows` bounds the rows whose session is told: the oldest sessions beyond it are summed by day, project, model
    and agent. The newest `sessions` have their requests, together at most `requests`; a conversation of more than
    `points` is thinned evenly; `agents` are the subagents of a session, those with most requests. `loads` are the
    dearest of all, beside the `project_loads` of each project and the `session_loads` of each session with requests.
    """

    spend_rows: int = 15_000
    sessions: int = 50
    requests: int = 12_000
    points: int = 400
    agents: int = 12
    loads: int = 400
    project_loads: int = 20
    session_loads: int = 8


class Part(NamedTuple):
    """How many of a request's prompt tokens are of one kind; the parts of a request sum to its prompt.

    `kind` is a word of `filling.KINDS` or a tool's name.
    """

    session: str
    agent: str
    message_id: str
    kind: str
    tokens: int


class FullPrice(NamedTuple):
    """What a tool's result cost while it was in a context: its billed tokens, in `carriers` requests."""

    tokens: int
    carriers: int
    usd: float | None


class Spend(NamedTuple):
    """What one agent's requests to one model used in a session on a day. `session` is "" where it is not told.

    `agent` is "" for the main conversation, else what the subagent is. `usd` is by class, of the requests that have a
    price; None when none has. `unpriced` counts those that have none.
    """

    day: int
    project: str
    session: str
    model: str
    agent: str
    requests: int
    input_tokens: int
    write_5m_tokens: int
    write_1h_tokens: int
    read_tokens: int
    output_tokens: int
    web_searches: int
    usd: ByClass | None
    unpriced: int


class Point(NamedTuple):
    """One request of a conversation; `number` counts from 1.

    `parts` are its prompt's tokens by kind, estimates that sum to `prompt_tokens`. `kept_out_tokens` is what folding
    kept out of this prompt (an estimate), `recoveries` how many calls since the request before fetched folded lines.
    `is_cut` says that the context was compacted, or begun anew, just before.
    """

    number: int
    at: float
    model: str
    prompt_tokens: int
    output_tokens: int
    parts: tuple[tuple[str, int], ...]
    kept_out_tokens: int
    recoveries: int
    is_cut: bool


class Conversation(NamedTuple):
    """The requests of one agent of a session; `requests` is how many there were, `points` those that are held."""

    agent: str
    agent_type: str
    requests: int
    points: tuple[Point, ...]


class Session(NamedTuple):
    """A session that is told apart; `conversations` is empty for one whose requests the page does not hold."""

    session: str
    project: str
    first_at: float
    last_at: float
    requests: int
    conversations: tuple[Conversation, ...]


class CarriedLoad(NamedTuple):
    """A load and its full price: its tokens, in every request that carried them.

    `tokens` are what came into the context, `kept_out_tokens` what folding kept out of it, both in the model's own
    tokens and both estimates; `usd` follows from them. `recoveries` counts later calls that fetched folded lines.
    """

    at: float
    project: str
    session: str
    agent: str
    model: str
    tool: str
    target: str
    tier: str
    tokens: int
    kept_out_tokens: int
    carriers: int
    recoveries: int
    usd: float | None


class Saving(NamedTuple):
    """What the views of a session saved on a day, for one model. Tokens are o200k_base tokens.

    `net_tokens` is loaded less shown, less fetched, less added. `usd` is the net price effect, None without a price.
    """

    day: int
    project: str
    session: str
    model: str
    loads: int
    views: int
    loaded_tokens: int
    shown_tokens: int
    recoveries: int
    fetched_tokens: int
    added_tokens: int
    net_tokens: int
    usd: float | None


class Mail(NamedTuple):
    """What agents of one group wrote to those of another in a session on a day; `model` is the receiver's.

    Tokens are o200k_base tokens: `before` what the client would have sent, `after` what was shown. `net_tokens` is
    before less after, less fetched, less added (what agents are told of their reports). `usd` is its price, None
    without one.
    """

    day: int
    project: str
    session: str
    model: str
    sender: str
    receiver: str
    messages: int
    before_tokens: int
    after_tokens: int
    recoveries: int
    fetched_tokens: int
    added_tokens: int
    net_tokens: int
    usd: float | None


class Budget(NamedTuple):
    """A limit and what is used of it, in `unit` ("USD" or "tokens"); `project` is "" for one over all projects.

    `forecast` is what will be used at the period's end, None where nothing is forecast; `first_day` and `last_day`
    belong to the period, None where it has no end.
    """

    name: str
    project: str
    unit: str
    limit: float
    used: float
    first_day: int
    last_day: int | None
    forecast: float | None


class Notice(NamedTuple):
    """An alert and the project that it is of ("" for all); `state` as `monitor.alerts.state_of` has it."""

    project: str
    level: str
    message: str
    source: str
    at: float
    state: str


class StandingPart(NamedTuple):
    """A part of what a project's sessions begin with. `used` is how often it was called, None where nobody can tell.

    `had` sessions are known, or taken, to have begun with it.
    """

    group: str
    name: str
    owner: str
    tokens: int
    usd: float | None
    used: int | None
    last_at: float | None
    had: int


class Standing(NamedTuple):
    """What a project's sessions begin with, by its newest audit: its parts, the largest first.

    `is_billed` says that their tokens add up to what the request was billed, else that is an estimate; how they divide
    always is. `usd` is what all first prompts of the `requests` of `sessions` cost in `days`, `first_tokens` the median
    that the sessions' first prompts were billed, None where none began in that time with the audited model.
    """

    project: str
    at: float
    client: str
    model: str
    is_billed: bool
    days: float
    requests: int
    sessions: int
    first_tokens: float | None
    usd: float | None
    parts: tuple[StandingPart, ...]


class PageData(NamedTuple):
    """Everything on a page. `loads_total` is how many loads there were, of which `loads` are held."""

    scope: str
    generated_at: float
    zone: str
    spend: tuple[Spend, ...]
    sessions: tuple[Session, ...]
    loads: tuple[CarriedLoad, ...]
    loads_total: int
    savings: tuple[Saving, ...]
    mail: tuple[Mail, ...]
    standings: tuple[Standing, ...]
    budgets: tuple[Budget, ...]
    alerts: tuple[Notice, ...]
    notes: tuple[str, ...]
