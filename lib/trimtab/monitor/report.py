"""The plain report: at most 80 columns, for a terminal without colours and for the client's own messages."""

import csv
import io
import textwrap
from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

from trimtab.monitor.summary import Summary, UsageRow

WIDTH = 80
BAR = 34  # columns of the longest bar, so that the widest line has 80
FILES = 4  # chosen: the whole report fits a screen
MODELS = 3
EIGHTHS = " ▏▎▍▌▋▊▉"

METHOD = (
    "Saved is net of later fetches and our own text, against what the client would have sent,"
    " priced as written to the cache once, then read by each request."
)
NOTHING = [
    "Trimtab: nothing is recorded here yet.",
    "Ask the agent to read a long file (views begin at a few hundred lines), then look again.",
    "If this stays empty, `trimtab doctor` says why.",
]


def lines(summary: Summary) -> list[str]:
    """The report's lines; about 25, none over 80 columns."""
    if not summary.total.loads and not summary.usage:
        return [line for text in NOTHING for line in textwrap.wrap(text, WIDTH)]
    parts = [heading(summary), saved(summary), tiers(summary), files(summary), usage(summary), notes(summary)]
    text: list[str] = []
    for part in parts:
        if part:
            text += ["", *part] if text else part
    return text


def heading(summary: Summary) -> list[str]:
    loads, sessions = summary.total.loads, summary.sessions
    ago = "" if summary.last_at is None else f", last active {elapsed(summary.now - summary.last_at)} ago"
    return [f"Trimtab: {number(loads, 'load')} in {number(sessions, 'session')}{ago}"]


def saved(summary: Summary) -> list[str]:
    """The way from what was loaded to what was saved net, as bars of one scale."""
    total = summary.total
    if not total.loads:
        return ["No load was recorded yet: only usage."]
    rows = [
        ("Loaded", total.raw_tokens, "tokens"),
        ("Shown", total.shown_tokens, percent(total.shown_tokens, total.raw_tokens)),
        ("Fetched later", total.recovered_tokens, number(total.recoveries, "recovery", "recoveries")),
        ("Added by Trimtab", total.added_tokens, ""),
        ("Net saved", total.net_tokens, percent(total.net_tokens, total.raw_tokens)),
    ]
    text = [
        f"{name:<17}{tokens:>11,}  {bar(tokens, total.raw_tokens):<{BAR}} {remark}".rstrip()
        for name, tokens, remark in rows
    ]
    return text + textwrap.wrap(price_effect(summary), WIDTH, subsequent_indent="  ")


def price_effect(summary: Summary) -> str:
    """What the net saving is worth, in one sentence."""
    total = summary.total
    if not total.net_units:
        return "No request has carried it yet, so it has no price."
    units, billed = f"{short(abs(total.net_units))} uncached input tokens", short(abs(total.net_billed))
    worth = units if total.net_usd is None else dollars(abs(total.net_usd))
    share = "" if summary.saved_share is None else f": {abs(summary.saved_share):.1%}"
    basis = f"{billed} tokens as billed" if worth == units else f"{units}; {billed} tokens as billed"
    if total.net_units > 0:
        return f"Worth {worth}{share} of the cost without Trimtab ({basis})."
    return f"A loss of {worth}{share} over the cost without Trimtab ({basis})."


def tiers(summary: Summary) -> list[str]:
    """One row for each tier that was used."""
    used = [row for row in summary.by_tier if row.loads]
    if not used:
        return []
    header = f"{'Tier':<17}{'loads':>11}{'loaded':>13}{'shown':>13}{'fetched later':>15}{'net':>11}"
    return [header] + [
        f"{row.name:<17}{row.loads:>11,}{short(row.raw_tokens):>13}{short(row.shown_tokens):>13}"
        f"{short(row.recovered_tokens):>15}{short(row.net_tokens):>11}"
        for row in used
    ]


def files(summary: Summary) -> list[str]:
    """What saved most, and what lost most when something did."""
    changed = [row for row in summary.by_path if row.net_tokens]
    if not changed:
        return []
    top = changed[:FILES]
    if changed[-1].net_tokens < 0 and changed[-1] not in top:
        top = [*top[: FILES - 1], changed[-1]]
    most = max(abs(row.net_tokens) for row in top)
    return [f"{'Most saved':<40}{'loaded':>9}{'net':>9}"] + [
        f"{padded(row.name, 40)}{short(row.raw_tokens):>9}{short(row.net_tokens):>9}"
        f"  {bar(row.net_tokens, most, WIDTH - 60)}".rstrip()
        for row in top
    ]


