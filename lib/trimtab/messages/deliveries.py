"""A report that comes as a turn of its own: the notice of a finished background agent, or a message that an agent sent.

What the client writes around it was seen in client 2.1.328. In a notice the report's `&`, `<` and `>` are escaped, so
nothing in it can be taken for the frame; in a message they are not, and one that holds a frame is left alone.
"""

import hashlib
import html
import re
from typing import NamedTuple

NOTICE, MESSAGE = "<task-notification>", "<agent-message "
COMPLETED = "completed"
IN_NOTICE = re.compile(
    r"<task-notification>\n<task-id>(?P<agent>[\w-]+)</task-id>\n"
    r"(?:<tool-use-id>(?P<call>[\w-]+)</tool-use-id>\n)?"
    r"(?:[^\0]*?\n)??<status>(?P<status>\w+)</status>\n"
    r"[^\0]*?<result>(?P<report>[^<>]*)</result>"
)
IN_MESSAGE = re.compile(r'<agent-message from="(?P<agent>[^"\n]+)">\n(?P<report>[^\0]*)\n</agent-message>')
# What the client says of a report, ahead of it and not escaped in another way: it is for whoever reads the report.
REMARK = re.compile(r"\[harness: [^\n]*\]\n+")
IDENTITY_LETTERS = 12


class Delivery(NamedTuple):
    """A report with what stands around it. `call` is the Agent call that started its author, "" where none is named.

    `status` is how the author's run ended: COMPLETED, also of a message that was sent on the way.
    """

    agent: str
    call: str
    status: str
    report: str
    before: str
    after: str
    is_escaped: bool

    @property
    def identity(self) -> str:
        """The same for the same words of the same agent, which may report several times."""
        said = hashlib.sha256(self.report.encode("utf-8", "replace")).hexdigest()
        return f"{self.agent}:{said[:IDENTITY_LETTERS]}"

    def with_report(self, text: str) -> str:
        """The whole turn with `text` in the report's place."""
        return f"{self.before}{html.escape(text, quote=False) if self.is_escaped else text}{self.after}"


def read(text: str) -> Delivery | None:
    """The report in a turn's text; None where there is none, or where it can't be told from what is around it."""
    if text.count(NOTICE) == 1:
        return made(IN_NOTICE.search(text), text, is_escaped=True)
    if text.count(MESSAGE) == text.count("</agent-message>") == 1:
        return made(IN_MESSAGE.search(text), text, is_escaped=False)
    return None


def made(found: re.Match[str] | None, text: str, is_escaped: bool) -> Delivery | None:
    if found is None:
        return None
    start, end = found.span("report")
    remark = REMARK.match(text, start, end)
    start = remark.end() if remark else start
    report = html.unescape(text[start:end]) if is_escaped else text[start:end]
    given = found.groupdict()
    status = given.get("status") or COMPLETED
    return Delivery(given["agent"], given.get("call") or "", status, report, text[:start], text[end:], is_escaped)
