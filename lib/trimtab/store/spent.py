"""The part of the usage book that says what changed since a look, so that costs are kept up to date for little."""

from trimtab.store.base import Database


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

    def totals_state(self) -> tuple[int, float, float]:
        """What changes with the sessions' totals: how many there are, when the last was, what they come to."""
        count, last, usd = self._rows("select count(*), max(at), total(usd) from session_totals")[0]
        return int(count), float(last or 0.0), float(usd)