def usage(summary: Summary) -> list[str]:
    """What the requests used, by model and class."""
    if not summary.usage:
        return []
    header = f"{'Usage':<22}{'requests':>8}{'input':>9}{'write':>9}{'read':>9}{'output':>9}{'cost':>14}"
    text = [header] + [usage_line(row) for row in summary.usage[:MODELS]]
    if len(summary.usage) > MODELS:
        text.append(f"  and {number(len(summary.usage) - MODELS, 'model')} more")
    return text


def usage_line(row: UsageRow) -> str:
    write = row.write_5m_tokens + row.write_1h_tokens
    cost = "no price" if row.usd is None else dollars(row.usd)
    return (
        f"{padded(row.model or 'unknown', 22)}{row.requests:>8,}{short(row.input_tokens):>9}{short(write):>9}"
        f"{short(row.read_tokens):>9}{short(row.output_tokens):>9}{cost:>14}"
    )


def notes(summary: Summary) -> list[str]:
    """How sure the figures are."""
    text = [METHOD] if summary.total.net_units else []
    if summary.total.loads:
        counted = summary.counted_share or 0.0
        how = {0.0: "estimated", 1.0: "counted"}.get(counted, f"{counted:.0%} counted, the rest estimated")
        bill = "usage is as billed, of responses recorded here (of all sessions: `report --by model`)"
        text.append(f"Tokens of loads are o200k_base, {how}; {bill}.")
    if summary.refused_views or summary.unconfirmed_views:
        text.append(confirmed(summary))
    if summary.usage:
        factors = "; ".join(
            f"{row.model or 'unknown'} {row.factor.value:.2f} ({'learned' if row.factor.learned else 'initial'})"
            for row in summary.usage[:MODELS]
        )
        text.append(f"Billed tokens for one o200k token: {factors}.")
    if summary.unpriced_models:
        text.append(f"No price is known for {', '.join(name or 'unknown' for name in summary.unpriced_models)}.")
    return [line for note in text for line in textwrap.wrap(note, WIDTH, subsequent_indent="  ")]


def confirmed(summary: Summary) -> str:
    """Which views the transcript does not show."""
    parts = []
    if summary.unconfirmed_views:
        views, tokens = number(summary.unconfirmed_views, "view"), short(summary.unconfirmed_tokens)
        parts.append(f"{views} ({tokens} tokens saved) not yet seen in the transcript")
    if summary.refused_views:
        parts.append(f"{number(summary.refused_views, 'view')} not taken by the client")
    return f"Not counted as saved: {', '.join(parts)}."


def bar(figure: float, whole: float, width: int = BAR) -> str:
    """A bar of eighths of a column; empty for what is not positive, at least an eighth for what is."""
    if figure <= 0 or whole <= 0:
        return ""
    eighths = max(round(min(figure / whole, 1) * width * 8), 1)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def short(figure: float) -> str:
    """A figure in at most 7 characters: 99,999 then 100k then 10.0M; -1,234."""
    size = abs(figure)
    if size < 99_999.5:
        return f"{figure:,.0f}"
    if size < 9_999_500:
        return f"{figure / 1_000:,.0f}k"
    return f"{figure / 1_000_000:,.1f}M" if size < 999_950_000 else f"{figure / 1_000_000_000:,.1f}G"


def dollars(figure: float) -> str:
    """$12.34, smaller amounts with two digits that count ($0.0042), from 10,000 on whole dollars: $12,345."""
    size, sign = abs(figure), "-" if figure < 0 else ""
    if size >= 9_999.995:
        return f"{sign}${size:,.0f}"
    if size >= 0.995 or size == 0:
        return f"{sign}${size:,.2f}"
    return f"{sign}${size:.3f}" if size >= 0.0995 else f"{sign}${size:.4f}"


def percent(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else ""


def number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def elapsed(seconds: float) -> str:
    """A time span in its largest unit."""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return number(int(seconds // size), word)
    return "under a minute"


def as_csv(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values. What is not known is empty.

    A text is such that no terminal obeys it and no spreadsheet takes it for a formula: control characters are `?`, and
    what begins with = + - or @ gets a ' before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    text = printable(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def printable(text: str) -> str:
    """The text with `?` for control characters, which a terminal would obey."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def fitted(text: str, width: int) -> str:
    """The end of a name that has more than `width` columns, which tells more than its beginning; printable."""
    text = printable(text)
    if columns(text) <= width:
        return text
    kept, left = len(text), width - 1
    while kept and (left := left - columns(text[kept - 1])) >= 0:
        kept -= 1
    return f"…{text[kept:]}"


def padded(text: str, width: int) -> str:
    """A name as the first of a row's cells: `width` columns, the last of which is blank."""
    shown = fitted(text, width - 1)
    return shown + " " * (width - columns(shown))


def columns(text: str) -> int:
    """How many columns of a terminal a printable text takes: a Chinese letter or an emoji two, an accent none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(sign) else 1 + (east_asian_width(sign) in "WF") for sign in text)
