"""The part of a ledger that keeps what the second layer sends in each session, for its later requests."""

import json
from collections.abc import Collection, Mapping, Sequence

from trimtab.records import Layered
from trimtab.store.base import Database, clean


class Layers(Database):
    """What `Store` can do with the second layer's sessions; the connection is Store's."""

    def layered(self, session: str) -> Layered | None:
        """What the layer does in the session; None where it never asked."""
        return self._layered("where session = ?", [clean(session)])

    def last_layered(self) -> Layered | None:
        """What the layer does in the session that was recorded last; None where it never asked."""
        return self._layered("order by rowid desc limit 1", [])

    def _layered(self, which: str, values: Sequence[object]) -> Layered | None:
        for row in self._rows(f"select session, parts, waiting, likely, used from layered {which}", values):
            parts, waiting, used = (tuple(json.loads(row[place])) for place in (1, 2, 4))
            likely = {key: tuple(names) for key, names in json.loads(row[3] or "{}").items()}
            return Layered(row[0], parts, waiting, likely, used)
        return None

    def keep_layered(self, begun: Layered) -> None:
        """Records what the layer does in a session, in the place of what it did."""
        row = (begun.session, *map(json.dumps, (begun.parts, begun.waiting, begun.likely, begun.used)))
        with self._transaction() as db:
            db.execute(
                "insert or replace into layered (session, parts, waiting, likely, used) values (?, ?, ?, ?, ?)",
                [clean(value) for value in row],
            )

    def refolded(self, session: str, agent: str) -> dict[str, str]:
        """By call, what is sent in the place of a conversation's old results since a cold prompt."""
        sql = "select tool_use_id, text from refolded where session = ? and agent = ?"
        return dict(self._rows(sql, [clean(session), clean(agent)]))

    def keep_refolded(self, session: str, agent: str, folds: Mapping[str, str]) -> None:
        """Records new folds of a conversation's old results; one that is there already stays as it is."""
        rows = [[clean(value) for value in (session, agent, call, text)] for call, text in folds.items()]
        with self._transaction() as db:
            db.executemany(
                "insert or ignore into refolded (session, agent, tool_use_id, text) values (?, ?, ?, ?)", rows
            )

    def end_refolded(self, session: str, agent: str, calls: Collection[str]) -> None:
        """The folds of these calls' results are sent no more."""
        with self._transaction() as db:
            db.executemany(
                "delete from refolded where session = ? and agent = ? and tool_use_id = ?",
                [[clean(session), clean(agent), clean(call)] for call in calls],
            )
