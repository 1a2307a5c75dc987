"""One page as text: the template with the styles, the scripts and the data in it; and how it gets to its file.

The page asks no network for anything, and its content security policy has the browser refuse if it did: only the
scripts that stand in it may run, told by their hashes. The data is JSON in which no sign can end its element.
"""

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from trimtab import __version__
from trimtab.cli.page.records import CarriedLoad, Conversation, Mail, PageData, Saving, Session, Spend, Standing
from trimtab.errors import TrimtabError

FORMAT = 1
FOLDER = Path(__file__).parent
UPLOT = "uplot/uPlot.iife.min.js"
SCRIPTS = (UPLOT, "data.js", "charts.js", "elements.js", "filters.js", "standing.js", "page.js")
STYLES = ("uplot/uPlot.min.css", "page.css")
ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}  # inside of a string of JSON only
MICRO = 1_000_000


def page(data: PageData) -> str:
    """The whole page."""
    scripts = [(FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS]
    styles = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in STYLES)
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {' '.join(map(hashed, scripts))}"
    parts = {
        "@policy@": policy,
        "@styles@": styles,
        "@data@": as_json(data),
        "@scripts@": "\n".join(f"<script>{script}</script>" for script in scripts),
        "@version@": __version__,
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    # Each mark is looked for in the template alone: what is put in may hold any text.
    found = [text]
    for mark, part in parts.items():
        index = next(place for place, piece in enumerate(found) if place % 2 == 0 and mark in piece)
        before, _, after = found[index].partition(mark)
        found[index : index + 1] = [before, part, after]
    return "".join(found)


def hashed(script: str) -> str:
    """The script as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def as_json(data: PageData) -> str:
    """The data as the page's scripts take it: rows as arrays, names as their places in lists. USD are whole millionths.

    Rounding a row to a millionth of a dollar leaves a total of 10,000 rows right to a cent.
    """
    names = Places()
    document = {
        "format": FORMAT,
        "scope": data.scope,
        "generated_at": round(data.generated_at),
        "zone": data.zone,
        "spend": [spend_row(row, names) for row in data.spend],
        "sessions": [session_row(session, names) for session in data.sessions],
        "loads": [load_row(load, names) for load in data.loads],
        "loads_total": data.loads_total,
        "savings": [saving_row(row, names) for row in data.savings],
        "mail": [mail_row(row, names) for row in data.mail],
        "standings": [standing_object(one) for one in data.standings],
        "budgets": [budget._asdict() for budget in data.budgets],
        "alerts": [{**alert._asdict(), "at": round(alert.at)} for alert in data.alerts],
        "notes": list(data.notes),
        "names": names.lists,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


class Places:
    """Names as numbers: each kind of name has a list, and a name its place in it."""

    def __init__(self) -> None:
        self.lists: dict[str, list[str]] = {"project": [], "session": [], "model": [], "agent": [], "group": []}
        self._places: dict[tuple[str, str], int] = {}

    def of(self, kind: str, name: str) -> int:
        place = self._places.setdefault((kind, name), len(self.lists[kind]))
        if place == len(self.lists[kind]):
            self.lists[kind].append(name.encode("utf-8", "replace").decode())  # half surrogates can't be written
        return place


def micro(usd: float | None) -> int | None:
    """Whole millionths of a dollar."""
    return None if usd is None else round(usd * MICRO)


def spend_row(row: Spend, names: Places) -> list[object]:
    return [
        row.day,
        names.of("project", row.project),
        names.of("session", row.session),
        names.of("model", row.model),
        names.of("agent", row.agent),
        *row[5:12],
        row.unpriced,
        *([] if row.usd is None else map(micro, row.usd)),
    ]


def session_row(session: Session, names: Places) -> list[object]:
    return [
        names.of("session", session.session),
        names.of("project", session.project),
        round(session.first_at),
        round(session.last_at),
        session.requests,
        *([[conversation_object(talk, names) for talk in session.conversations]] if session.conversations else []),
    ]


def conversation_object(talk: Conversation, names: Places) -> dict[str, object]:
    """A conversation's points as columns; a kind of part that no point has is left out."""
    kinds = list(dict.fromkeys(kind for point in talk.points for kind, _ in point.parts))
    parts = [dict(point.parts) for point in talk.points]
    return {
        "agent": talk.agent,
        "type": names.of("agent", talk.agent_type),
        "requests": talk.requests,
        "number": [point.number for point in talk.points],
        "at": [round(point.at) for point in talk.points],
        "model": [names.of("model", point.model) for point in talk.points],
        "prompt": [point.prompt_tokens for point in talk.points],
        "output": [point.output_tokens for point in talk.points],
        "kept_out": [point.kept_out_tokens for point in talk.points],
        "recoveries": [point.recoveries for point in talk.points],
        "cuts": [place for place, point in enumerate(talk.points) if point.is_cut],
        "parts": {kind: [part.get(kind, 0) for part in parts] for kind in kinds},
    }


def load_row(load: CarriedLoad, names: Places) -> list[object]:
    return [
        round(load.at),
        names.of("project", load.project),
        names.of("session", load.session),
        names.of("agent", load.agent),
        names.of("model", load.model),
        load.tool,
        load.target,
        load.tier,
        load.tokens,
        load.kept_out_tokens,
        load.carriers,
        load.recoveries,
        micro(load.usd),
    ]


def saving_row(row: Saving, names: Places) -> list[object]:
    return [
        row.day,
        names.of("project", row.project),
        names.of("session", row.session),
        names.of("model", row.model),
        *row[4:12],
        micro(row.usd),
    ]


def mail_row(row: Mail, names: Places) -> list[object]:
    return [
        row.day,
        names.of("project", row.project),
        names.of("session", row.session),
        names.of("model", row.model),
        names.of("group", row.sender),
        names.of("group", row.receiver),
        *row[6:13],
        micro(row.usd),
    ]


def standing_object(one: Standing) -> dict[str, object]:
    parts = [
        [part.group, part.name, part.owner, part.tokens, micro(part.usd), part.used, part.had]
        + ([] if part.last_at is None else [round(part.last_at)])
        for part in one.parts
    ]
    return {**one._asdict(), "at": round(one.at), "parts": parts}


def write(file: Path, data: PageData) -> int:
    """Writes the page to `file`, whole or not at all, for its owner alone to read; its size in bytes.

    Raises TrimtabError.
    """
    content = page(data).encode("utf-8", "replace")
    target = Path(os.path.realpath(file))  # a link stays a link
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".new")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(temporary, target)
    except OSError as exc:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise TrimtabError(
            f"can't write the page to {str(file)!r}: {exc.strerror or exc}; name a file in a folder that exists and"
            " may be written to"
        ) from exc
    return len(content)
