"""The usage book's SQL, in the manner of `schema`: what the client's transcripts say was used, over all projects.

Times are seconds since the epoch, tokens are the model's own. Text that nearly every row would repeat (a session's id,
an agent's) stands once, in `contexts`. Version history: 1 files, sessions, responses, arrivals, totals.
"""

from trimtab.schema import Migration

FILES = """
create table files (
    path text primary key,
    device integer not null,
    inode integer not null,
    size_bytes integer not null,        -- as of the last look, which found nothing unread but a half-written line
    modified_ns integer not null,       -- likewise; -1: there may be more to read
    read_bytes integer not null,        -- the offset of the first byte that was not read
    trace blob not null,                -- the bytes just before that offset
    carry blob not null,                -- what later lines need of earlier ones: JSON, see transcript.rows.Carry
    claimed real not null               -- when the file had last been written to as it was first read
) without rowid
"""

BAD_LINES = """
create table bad_lines (
    path text not null,
    line integer not null,              -- counts from 1
    why text not null,
    primary key (path, line)
) without rowid
"""

SESSIONS = """
create table sessions (
    session text primary key,
    project text not null,              -- the folder that it ran in; '' when not known
    certainty integer not null,         -- of the project, see transcript.rows
    version text not null,              -- the client's, the last one seen
    first_at real not null,
    last_at real not null
) without rowid
"""

CONTEXTS = """
create table contexts (
    id integer primary key,
    session text not null,
    agent text not null,                -- '' for the main conversation
    agent_type text not null,           -- '' when not known
    unique (session, agent)
)
"""

REQUESTS = """
create table requests (
    id integer primary key,
    message_id text not null,           -- one API response, however many lines of however many files repeat it
    scope text not null,                -- '' where the id is unique, else the session in which it is
    context integer not null references contexts (id),
    at real not null,                   -- of its earliest line
    claimed real not null,              -- files.claimed of the file whose line is its owner's
    model text not null,
    input_tokens integer not null,      -- neither read from the cache nor written to it
    write_5m_tokens integer not null,
    write_1h_tokens integer not null,
    read_tokens integer not null,
    output_tokens integer not null,
    is_fast integer not null,
    web_searches integer not null,
    is_us integer not null,
    unique (message_id, scope)
)
"""

ARRIVALS = """
create table arrivals (                 -- packed: a row each took a seventh of a first sync (measured 2026-11)
    context integer not null references contexts (id),
    digest blob not null,               -- of rows, so that what is read again is there once
    first_at real not null,
    last_at real not null,
    rows blob not null,                 -- of one context and one sync: msgpack, see store.usage.PACK
    primary key (context, digest)
) without rowid
"""

SESSION_TOTALS = """
create table session_totals (
    session text primary key,
    at real not null,
    usd real not null,
    is_complete integer not null,       -- 0: the client did not know the price of some model
    since real not null                 -- when the client began to add up; 0: not known
) without rowid
"""

SESSION_USAGE = """
create table session_usage (            -- what session_totals.usd is of, by the client's own counting
    session text not null,
    model text not null,
    at real not null,
    input_tokens integer not null,
    write_5m_tokens integer not null,
    write_1h_tokens integer not null,
    read_tokens integer not null,
    output_tokens integer not null,
    web_searches integer not null,
    primary key (session, model)
) without rowid
"""

MIGRATIONS = (
    Migration(
        1,
        "files, sessions, responses, arrivals, totals",
        (
            FILES,
            BAD_LINES,
            SESSIONS,
            "create index sessions_by_project on sessions (project)",
            CONTEXTS,
            REQUESTS,
            "create index requests_by_time on requests (at)",
            "create index requests_by_context on requests (context)",
            ARRIVALS,
            SESSION_TOTALS,
            SESSION_USAGE,
        ),
    ),
)

# Whether a total `t` is of its session `s` alone. No other session of the project began between the time from which the
# client adds up (5 s earlier, chosen: by a clock of its own, before its first line) and the session's first line: a
# client that goes on with another session (a fork, /clear) adds on to what that one had cost. And a fork's own first
# response came later than its parent's, which began to add up then.
OWN = (
    "not exists (select 1 from sessions o where o.project = s.project and o.session != s.session"
    " and o.first_at >= t.since - 5 and o.first_at < s.first_at)"
    " and not exists (select 1 from session_totals e where e.since = t.since and e.since > 0"
    " and (select min(q.at) from requests q join contexts c on c.id = q.context where c.session = e.session)"
    " < (select min(q.at) from requests q join contexts c on c.id = q.context where c.session = t.session))"
)
