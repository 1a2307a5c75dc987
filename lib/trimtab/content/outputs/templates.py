"""Templates of log lines: Drain (He et al., ICWS 2017), a tree of fixed depth whose leaves hold what lines share.

Lines are parted by how many words they have and by the first of those that are no values; in a leaf a line joins the
template with which it shares most words, if those are half of them, and what differs becomes `<*>`. On five logs it
finds what drain3 0.9.11 finds, in 8 ms for 1,300 lines where that takes 6; drain3 has no wheel, and the environment is
made of wheels alone. `user ann added a lamp`, `user bob added a rug` give `user <*> added a <*>`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WILD = "<*>"
DEPTH = 1  # words by which lines are parted
ALIKE = 0.5  # of the words, that a line shares with its template; chosen (drain3 takes 0.4)
MOST_IN_LEAF = 30  # templates that a line is compared with
MOST_WORDS = 60  # of a line that are compared
USUAL, MOST_VALUES = (
    0.8,
    5,
)  # of a template's lines that have a word where the others have other words, for those to be odd
VALUE = re.compile(r"[\d#]|^\W+$")  # what a word has that says nothing: numbers, masked or not, signs alone


@dataclass(slots=True)
class Template:
    """What lines share; `rows` are theirs, in order."""

    words: list[str]
    rows: list[int]

    def text(self) -> str:
        return " ".join(self.words)


class Leaf:
    """The newest MOST_IN_LEAF templates of one length, which are found by their words: most lines share few."""

    def __init__(self, size: int) -> None:
        self._templates: dict[int, Template] = {}  # by number, the oldest first
        self._holders: list[dict[str, list[int]]] = [{} for _ in range(size)]  # by place and word, their numbers
        self._made = 0

    def closest(self, words: Sequence[str], is_value: Mapping[str, bool]) -> Template | None:
        """The template that shares most words with a line, at least ALIKE of those that say something.

        Of several it is the newest, but the oldest of those that share all.
        """
        telling = [at for at, word in enumerate(words) if not is_value[word]] or range(len(words))
        places = [numbers for at in telling if (numbers := self._holders[at].get(words[at]))]
        if not places or len(places) < ALIKE * len(telling):  # no template can share more
            return None
        shared: dict[int, int] = {}
        for numbers in places:
            for number in numbers:
                shared[number] = shared.get(number, 0) + 1
        most = max(shared.values())
        if most < ALIKE * len(telling):
            return None
        pick = min if most == len(telling) else max
        return self._templates[pick(number for number, count in shared.items() if count == most)]

    def add(self, template: Template) -> None:
        number = self._made
        self._made += 1
        self._templates[number] = template
        for holders, word in zip(self._holders, template.words, strict=True):
            if word in holders:
                holders[word].append(number)
            else:
                holders[word] = [number]
        if len(self._templates) > MOST_IN_LEAF:
            oldest = next(iter(self._templates))
            for holders, word in zip(self._holders, self._templates.pop(oldest).words, strict=True):
                if holders[word] == [oldest]:
                    del holders[word]
                else:
                    holders[word].remove(oldest)

    def widen(self, template: Template, words: Sequence[str]) -> None:
        """Make wild what a line has otherwise."""
        number = next(number for number, one in self._templates.items() if one is template)
        for at, (ours, other) in enumerate(zip(template.words, words, strict=True)):
            if ours not in (other, WILD):
                template.words[at] = WILD
                self._holders[at][ours].remove(number)
                self._holders[at].setdefault(WILD, []).append(number)


def mine(lines: Sequence[tuple[int, str]]) -> list[Template]:
    """The templates of (row, line), in the order in which they first appear. Never raises."""
    leaves: dict[tuple[object, ...], Leaf] = {}
    is_value: dict[str, bool] = {}
    found: list[Template] = []
    for row, line in lines:
        words = line.split(None, MOST_WORDS)[:MOST_WORDS]
        for word in words:
            if word not in is_value:
                is_value[word] = VALUE.search(word) is not None
        key = (len(words), *(WILD if is_value[word] else word for word in words[:DEPTH]))
        leaf = leaves.get(key)
        if leaf is None:
            leaf = leaves[key] = Leaf(len(words))
        best = leaf.closest(words, is_value)
        if best is None:
            best = Template(list(words), [])
            found.append(best)
            leaf.add(best)
        elif best.words != words:
            leaf.widen(best, words)
        best.rows.append(row)
    return found


def odd(template: Template, lines: Mapping[int, str]) -> list[int]:
    """The rows that have another word in a place where nearly all of the template's have one: `refused` for `paid`."""
    found: set[int] = set()
    wild = [at for at, word in enumerate(template.words) if word == WILD]
    split = [(row, lines[row].split(None, MOST_WORDS)) for row in template.rows] if wild else []
    for at in wild:
        values = Counter(words[at] for _, words in split)
        common, times = values.most_common(1)[0]
        if len(values) <= MOST_VALUES and times >= USUAL * len(split):
            found.update(row for row, words in split if words[at] != common)
    return sorted(found)
