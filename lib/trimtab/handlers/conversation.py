"""One agent's conversation as its transcript tells it: what it is about, what it holds of our views, what it cost.

The transcript is read on from where it was left, so a new daemon knows in one read what the old one knew.
"""

import re
from collections import OrderedDict, deque
from pathlib import Path
from typing import NamedTuple

from trimtab import tiers, tokens, transcript
from trimtab.handlers import outputs
from trimtab.handlers.letters import Letter, Mailbox
from trimtab.history import finished
from trimtab.history.memory import Memory
from trimtab.history.warmth import Warmth
from trimtab.messages import deliveries
from trimtab.records import Fold, Recovery, Request, prompt_tokens
from trimtab.relevance import Interest, same_file, text_of

NUMBERED = re.compile(r"^[ ]*(\d+)(?:\t|→)", re.M)
PRINTS = re.compile(r"\b(?:grep|rg|ag|sed|awk|cat|head|tail|less|bat|nl)\b")
MOST_UNSAMPLED = 400  # entries kept until there is time to learn the model's factor from them
MOST_CALLS = 500
MOST_FETCHES = 2  # of folded lines of one file; then the file is shown whole, until it is edited
MOST_REPORTS, REPORT_CHARACTERS = 8, 60_000  # that a new report may repeat, and what is kept of each; chosen
LAUNCHED = "Async agent launched"  # how the client's answer begins where the report comes later as a turn of its own
MOST_HELD, MOST_HELD_CHARACTERS = 60, 1 << 20  # views of a conversation whose folded lines are kept to recognise them


class Held(NamedTuple):
    """A view that the agent was shown: its folds and the text of the folded lines ("" after a restart).

    `path` is the file that has the folded lines, `name` what was loaded: that file, or a command or a search.
    """

    tool_use_id: str
    path: str
    folds: tuple[Fold, ...]
    hidden: str
    text_hash: int
    name: str


class Fetch(NamedTuple):
    """A read of a kept output that another conversation was shown a view of: its lines, and `tokens` of its result."""

    path: str
    tool_use_id: str
    at: float
    tool: str
    lines: frozenset[int]
    tokens: int


