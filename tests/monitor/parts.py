"""A part with figures of its own, for tests of what is made of parts."""

from trimtab.monitor.parts import Part

BASE = Part(
    session="s", agent="", agent_type="", project="/p", model="claude-opus-4-5", what="result", tool="", target="",
    id="", at=0.0, tokens=0, is_measured=False, is_error=False, carried=1, input_tokens=0, write_5m_tokens=0,
    write_1h_tokens=0, read_tokens=0, output_tokens=0, units=0.0, usd=0.1, left_at=None,
)  # fmt: skip


def part(what: str, **fields: object) -> Part:
    return BASE._replace(what=what, **fields)  # type: ignore[arg-type]
