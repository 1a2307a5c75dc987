"""The ledger's SQL: numbered migrations, each applied in one transaction with its record.

A fresh ledger is one that all migrations were applied to, so there is no second text to keep equal. A migration that
was released is never edited: add the next number. Times are seconds since the epoch. Tokens are o200k_base tokens,
except in `requests`, whose figures are the model's own as it billed them. Version history:
1 metrics, alerts and budgets; 2 sessions, loads, their folds and recoveries, requests, factors, additions;
3 alerts with cause and period, from when until when they stand; 4 fast mode, web searches and the US in requests;
5 budgets with scope, measure and period, their changes, reservations, what was told, prompts, tasks;
6 loads that are messages between agents; 11 recoveries by another agent than the load's.

EXPERIMENT_MIGRATIONS are of the user's `experiment.db`: 1 experiments, assignments, outcomes.
"""

from typing import NamedTuple

from trimtab import schema_budgets


class Migration(NamedTuple):
    """One step: its number, what it does, and its statements in order."""

    number: int
    name: str
    statements: tuple[str, ...]


RECORD_TABLE = """
create table if not exists migrations (
    number integer primary key,  -- as in schema.py
    name text not null,
    applied_at real not null
)
"""

METRICS = """
create table token_metrics (
    id integer primary key,
    timestamp real not null,
    metric_type text not null,          -- what is measured: 'saved_tokens', 'answer_ms', ...
    value real not null,
    source text not null,               -- the module or event that measured it
    tags text not null default '{}',    -- a JSON object of strings
    context text not null default ''    -- free text
)
"""

ALERTS = """
create table alerts (
    id integer primary key,
    level text not null,                          -- 'info', 'warning', 'critical'
    message text not null,
    source text not null,
    triggered_at real not null,
    acknowledged integer not null default 0       -- 1 when the user has seen it
)
"""

BUDGET_CONSTRAINTS = """
create table budget_constraints (
    id integer primary key,
    level text not null,                -- 'global', 'project', 'task', 'agent'
    scope text not null,                -- which project, task or agent; '' for global
    token_limit integer not null,
    used integer not null default 0,
    period_start real not null,
    period_end real,                    -- null: no end
    tags text not null default '{}'     -- a JSON object of strings
)
"""

BUDGET_ALLOCATIONS = """
create table budget_allocations (
    constraint_id integer not null references budget_constraints (id) on delete cascade,
    allocated integer not null,
    used integer not null default 0,
    available integer not null,
    status text not null,               -- 'active', 'exhausted', 'closed'
    efficiency_score real               -- null: not measured yet
)
"""

SESSIONS = """
create table sessions (
    session text primary key,
    at real not null,                   -- when it was first seen
    model text not null,                -- the last model seen; '' when not known yet
    transcript_path text not null,
    project text not null,
    version text not null               -- the client's
)
"""

LOADS = """
create table loads (
    tool_use_id text primary key,
    session text not null,
    agent text not null,                -- '' in the main conversation
    at real not null,
    tool text not null,
    path text not null,                 -- a file, a command or a pattern
    kind text not null,                 -- 'python', 'markdown', 'log', ...
    tier text not null,                 -- 'essential', 'standard', 'comprehensive', 'complete'
    reason text not null,               -- why this tier
    raw_tokens integer not null,        -- what the client would have sent by itself
    shown_tokens integer not null,      -- what was sent in its place, markers included
    counted integer not null,           -- 1: both figures are counts; 0: estimates
    honoured integer                    -- 1: the transcript shows our view; 0: it does not; null: not looked yet
)
"""

FOLDS = """
create table folds (
    load text not null references loads (tool_use_id) on delete cascade,
    first integer not null,             -- 1-based, both ends belong to it
    last integer not null,
    names text not null,                -- a JSON list: what is in it
    primary key (load, first)
) without rowid
"""

RECOVERIES = """
create table recoveries (
    load text not null,                 -- loads.tool_use_id of the view that had folded the lines
    tool_use_id text not null,          -- the later call that showed them
    at real not null,
    tool text not null,
    lines integer not null,             -- folded lines that it showed
    tokens integer not null,            -- of its whole result
    primary key (load, tool_use_id)
) without rowid
"""

REQUESTS = """
create table requests (
    message_id text primary key,        -- one API response, however many transcript lines repeat it
    session text not null,
    agent text not null,
    at real not null,                   -- of its first line
    model text not null,
    input_tokens integer not null,      -- neither read from the cache nor written to it
    write_5m_tokens integer not null,
    write_1h_tokens integer not null,
    read_tokens integer not null,
    output_tokens integer not null
)
"""

FACTORS = """
create table factors (
    id integer primary key,
    model text not null,
    family text not null,               -- tokens.family(model)
    tool text not null,                 -- whose results the sample is of; '' when of several tools
    factor real not null,               -- billed tokens for one o200k token
    at real not null,
    tokens integer not null             -- o200k tokens that the sample is of
)
"""

ADDITIONS = """
create table additions (
    id integer primary key,
    session text not null,
    agent text not null,
    at real not null,
    event text not null,                -- the event whose answer added the text
    tokens integer not null             -- an estimate
)
"""

LAYERED = """
create table layered (
    session text primary key,
    parts text not null,                -- JSON: the parts of the layer that it began with; [] for none
    waiting text not null,              -- JSON: the tools that wait in it
    prompt text not null default ''     -- what its listings were cut to
)
"""