class Conversation:
    """Follows one transcript. `catch_up` reads on and returns what belongs into the ledger, until it is `recorded`."""

    def __init__(self, path: Path, session: str, agent: str) -> None:
        self.interest = Interest()
        self.model = ""
        self.models: set[str] = set()  # all that have answered in it
        self.ttl_1h = False
        self.prompt_tokens = 0
        self.requests = 0
        self.warmth = Warmth()
        self.memory = Memory()
        self.finished_at = 0.0  # of the newest commit, until the user's next prompt
        self._fetched: dict[str, int] = {}  # by name, how often folded lines were fetched since it was last edited
        self.session, self.agent = session, agent
        self._reader = transcript.Reader(path, session, agent)
        self._mailbox = Mailbox(path, session, agent)
        self._calls: OrderedDict[str, transcript.Call] = OrderedDict()
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._held_characters = 0
        self.reports: deque[str] = deque(maxlen=MOST_REPORTS)  # of subagents, as this conversation was shown them
        self._shown: set[str] = set()  # of the held views, those whose result the transcript has come to
        self._messages: set[str] = set()
        self._news = News([], [], [], [], [])
        self._calibration = transcript.Calibration(exactly, agent)
        self._unsampled: deque[transcript.Entry] = deque(maxlen=MOST_UNSAMPLED)

    def hold(self, held: Held) -> None:
        """Remember a view that is about to be shown."""
        self._held[held.tool_use_id] = held
        self._held_characters += len(held.hidden)
        while len(self._held) > 1 and (len(self._held) > MOST_HELD or self._held_characters > MOST_HELD_CHARACTERS):
            self._held_characters -= len(self._held.popitem(last=False)[1].hidden)

    def holds(self, tool_use_id: str) -> bool:
        """Whether the agent was shown a view of that load, and may have it still."""
        return tool_use_id in self._held

    def wants_all(self, name: str, text_hash: int) -> str:
        """Why the agent must want all of a file or an output, "" where nothing says so.

        It asks for the same text again after it was shown a view of it, or has fetched folded lines twice.
        """
        if name and any(held.name == name and held.text_hash == text_hash for held in self._held.values()):
            return "asked for again, unchanged, after a view"
        return "folded lines were fetched twice" if self._fetched.get(name, 0) >= MOST_FETCHES else ""

    def catch_up(self) -> "News":
        """Read the transcript on; what is not `recorded` comes again. Never raises for a missing or damaged one."""
        news = self._news
        for entry in self._reader.read():
            self._unsampled.append(entry)
            if isinstance(entry, transcript.Prompt):
                self.interest.asked(entry.text)
                self.finished_at = 0.0
            elif isinstance(entry, transcript.Said):
                self.interest.said(entry.text)
                self.warmth.answered(entry.at)
            elif isinstance(entry, transcript.Call):
                self._calls[entry.id] = entry
                while len(self._calls) > MOST_CALLS:
                    self._calls.popitem(last=False)
                self.interest.called(entry.name, entry.input)
                self.warmth.answered(entry.at)
                if entry.name in ("Edit", "MultiEdit", "Write"):  # what was looked for is found
                    self._fetched.pop(text_of(entry.input, "file_path"), None)
            elif isinstance(entry, transcript.Result):
                self._result(entry, news)
            elif isinstance(entry, transcript.Delivered):
                self._delivered(entry, news)
            elif isinstance(entry, transcript.Usage):
                self._usage(entry, news)
            else:
                self.interest.compacted()
                self.warmth.compacted(entry.at)
                self.finished_at = 0.0
                self._held.clear()
                self._held_characters = 0
                self.reports.clear()
        return news

    def recorded(self) -> None:
        """What `catch_up` returned is in the ledger."""
        self._news = News([], [], [], [], [])

    def samples(self) -> list[transcript.Sample]:
        """What the entries read since the last call say of the model's tokens per o200k token. Counts exactly: slow."""
        entries = list(self._unsampled)
        self._unsampled.clear()
        return [sample for entry in entries for sample in self._calibration.feed(entry)]

    def _usage(self, entry: transcript.Usage, news: "News") -> None:
        request = entry.request
        news.requests.append(request)
        if request.agent != self.agent:  # a pass beside the response, or an old client's subagent: another context
            return
        if request.message_id not in self._messages:
            self._messages.add(request.message_id)
            self.requests += 1
        self.model = request.model or self.model
        self.models.add(request.model)
        self.ttl_1h = entry.ttl_1h
        self.warmth.used(request, entry.ttl_1h)
        self.prompt_tokens = prompt_tokens(request)

    def _result(self, entry: transcript.Result, news: "News") -> None:
        held = self._held.get(entry.id)
        call = self._calls.get(entry.id)
        if call is not None:
            self._remember(call, entry)
        if call is not None and call.name in ("Agent", "Task") and not entry.text.startswith(LAUNCHED):
            self.reports.append(entry.text[:REPORT_CHARACTERS])
        if held is not None:
            self._shown.add(entry.id)
            if call is not None:
                self.interest.saw(call.name, entry.text, text_of(call.input, "command"))
            news.honoured.append((entry.id, tiers.FOLD.search(entry.text) is not None))
            return
        if call is None:
            return
        letter = None if entry.is_error else self._mailbox.sent(call, entry.at)
        news.letters.extend([letter] if letter else [])
        subject = text_of(call.input, "command")
        self.interest.saw(call.name, entry.text, subject)
        recovered = self._recovered_by(call, entry)
        if recovered is None:
            fetch = self._fetch_of(call, entry)
            news.fetches.extend([fetch] if fetch else [])
            return
        held, lines = recovered
        if call.name == "Read" or held.name != held.path:
            self._fetched[held.name] = self._fetched.get(held.name, 0) + 1
        news.recoveries.append(Recovery(held.tool_use_id, entry.id, entry.at, call.name, lines, exactly(entry.text)))

    def _delivered(self, entry: transcript.Delivered, news: "News") -> None:
        """A report that came as a turn: it was shown as our view, which names the kept file, or whole after all."""
        found = deliveries.read(entry.text)
        if found is None:
            return
        self.heard(found.report)
        self.interest.saw("Agent", found.report, "")
        letter = self._mailbox.delivered(found, entry.at)
        news.letters.extend([letter] if letter else [])
        for key, held in self._held.items():
            is_ours = held.path != held.name and found.report.endswith(tiers.kept_line(Path(held.path)))
            if is_ours or (key == found.identity and key not in self._shown):  # again, whole: the view was shown
                self._shown.add(key)
                news.honoured.append((key, is_ours))

    def heard(self, report: str) -> None:
        """The conversation has been shown a report that came as a turn; the transcript may say so later."""
        if report[:REPORT_CHARACTERS] not in self.reports:
            self.reports.append(report[:REPORT_CHARACTERS])

    def asked_by(self, call: str) -> dict[str, object]:
        """What the agent that `call` started was given, {} where the call is not known."""
        found = self._calls.get(call)
        return found.input if found else {}

    def _fetch_of(self, call: transcript.Call, result: transcript.Result) -> Fetch | None:
        """A read of an output that is kept for another's view; None for any other result, and of one of our own."""
        path = text_of(call.input, "file_path")
        if call.name != "Read" or not outputs.is_kept(Path(path)) or any(h.path == path for h in self._held.values()):
            return None
        lines = frozenset(int(number) for number in NUMBERED.findall(result.text))
        return Fetch(path, result.id, result.at, call.name, lines, exactly(result.text)) if lines else None

    def _remember(self, call: transcript.Call, entry: transcript.Result) -> None:
        self.memory.result(call.name, call.input, entry.text, entry.is_error)
        if finished.is_commit(call.name, text_of(call.input, "command"), entry.text, entry.is_error):
            self.finished_at = entry.at

    def _recovered_by(self, call: transcript.Call, result: transcript.Result) -> tuple[Held, int] | None:
        """The newest view whose folded lines `call` showed, with how many. One call is one view's: it costs once."""
        shown = [held for held in reversed(self._held.values()) if held.tool_use_id in self._shown]
        if call.name == "Read":
            path = text_of(call.input, "file_path")
            numbers = [int(n) for n in NUMBERED.findall(result.text)]
            for held in shown:
                lines = sum(f.first <= n <= f.last for n in numbers for f in held.folds) if held.path == path else 0
                if lines:
                    return held, lines
            return None
        command = text_of(call.input, "command") or text_of(call.input, "path")
        if call.name not in ("Bash", "Grep") or (call.name == "Bash" and not PRINTS.search(command)):
            return None
        named = [word for word in re.split(r"[\s'\"|;&()<>=]+", command) if "." in word or "/" in word]
        output = {re.sub(r"^\d+[:-]", "", line).strip() for line in result.text.split("\n")}
        for held in shown:
            if any(same_file(held.path, word) for word in named):
                lines = sum(len(line) > 8 and line in output for line in map(str.strip, held.hidden.split("\n")))
                if lines:
                    return held, lines
        return None


class News(NamedTuple):
    """What a transcript said since the last look; `honoured` pairs a view's tool_use_id with whether it was shown."""

    requests: list[Request]
    recoveries: list[Recovery]
    honoured: list[tuple[str, bool]]
    letters: list[Letter]
    fetches: list[Fetch]


def exactly(text: str) -> int:
    """The o200k count where the tokenizer is loaded, else the estimate."""
    counted = tokens.count(text)
    return tokens.estimate(text) if counted is None else counted
