"""The part of the usage book that says what changed since a look, so that costs are kept up to date for little."""

from collections.abc import Sequence

from trimtab.records import Request
from trimtab.store.base import Database, clean

REQUESTS = (  # in the order of Request's fields
    "select c.session, c.agent, t.message_id, t.at, t.model, t.input_tokens, t.write_5m_tokens, t.write_1h_tokens,"
    " t.read_tokens, t.output_tokens, coalesce(s.project, ''), c.agent_type, t.is_fast, t.web_searches, t.is_us, t.id"
    " from requests t join contexts c on c.id = t.context left join sessions s on s.session = c.session"
)


def request_of(row: Sequence[object]) -> Request:
    """A row of REQUESTS."""
    return Request._make((*row[:12], bool(row[12]), row[13], bool(row[14])))


class Spent(Database):
    """What `UsageStore` can do of it; the connection is UsageStore's."""

    def newest(self) -> int:
        """The greatest number of a response's row; 0 where there is none."""
        return int(self._rows("select coalesce(max(id), 0) from requests")[0][0])

    def changed(self, after: int, most: int) -> list[tuple[int, float]]:
        """Number and time of responses that came or changed after the row numbered `after`, by number, `most` at most.

        One that changes gets a new number, the greatest: SQLite chooses it before the old row makes room.
        """
        sql = "select id, at from requests where id > ? order by id limit ?"
        return [(int(number), float(at)) for number, at in self._rows(sql, [after, most])]

    def after(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]:
        """Responses that came or changed after the row so numbered, by number; not those stamped before `since`."""
        sql = f"{REQUESTS} where t.id > ? and t.at >= ? order by t.id limit ?"
        return [(int(row[15]), request_of(row)) for row in self._rows(sql, [number, since, most])]

    def before(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]:
        """Responses with a lesser row number, the greatest first; not those stamped before `since`."""
        sql = f"{REQUESTS} where t.id < ? and t.at >= ? order by t.id desc limit ?"
        return [(int(row[15]), request_of(row)) for row in self._rows(sql, [number, since, most])]

    def last(self, session: str, agent: str, most: int) -> list[Request]:
        """The newest responses of a conversation, the last one first."""
        sql = f"{REQUESTS} where c.session = ? and c.agent = ? order by t.at desc limit ?"
        return [request_of(row) for row in self._rows(sql, [clean(session), clean(agent), most])]

    def firsts(self, most: int) -> list[Request]:
        """The first response of each of the conversations that the book learned of last, the newest first."""
        first = "select q.id from requests q where q.context = k.id order by q.at limit 1"
        newest = f"select ({first}) from contexts k order by k.id desc limit ?"
        return [
            request_of(row) for row in self._rows(f"{REQUESTS} where t.id in ({newest}) order by t.at desc", [most])
        ]

    def places(self) -> list[tuple[str, str, str, str]]:
        """Session, agent, agent type and project of every conversation."""
        sql = (
            "select c.session, c.agent, c.agent_type, coalesce(s.project, '') from contexts c"
            " left join sessions s on s.session = c.session"
        )
        return [(str(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in self._rows(sql)]

    def transcript(self, session: str) -> str:
        """The path of a session's main transcript, of those that were read; "" where it is not known."""
        ending = f"/{clean(session)}.jsonl"
        sql = "select path from files where substr(replace(path, char(92), '/'), -?) = ? order by claimed desc limit 1"
        return next((str(row[0]) for row in self._rows(sql, [len(ending), ending])), "")

    def totals_state(self) -> tuple[int, float, float]:
        """What changes with the sessions' totals: how many there are, when the last was, what they come to."""
        count, last, usd = self._rows("select count(*), max(at), total(usd) from session_totals")[0]
        return int(count), float(last or 0.0), float(usd)
