"""What the model billed for a batch of tool results, against our own count of them."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from trimtab.records import Request, prompt_tokens
from trimtab.transcript.lines import Call, Entry, Result, Said, Usage

SAMPLE_TOKENS = 1_000  # a smaller batch drowns in what else grew (1,624 pairs of public real sessions, 2026)
FRAME_TOKENS = 40  # around each result, of the same pairs
SAMPLE_RANGE = (0.7, 3.0)  # chosen: p10 to p90 of all families is 1.07 to 1.79; beyond it something else happened


class Sample(NamedTuple):
    """Billed tokens for one of our own, seen on a batch of results of `tokens` tokens; `tool` is "" when of several."""

    model: str
    tool: str
    factor: float
    at: float
    tokens: int


class Calibration:
    """Finds samples in the entries of one conversation, fed in order.

    A sample is the growth of the prompt between two responses of one model with nothing but one batch of text results
    between them, less what the first response wrote and the framing of the results.
    """

    def __init__(self, count: Callable[[str], int], agent: str = "") -> None:
        self._count, self._agent = count, agent
        self._before: Request | None = None
        self._names: dict[str, str] = {}
        self._results: list[Result] = []
        self._clear = False

    def feed(self, entry: Entry) -> list[Sample]:
        """The samples that this entry completes: one at most. Counts only then."""
        if isinstance(entry, Usage):
            return self._respond(entry.request) if entry.request.agent == self._agent else []
        if isinstance(entry, Call):
            self._names[entry.id] = entry.name
        elif isinstance(entry, Result):
            self._results.append(entry)
            self._clear = self._clear and not entry.images
        elif not isinstance(entry, Said):
            self._clear = False
        return []

    def _respond(self, request: Request) -> list[Sample]:
        before, results = self._before, self._results
        self._before = request
        if before is not None and before.message_id == request.message_id:
            return []
        clear, names = self._clear, self._names
        self._results, self._names, self._clear = [], {}, True
        if before is None or not clear or not results or before.model != request.model:
            return []
        tokens = sum(self._count(result.text) for result in results)
        if tokens < SAMPLE_TOKENS:
            return []
        grown = prompt_tokens(request) - prompt_tokens(before) - before.output_tokens - FRAME_TOKENS * len(results)
        factor = grown / tokens
        if not SAMPLE_RANGE[0] <= factor <= SAMPLE_RANGE[1]:
            return []
        tools = {names.get(result.id, "") for result in results}
        return [Sample(request.model, tools.pop() if len(tools) == 1 else "", factor, request.at, tokens)]


def calibrate(entries: Iterable[Entry], count: Callable[[str], int]) -> list[Sample]:
    """All samples of one conversation's entries; `count` gives a text's o200k tokens."""
    calibration = Calibration(count)
    return [sample for entry in entries for sample in calibration.feed(entry)]
