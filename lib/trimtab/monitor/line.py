"""A session in one line, for the client's status line."""

from collections.abc import Sequence

from trimtab.monitor.report import dollars, short
from trimtab.monitor.summary import Summary
from trimtab.records import Request, prompt_tokens


def newest_prompt(requests: Sequence[Request]) -> int:
    """Tokens of the main conversation's newest prompt; 0 before the first."""
    return next((prompt_tokens(request) for request in reversed(requests) if not request.agent), 0)


def status_line(summary: Summary, context: int, window: int | None, usd: float | None) -> str:
    """Such as "72k of 200k in context · $1.24 · 31k tokens saved net, $0.21 (9% of the cost without)".

    `context` is the newest prompt in tokens, `window` what the model takes, `usd` what the session cost so far.
    """
    parts = []
    if context:
        share = f" ({context / window:.0%})" if window else ""
        parts.append(f"{short(context)} tokens in context{share}")
    if usd is not None:
        parts.append(dollars(usd))
    total = summary.total
    if total.net_tokens:
        word = "saved" if total.net_tokens > 0 else "lost"
        parts.append(f"{short(abs(total.net_tokens))} tokens {word} net" + worth(summary))
    elif total.loads:
        parts.append("nothing saved yet")
    return " · ".join(parts) or "nothing recorded yet"


def worth(summary: Summary) -> str:
    """What the net saving is worth, where that is known and no other sign than its tokens."""
    net = summary.total.net_usd
    if net is None or not net or (net > 0) != (summary.total.net_tokens > 0):
        return ""
    return f" ({dollars(abs(net))})"
