"""The part of a ledger that keeps what the second layer began in each session, for when that is resumed."""

import json

from trimtab.records import Layered
from trimtab.store.base import Database, clean


class Layers(Database):
    """What `Store` can do with the second layer's sessions; the connection is Store's."""

    def layered(self, session: str) -> Layered | None:
        """What the layer does in the session; None where it never asked."""
        for row in self._rows(
            "select session, parts, waiting, prompt from layered where session = ?", [clean(session)]
        ):
            return Layered(row[0], tuple(json.loads(row[1])), tuple(json.loads(row[2])), row[3])
        return None

    def keep_layered(self, begun: Layered) -> None:
        """Records what the layer does in a session, in the place of what it did."""
        parts, waiting, used = map(json.dumps, (begun.parts, begun.waiting, begun.used))
        row = (begun.session, parts, waiting, begun.prompt, used)
        with self._transaction() as db:
            db.execute(
                "insert or replace into layered (session, parts, waiting, prompt, used) values (?, ?, ?, ?, ?)",
                [clean(value) for value in row],
            )
