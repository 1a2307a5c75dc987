"""A report of an agent -> its lines and blocks, what every view shows of it, and what a fold has to name.

Shown: verdicts, failures, warnings, decisions, questions. Named: places, numbers with their units, hashes, names. What
the receiver holds already, greetings and offers are neither. A copy of a file's lines is named by their place.
"""

from collections.abc import Mapping, Sequence

from trimtab.content import outputs, prose
from trimtab.content import tables as grid
from trimtab.content.marks import Marks, marks
from trimtab.content.nesting import nest
from trimtab.messages import claims, copies, known, parts
from trimtab.messages.parts import Fenced, Role
from trimtab.records import Block, Content

KIND = "report"
PRINTED = frozenset({"", "text", "txt", "console", "log", "output", "plaintext", "shell-session", "plain"})
LONG_TABLE = 30  # rows; of a longer one those that differ are shown, and its numbers are not named
MOST_HEADED = 8  # items below a heading of claims; chosen


def read(text: str, held: Sequence[str] = (), files: Mapping[str, str] | None = None) -> Content:
    """`text` with its blocks. `held` are texts that the receiver has: its task, earlier reports; `files` are by path.

    Never raises. `lines` are those of the text, of long paragraphs the sentences.
    """
    lines = parts.laid_out(text)
    roles = parts.roles(lines)
    found = marks(prose.markdown(lines) if lines else ())
    found.blocks = [block for block in found.blocks if block.kind != "code"]
    found.blocks += [*lists(lines, roles), *tables(lines, roles, found)]
    copied = copies.copies(lines, files or {})
    for fenced in parts.fences(lines):
        fence(lines, fenced, copied.get(fenced, ""), found)
    quoted = {number for fenced in copied for number in range(fenced.first, fenced.last + 1)}
    told: set[str] = set()
    dull = known.held(lines, roles, held)
    for number, (line, role) in enumerate(zip(lines, roles, strict=True), 1):
        if number in dull or claims.is_offer(line) or (claims.is_greeting(line) and role is Role.PROSE):
            found.dull.add(number)
        elif role not in (Role.BLANK, Role.FENCE) and number not in quoted:
            claim(number, line, role, found, told)
    keep_choices(lines, roles, found)
    keep_headed(lines, roles, found)
    found.keep -= found.dull
    blocks = nest(found.blocks, len(lines))
    return Content(
        KIND, tuple(lines), blocks, frozenset(found.keep), found.facts, frozenset(found.dull), frozenset(found.point)
    )


def claim(number: int, line: str, role: Role, found: Marks, told: set[str]) -> None:
    """What one line adds: whether it is shown, and the facts that it is the first to tell."""
    facts: list[str] = []
    if role is Role.CODE or number in found.dull:
        facts += [match[0] for match in claims.PLACE.finditer(line, 0, claims.LOOKED_AT)]
    elif role is not Role.HEADER:
        facts += claims.facts_of(line)
        if role in (Role.PROSE, Role.ITEM, Role.ROW) and (claims.is_question(line) or claims.is_claim(line)):
            found.keep.add(number)
    new = [fact for fact in facts if fact.lower() not in told]
    told.update(map(str.lower, new))
    if new:
        found.facts[number] = tuple(dict.fromkeys((*found.facts.get(number, ()), *new)))


def fence(lines: Sequence[str], fenced: Fenced, place: str, found: Marks) -> None:
    """A fenced block: of a copy the place; of what a program printed what is kept of that; else code."""
    first, last, language = fenced
    found.blocks.append(Block("code", "" if place else language, first, first, last))
    if place:
        found.facts[first + 1] = (place,)  # with the fence alone nothing of the copy is shown
        found.dull.update(range(first, last + 1))
    elif language in PRINTED and last - first > 1:
        printed = outputs.parse("", "\n".join(lines[first : last - 1]))
        if len(printed.lines) == last - first - 1:
            shifted = Marks([], set(printed.keep), dict(printed.facts), set(printed.dull)).shifted(first)
            found.add(shifted)


