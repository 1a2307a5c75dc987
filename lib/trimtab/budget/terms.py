"""The words of budgets, as types.

Amounts are whole numbers in the budget's unit: tokens, or millionths of a USD. Tokens are the model's own; `billed`
tokens are weighted by their class's price relative to one uncached input token of the same model, so a token read from
the cache counts a tenth or less and one that the model writes five.
"""

from enum import Enum
from typing import NamedTuple

from trimtab.groups import Members

MICRO = 1_000_000  # of a USD


class Level(str, Enum):
    """How much a budget is about; a request has to fit all that apply to it, on every level."""

    GLOBAL = "global"
    PROJECT = "project"
    TASK = "task"
    AGENT = "agent"


class Measure(str, Enum):
    """What counts: money, weighted tokens, the model's own words, or the size of the prompt."""

    USD = "usd"
    BILLED = "billed"
    OUTPUT = "output"
    CONTEXT = "context"  # is not added up: the size of a conversation's newest prompt


class Span(str, Enum):
    """The stretch in which it counts; of `session`, `prompt` and `run` each one has an account of its own."""

    ONCE = "once"  # from when the budget was made until it is closed
    SESSION = "session"
    PROMPT = "prompt"  # the user's, and all that is done for it, by subagents too
    RUN = "run"  # of one agent
    ROLLING = "rolling"
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


class Mode(str, Enum):
    """Whether the limit stops or only tells."""

    STOP = "stop"
    WARN = "warn"


class State(str, Enum):
    """`paused` counts on and stops nothing; `closed` is kept for its history."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class Period(NamedTuple):
    """`seconds` are of a rolling window, `zone` (an IANA name, "" for the machine's) of calendar periods."""

    span: Span
    seconds: float = 0.0
    zone: str = ""


class Scope(NamedTuple):
    """Which requests count; "" does not narrow. Those that are given must all hold.

    `project` is a folder, and whatever ran in a folder of it is of it too. `task` is a run of sessions that the user
    named. `group` is one of the four groups of agents, "1" to "4". `agent_type` "main" is the main conversation.
    `members` are the user's own agents of groups, as the settings have them now: they are not stored.
    """

    project: str = ""
    task: str = ""
    session: str = ""
    prompt: str = ""
    group: str = ""
    agent_type: str = ""
    agent: str = ""
    members: Members = ()

    def named(self) -> dict[str, str]:
        """What the scope names, without what it leaves open."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value and isinstance(value, str)}


EVERYTHING = Scope()


class Budget(NamedTuple):
    """One limit. `minimum` of the budgets above it is kept for it; `priority` weighs it against its siblings.

    `id` is 0 until it is stored. `origin` says where it was set: "cli", "/token-budget", "option", or a config file's
    path. `paused_until` is None where it is not paused, or for good.
    """

    id: int
    level: Level
    scope: Scope
    measure: Measure
    limit: int
    period: Period
    mode: Mode = Mode.STOP
    state: State = State.ACTIVE
    priority: float = 1.0
    minimum: int = 0
    origin: str = "cli"
    made_at: float = 0.0
    paused_until: float | None = None


class Charge(NamedTuple):
    """One response, or one request that is expected to become one, as budgets count it.

    `key` tells it from every other. `agent` is "" and `agent_type` "main" in the main conversation. `prompt` is the id
    of the user's prompt that it is for, `task` the named run, "" where there is none or it is not known. `usd` are
    millionths; where the model's price is not known it is by the dearest model's, and `is_priced` False.
    """

    key: str
    session: str
    agent: str
    agent_type: str
    project: str
    at: float
    billed: int
    output: int
    context: int
    usd: int
    prompt: str = ""
    task: str = ""
    is_priced: bool = True


class Reservation(NamedTuple):
    """What is kept for a request that may be sent: one of each conversation at most.

    `charge.key` is the conversation ("SESSION/AGENT"; of an agent that is about to start "SESSION/call:TOOL_USE_ID",
    with " of AGENT" where an agent starts it). `pid` is the client's process, 0 where it is not known. `is_assumed`:
    its response must have come and was never seen, so it counts as spent until it is.
    """

    charge: Charge
    pid: int = 0
    is_assumed: bool = False


class Account(NamedTuple):
    """A budget in one of its periods. `key` names the period's instance: "2026-11-29", a session, a run; "" for one.

    `used` is what came in, `reserved` what is kept for requests under way, `kept` the unspent minimums of other budgets
    that this one must leave. `ends_at` is None where nothing but the user ends it.
    """

    budget: Budget
    key: str
    used: int
    reserved: int = 0
    kept: int = 0
    began_at: float = 0.0
    ends_at: float | None = None

    @property
    def left(self) -> int:
        """What may still be reserved; below 0 where it was overshot."""
        return self.budget.limit - self.used - self.reserved - self.kept

    @property
    def share(self) -> float:
        """How much of it is used, 1.0 at the limit."""
        return self.used / self.budget.limit if self.budget.limit else 1.0
