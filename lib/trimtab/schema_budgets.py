"""What the ledger's tables of budgets became: the statements of one of `schema`'s migrations.

Budgets are the user's, over all projects, so their rows are in the user's ledger; a project's has the same tables,
empty. `budget_constraints.token_limit`, `used` and all other amounts are in the budget's unit, see `budget.terms`.
"""

CONSTRAINTS = (
    "alter table budget_constraints add column measure text not null default 'billed'",  # budget.terms.Measure
    "alter table budget_constraints add column span text not null default 'once'",  # budget.terms.Span
    "alter table budget_constraints add column seconds real not null default 0",  # of a rolling window
    "alter table budget_constraints add column zone text not null default ''",
    "alter table budget_constraints add column selection text not null default '{}'",  # the scope: JSON, terms.Scope
    "alter table budget_constraints add column mode text not null default 'stop'",
    "alter table budget_constraints add column state text not null default 'active'",
    "alter table budget_constraints add column priority real not null default 1",
    "alter table budget_constraints add column minimum integer not null default 0",
    "alter table budget_constraints add column origin text not null default ''",
    "alter table budget_constraints add column paused_until real",  # null: not paused, or for good
)

ALLOCATIONS = (
    "alter table budget_allocations add column child text not null default ''",  # whom it is for: a budget, or a name
    "alter table budget_allocations add column period text not null default ''",  # terms.Account.key of the parent
    "alter table budget_allocations add column at real not null default 0",
    "create unique index budget_allocations_once on budget_allocations (constraint_id, period, child)",
)

CHANGES = """
create table budget_changes (           -- every change of a budget, for good
    id integer primary key,
    constraint_id integer not null,
    at real not null,
    who text not null,                  -- the user's name on this machine
    place text not null,                -- 'cli', '/token-budget', 'option', or a config file
    what text not null,                 -- 'set', 'raise', 'pause', 'resume', 'remove', ...
    before text not null,               -- the budget in words, '' where there was none
    after text not null
)
"""

RESERVATIONS = """
create table budget_reservations (      -- for requests that may be under way; one of each conversation at most
    key text primary key,               -- 'SESSION/AGENT'
    session text not null,
    agent text not null,
    agent_type text not null,
    project text not null,
    at real not null,
    billed integer not null,
    output integer not null,
    context integer not null,
    usd integer not null,               -- millionths
    prompt text not null,
    task text not null,
    is_priced integer not null,
    pid integer not null,               -- of the client; 0: not known
    is_assumed integer not null         -- 1: its response must have come, and was never seen
) without rowid
"""

TOLD = """
create table budget_told (              -- what was said of an account, so that it is said once
    constraint_id integer not null,
    period text not null,               -- terms.Account.key
    whom text not null,                 -- 'user', or a conversation 'SESSION/AGENT'
    what text not null,                 -- 'most', 'all', ...
    at real not null,
    primary key (constraint_id, period, whom, what)
) without rowid
"""

PROMPTS = """
create table budget_prompts (           -- when each prompt of the user began, to know which one a request is for
    session text not null,
    prompt text not null,               -- the client's prompt_id
    at real not null,
    primary key (session, prompt)
) without rowid
"""

TASKS = """
create table budget_tasks (             -- which named run a session is of, from when on
    session text not null,
    task text not null,
    at real not null,
    primary key (session, at)
) without rowid
"""

STATEMENTS = (
    *CONSTRAINTS,
    *ALLOCATIONS,
    CHANGES,
    RESERVATIONS,
    TOLD,
    PROMPTS,
    "create index budget_prompts_by_time on budget_prompts (session, at)",
    TASKS,
)
