"""A scripted model that keeps what it billed for each answer."""

from collections.abc import Callable, Mapping
from itertools import count

from tests.client.model import Agent, Body, ModelServer, answer

WEIGHTS = {  # of claude-opus-5-5, relative to one uncached input token: $4, $5, $0.20 and $20 a million tokens
    "input_tokens": 1.0,
    "cache_creation_input_tokens": 1.25,
    "cache_read_input_tokens": 0.05,
    "output_tokens": 5.0,
}

NUMBERS = count()  # of servers


class Billing(ModelServer):
    """Keeps what it billed for each answer: whose it was, and the usage.

    The ids of its messages are its own, as the service's are: a response with the id of another would not be counted.
    """

    def __init__(self, main: Agent, sub: Callable[[], Agent] = lambda: answer("Done.")) -> None:
        super().__init__(main, sub)
        self.start = f"msg_{next(NUMBERS)}_"
        self.billed: dict[str, tuple[bool, Body]] = {}  # by message id

    def message(self, agent_id: str, body: Body) -> Body:
        made = super().message(agent_id, body)
        made = {**made, "id": made["id"].replace("msg_", self.start)}
        if body.get("tools"):
            self.billed[made["id"]] = (bool(agent_id), made["usage"])
        return made

    def spent(self) -> list[float]:
        """The weighted tokens of each answer, in order."""
        return [weighted(used) for _, used in self.billed.values()]


def weighted(used: Mapping[str, object]) -> float:
    """What a usage comes to in uncached input tokens, by price."""
    return sum(float(str(used[name])) * weight for name, weight in WEIGHTS.items())