REFOLDED = """
create table refolded (
    session text not null,
    agent text not null,                -- '' in the main conversation
    tool_use_id text not null,
    text text not null,                 -- what is sent in the result's place
    primary key (session, agent, tool_use_id)
) without rowid
"""

MIGRATIONS = (
    Migration(
        1,
        "metrics, alerts and budgets",
        (
            METRICS,
            "create index token_metrics_by_type on token_metrics (metric_type, timestamp)",
            ALERTS,
            BUDGET_CONSTRAINTS,
            BUDGET_ALLOCATIONS,
        ),
    ),
    Migration(
        2,
        "loads and usage",
        (
            SESSIONS,
            LOADS,
            "create index loads_by_session on loads (session, at)",
            "create index loads_by_time on loads (at)",
            FOLDS,
            RECOVERIES,
            REQUESTS,
            "create index requests_by_session on requests (session, agent, at)",
            "create index requests_by_time on requests (at)",
            FACTORS,
            "create index factors_by_model on factors (model, tool)",
            "create index factors_by_family on factors (family, tool)",
            # A transcript that is read again, as by a new daemon, teaches nothing new.
            "create unique index factors_once on factors (model, tool, at, tokens, factor)",
            ADDITIONS,
            "create index additions_by_session on additions (session, at)",
        ),
    ),
    Migration(
        3,
        "alerts once per cause and period",
        (
            "alter table alerts add column cause text not null default ''",  # 'cache_hit_rate'; '' before this number
            "alter table alerts add column period text not null default ''",  # a day, a month or a session
            "alter table alerts add column ends_at real",  # when the period is over; null: no end
            "alter table alerts add column cleared_at real",  # null: it stands
            "alter table alerts add column told_at real",  # when a session showed it to the user; null: not yet
            "create unique index alerts_once on alerts (cause, period) where cause <> ''",
            "create index token_metrics_by_time on token_metrics (timestamp)",
        ),
    ),
    Migration(
        4,
        "what else a response's price depends on",
        (
            "alter table requests add column is_fast integer not null default 0",
            "alter table requests add column web_searches integer not null default 0",
            "alter table requests add column is_us integer not null default 0",
        ),
    ),
    Migration(5, "budgets that are kept", schema_budgets.STATEMENTS),
    Migration(
        6,
        "who writes to whom",  # all three null for what is no message between agents, and before this number
        (
            "alter table loads add column sender text",  # a type of agent; '' is the main conversation
            "alter table loads add column receiver text",
            "alter table loads add column priority text",  # 'critical', 'high', 'normal', 'low'
        ),
    ),
    Migration(7, "sessions with the second layer", (LAYERED,)),
    Migration(
        8,
        "what had been called when the second layer began",
        ("alter table layered add column used text not null default '[]'",),  # JSON: names of tools, skills, agents
    ),
    Migration(9, "old results that a cold prompt folded", (REFOLDED,)),
    Migration(
        10,
        "names in the place of a session's first prompt",
        (
            "pragma secure_delete = on",  # what is overwritten is not left in the file's free pages
            "update layered set prompt = '{}'",
            "alter table layered rename column prompt to likely",  # JSON: by a listing's digest, names
        ),
    ),
    Migration(
        11,
        "who fetched what another's view had folded",
        ("alter table recoveries add column agent text",),  # '' is the main conversation; null: the load's own agent
    ),
)

EXPERIMENTS = """
create table experiments (
    id integer primary key,
    seed integer not null,
    share real not null,                -- of the sessions that are shown everything whole; of those to come
    measure text not null,              -- what is compared: 'session' or 'prompt' (the cost of one)
    care real not null,                 -- the smallest difference that matters, as a share
    started_at real not null,
    ended_at real,                      -- null: it runs
    why text not null default ''        -- why it ended
)
"""

ASSIGNMENTS = """
create table assignments (
    number integer primary key,         -- in the order of assignment, whatever the clock said
    experiment integer not null references experiments (id),
    session text not null unique,
    is_off integer not null,            -- 1: shown everything whole
    share real not null,                -- the chance of that, at its time
    at real not null,
    project text not null,
    transcript_path text not null,
    level text not null,                -- the optimisation level at its start
    touched_at real,                    -- when there was first something to fold; null: nothing yet
    excluded text not null default ''   -- by_hand from number 2 on: what the user has changed of what is compared
)
"""

OUTCOMES = """
create table outcomes (
    session text primary key references assignments (session),
    usd real,                           -- null: the price of some model is not known
    units real not null,                -- in prices of one uncached input token
    requests integer not null,
    prompts integer not null,           -- of the user
    edits integer not null,             -- calls that changed a file
    tests integer not null              -- test runs that passed
)
"""

EXPERIMENT_MIGRATIONS = (
    Migration(
        1,
        "experiments",
        (
            EXPERIMENTS,
            "create unique index experiments_one_runs on experiments (ended_at is null) where ended_at is null",
            ASSIGNMENTS,
            "create index assignments_by_experiment on assignments (experiment, number)",
            OUTCOMES,
        ),
    ),
    Migration(
        2,
        "what is changed by hand takes no session out",
        ("alter table assignments rename column excluded to by_hand",),
    ),
)
