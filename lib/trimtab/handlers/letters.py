"""Messages between agents that no hook is asked about, as transcripts tell them: what comes as a turn, what is sent.

The report of a background agent comes as a notice, and so does what an agent sends to who started it; what is sent to
an agent that runs is a call's input. They are shown as they are, unless the second layer's module has asked for a view
(`deliveries`): the ledger, which has that by the same id, keeps it.
"""

from pathlib import Path
from typing import NamedTuple

from trimtab import messages, paths, tiers, tokens, transcript
from trimtab.groups import Members, group_of
from trimtab.messages.deliveries import Delivery
from trimtab.records import SUBAGENT, Load, Message, Tier
from trimtab.relevance import text_of
from trimtab.transcript import folders

SEND = "SendMessage"
TO_MAIN = "main"  # such a one comes as a turn
SENT = "message"  # the kind of load that is a message to an agent that runs
AS_WRITTEN = "it goes as it was written"
LONGEST_SUBJECT = 80  # characters, chosen


class Letter(NamedTuple):
    """A message as it was written: whose context it is in, its id, and who wrote it to whom.

    `kind` is its load's: a report, SENT or TASK. `subject` says in a few words what it is of, "" for its first line.
    """

    session: str
    agent: str
    id: str
    at: float
    tool: str
    kind: str
    sender: str
    receiver: str
    text: str
    subject: str = ""


class Mailbox:
    """Whose transcript it is: `path` is its file, `agent` "" in the main conversation."""

    def __init__(self, path: Path, session: str, agent: str) -> None:
        self._path, self._session, self._agent = path, session, agent

    def delivered(self, found: Delivery, at: float) -> Letter | None:
        """What came as a turn; None for a view of ours, which was recorded when it was made."""
        if tiers.KEPT_LINE.search(found.report[found.report.rfind("\n") + 1 :]):
            return None
        sender, reader = self._type_of(found.agent), self._own_type()
        return Letter(
            self._session, self._agent, found.identity, at, "Agent", messages.KIND, sender, reader, found.report
        )

    def sent(self, call: transcript.Call, at: float) -> Letter | None:
        """What a call of the main conversation has sent to an agent that runs; None for any other call.

        What one agent sends to another comes as a turn, which the receiver's transcript tells (`delivered`).
        """
        to, text = text_of(call.input, "to"), text_of(call.input, "message")
        if self._agent or call.name != SEND or not text or not to or to == TO_MAIN:
            return None
        name = f"{call.id}:{SENT}"
        return Letter(self._session, to, name, at, SEND, SENT, "", self._type_of(to), text)

    def _own_type(self) -> str:
        return (folders.type_beside(str(self._path)) or SUBAGENT) if self._agent else ""

    def _type_of(self, agent: str) -> str:
        """The type of another agent of the session."""
        if Path(agent).name != agent:  # a name that an agent has given
            return SUBAGENT
        beside = paths.subagent_transcript(self._path, agent)
        other = self._path.with_name(beside.name) if self._agent else beside
        return folders.type_beside(str(other)) or SUBAGENT


def load(letter: Letter, own: Members) -> Load:
    """A letter as a row of the ledger; `own` are the user's groups."""
    counted = tokens.count(letter.text)
    size = tokens.estimate(letter.text) if counted is None else counted
    if letter.kind == messages.KIND:
        priority = messages.priority(messages.read(letter.text), group_of(letter.sender, own))
    else:  # it says what to do
        priority = messages.given_priority(letter.text) or messages.Priority.NORMAL
    return Load(
        session=letter.session,
        agent=letter.agent,
        tool_use_id=letter.id,
        at=letter.at,
        tool=letter.tool,
        path=letter.subject or letter.text.strip()[:LONGEST_SUBJECT].split("\n")[0],
        kind=letter.kind,
        tier=Tier.COMPLETE,
        reason=AS_WRITTEN,
        raw_tokens=size,
        shown_tokens=size,
        counted=counted is not None,
        folds=(),
        message=Message(letter.sender, letter.receiver, priority.value),
    )
