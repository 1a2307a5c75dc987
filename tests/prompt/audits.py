"""An audit by hand, of a request with a part of every kind."""

from trimtab.prompt.audit import Audit, Line, Sent
from trimtab.prompt.bill import Cost
from trimtab.prompt.parts import Part
from trimtab.prompt.used import UNKNOWN, Use

DAY = 86_400.0
NOW = 1_795_543_200.0  # 2026-11-24T18:00Z
FOUND = Use(2, 1, NOW - DAY, True)
NEVER = Use(0, 0, None, True)


def line(
    kind: str, name: str, tokens: int, owner: str, use: Use = UNKNOWN, usd: float = 0.0,
    plugin: str = "", server: str = "", path: str = "", late: bool = False,
) -> Line:  # fmt: skip
    part = Part(kind, name, plugin, server, path, tokens, 4 * tokens, late)
    return Line(part, owner, use, Cost(usd * 1e6, usd), 12)


LINES = (
    line("tool", "Bash", 900, "the client", Use(61, 12, NOW - 3 * DAY, True), 2.0),
    line("tool", "Workflow", 1_400, "the client", NEVER, 3.0),
    *(line("tool", f"Tool{number}", 12, "the client", NEVER, 0.01) for number in range(9)),
    line("system", "Harness", 500, "the client", usd=1.0),
    line("mcp tool", "mcp__tickets__find", 4, "tickets", FOUND, 0.01, server="tickets", late=True),
    line("mcp tool", "mcp__tickets__close", 5, "tickets", NEVER, 0.01, server="tickets", late=True),
    line("mcp instructions", "tickets", 300, "tickets", FOUND, 0.7, server="tickets"),
    line("skill", "shop:lint", 40, "plugin shop", NEVER, 0.1, plugin="shop"),
    line("skill", "dataviz", 480, "the client", NEVER, 1.1),
    line("agent", "checker", 25, "the project's", Use(1, 1, NOW - 9 * DAY, True), 0.05),
    line("memory", "Build", 120, "/home/sam/shop/CLAUDE.md", usd=0.3, path="/home/sam/shop/CLAUDE.md"),
    line("memory", "", 60, "/home/sam/.claude/CLAUDE.md", usd=0.1, path="/home/sam/.claude/CLAUDE.md"),
    line("hook", "SessionStart", 33, "", usd=0.07),
    line("output style", "Terse", 30, "", usd=0.06),
    line("attribution", "commits and pull requests", 150, "the client", usd=0.3),
    line("notice", "date", 13, "the client", usd=0.02),
    line("prompt", "prompt", 3, ""),
    line("frame", "parameters", 0, "the client"),
)  # fmt: skip

SENT = Sent(NOW, "2.1.328", "claude-opus-5-5", True, "", None, 0)
AUDIT = Audit(
    "/home/sam/shop", SENT, NOW - 28 * DAY, NOW, LINES, 1_204, 12, 5, 0, (4_000, 4_500, 5_000),
    Cost(2e6, 1.5), Cost(3e6, 3.0), Cost(1e6, 0.8), 3,
)  # fmt: skip
