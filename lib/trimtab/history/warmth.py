"""How warm a conversation's prompt cache is: how long it lives, when it was last used, what would be written anew.

A cache entry lives for five minutes or an hour from its last use (Anthropic's documentation). In 189 recorded sessions
with times, requests after a pause that was longer than that found it cold in 155 of 166 cases, those after a shorter
one in 85 of 10,008, for other reasons (`bench.gaps`). Part of the prompt stays warm all the same where other sessions
send it too (the client's own system prompt): as much as the session's first request already found.
"""

from trimtab.records import Request, prompt_tokens

SHORT_S, LONG_S = 300.0, 3_600.0  # lifetimes since the last use


def lifetime_s(is_1h: bool) -> float:
    return LONG_S if is_1h else SHORT_S


class Warmth:
    """Follows one conversation's responses. Times are in seconds since the epoch, tokens the model's own.

    `used_at` is when the newest response came (0.0: none yet, or none since the last compaction), `context` what a next
    request would send of what is there, `standing` the smallest prompt seen, which a compaction leaves too, `shared`
    what of it other sessions keep warm, and `requests` those since the last compaction, at `since` (0.0: none yet).
    """

    def __init__(self) -> None:
        self.used_at = self.since = 0.0
        self.is_1h = False
        self.context = self.standing = self.shared = self.requests = 0
        self.model = ""
        self._last = ""

    def answered(self, at: float) -> None:
        """A part of a response came."""
        self.used_at = max(self.used_at, at)

    def used(self, request: Request, is_1h: bool) -> None:
        """A response's usage, as far as it is known: the same one may come again when it has grown."""
        prompt = prompt_tokens(request)
        if not prompt:  # failed before it was read
            return
        self.answered(request.at)
        if not self.standing:
            self.shared = request.read_tokens
        self.standing = min(self.standing, prompt) if self.standing else prompt
        self.shared = min(self.shared, self.standing)
        if request.write_5m_tokens or request.write_1h_tokens:  # one that writes nothing does not tell
            self.is_1h = is_1h
        self.requests += request.message_id != self._last
        self._last, self.model = request.message_id, request.model or self.model
        self.context = prompt + request.output_tokens

    def compacted(self, at: float) -> None:
        """What was cached is out of the context: there is nothing to lose until the next response."""
        self.used_at, self.requests, self._last, self.since = 0.0, 0, "", at

    @property
    def lives_s(self) -> float:
        return lifetime_s(self.is_1h)

    def cold_in_s(self, now: float) -> float:
        """Seconds until the cache is gone, 0 or less when it is; infinite where nothing is cached."""
        return self.used_at + self.lives_s - now if self.used_at else float("inf")

    def is_cold(self, now: float) -> bool:
        return self.cold_in_s(now) <= 0

    @property
    def lost(self) -> int:
        """Tokens that a request after the cache is gone writes anew."""
        return max(self.context - self.shared, 0)