def lists(lines: Sequence[str], roles: Sequence[Role]) -> list[Block]:
    """A block for each list with the line that leads to it, and for each item that has deeper ones."""
    out = []
    row = 0
    while row < len(lines):
        if roles[row] is not Role.ITEM:
            row += 1
            continue
        last = end_of_list(lines, roles, row)
        lead = row - 1
        while lead >= 0 and row - lead < 3 and roles[lead] is Role.BLANK:
            lead -= 1
        if lead >= 0 and roles[lead] is Role.PROSE and lines[lead].rstrip().endswith((":", ":**")):
            out.append(Block("list", "", lead + 1, lead + 1, last + 1))
        out += nested(lines, roles, row, last)
        row = last + 1
    return out


def end_of_list(lines: Sequence[str], roles: Sequence[Role], row: int) -> int:
    """The last row of the list that begins on `row` (from 0): its items, what is indented below, blanks between."""
    last = at = row
    while at < len(lines):
        if roles[at] is Role.ITEM or (roles[at] is not Role.BLANK and indent(lines[at]) > 0):
            last = at
        elif roles[at] is not Role.BLANK:
            break
        at += 1
    return last


def nested(lines: Sequence[str], roles: Sequence[Role], first: int, last: int) -> list[Block]:
    """The items of a list that have something indented below them, each a block."""
    out = []
    for row in range(first, last + 1):
        if roles[row] is not Role.ITEM:
            continue
        end = row
        while end < last and (roles[end + 1] is Role.BLANK or indent(lines[end + 1]) > indent(lines[row])):
            end += 1
        while roles[end] is Role.BLANK:
            end -= 1
        if end > row:
            out.append(Block("item", "", row + 1, row + 1, end + 1))
    return out


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def tables(lines: Sequence[str], roles: Sequence[Role], found: Marks) -> list[Block]:
    """A block for each table, whose head is its header and rule. A long one's rows that do not differ are dull."""
    out = []
    row = 0
    while row < len(lines):
        if roles[row] is not Role.HEADER:
            row += 1
            continue
        last = row
        while last + 1 < len(lines) and roles[last + 1] in (Role.HEADER, Role.ROW):
            last += 1
        many = last - row - 1
        name = f"{many} rows of {' '.join(lines[row].replace('|', ' ').split())}"[:60] if many > LONG_TABLE else ""
        out.append(Block("table", name, row + 1, min(row + 2, last + 1), last + 1))
        if many > LONG_TABLE:
            from_table = grid.mark(lines[row : last + 1], "|")
            found.add(Marks([], set(from_table.keep), {}, set(from_table.dull) - from_table.keep).shifted(row))
        row = last + 1
    return out


def keep_choices(lines: Sequence[str], roles: Sequence[Role], found: Marks) -> None:
    """The items of a list that follows a question are what to choose from: they are kept with it."""
    for number in sorted(found.keep):
        if not claims.is_question(lines[number - 1]) or roles[number - 1] is Role.ROW:
            continue
        at = number
        while at < len(lines) and roles[at] is Role.BLANK:
            at += 1
        while at < len(lines) and roles[at] is Role.ITEM and not claims.is_question(lines[at]):
            found.keep.add(at + 1)
            at += 1


def keep_headed(lines: Sequence[str], roles: Sequence[Role], found: Marks) -> None:
    """Below a heading of claims the first sentence is kept, and the first MOST_HEADED items of a list before it."""
    for row, role in enumerate(roles):
        if role is not Role.HEADING or not claims.heads_claims(lines[row]):
            continue
        at, items = row + 1, 0
        while at < len(lines) and roles[at] in (Role.BLANK, Role.ITEM, Role.PROSE) and items < MOST_HEADED:
            if roles[at] is not Role.BLANK and at + 1 not in found.dull:
                found.keep.add(at + 1)
                items += 1
                if roles[at] is Role.PROSE and indent(lines[at]) == 0:
                    break
            at += 1
