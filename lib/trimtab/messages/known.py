"""What a message says that its receiver holds already: it wrote it, it was told it earlier, or the message repeats it.

Of the task that the receiver wrote, and of earlier reports, a sentence is held when it stands there word for word as a
sentence: an answer is made of the question's words, so fewer prove nothing. One that says itself that it tells the task
again may do so in other words. What the message says above is held when its words are all in one passage, a few
sentences in a row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from trimtab.messages import claims, parts
from trimtab.messages.parts import Role

WORD = re.compile(r"[\w./:-]*\w")
LEAST_WORDS = 4  # of a sentence that can be a repetition; fewer are found anywhere
PASSAGE = 3  # sentences in a row that may be told again as one
SHARED = 0.8  # of a sentence's words; "you asked" and "I" before the task are its own. Of a claim all: "not" is a word
EXACT = 1e-9
RESTATES = re.compile(
    r"\W*(?:you (?:asked|want)|i was asked|(?:the|my|your) (?:task|request)\b|as (?:requested|asked))", re.I
)
STOP = frozenset(
    """a an the of to in on for by with at from as is are was were be been it its this that these those and or but so i
    you we my your our me us if then than there here has have had do does did will would can could should may""".split()  # noqa: SIM905
)


def words_of(sentence: str) -> frozenset[str]:
    """Its words in small letters, without those that only hold it together."""
    return frozenset(word.lower().strip("./:-") for word in WORD.findall(sentence)) - STOP


class Said:
    """The passages that were said so far, to ask whether a sentence tells them again."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._passages: list[frozenset[str]] = []
        self._having: dict[str, list[int]] = {}  # by word, the passages
        for text in texts:
            self.hear(map(words_of, sentences_of(text)))

    def hear(self, sentences: Iterable[frozenset[str]]) -> None:
        """Take in the words of sentences that follow each other."""
        row: list[frozenset[str]] = []
        for words in sentences:
            row = [*row[1 - PASSAGE :], words] if PASSAGE > 1 else [words]
            for word in words.union(*row):
                self._having.setdefault(word, []).append(len(self._passages))
            self._passages.append(words.union(*row))

    def has(self, words: frozenset[str], shared: float = 1.0) -> bool:
        """Whether one passage has so many of these words; of what stands apart (numbers, paths) all."""
        if len(words) < LEAST_WORDS:
            return False
        telling = {word for word in words if not word.isalpha()}
        rarest = sorted(words, key=lambda word: len(self._having.get(word, ())))
        most_foreign = int(len(words) * (1 - shared) + EXACT)
        for word in rarest[: most_foreign + 1]:  # a passage that has enough of them has one of these
            for at in self._having.get(word, ()):
                passage = self._passages[at]
                if telling <= passage and len(words - passage) <= most_foreign:
                    return True
        return False


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a text, in order; code is none."""
    lines = text.split("\n")
    for line, role in zip(lines, parts.roles(lines), strict=True):
        if role not in (Role.BLANK, Role.FENCE, Role.CODE):
            yield from parts.sentences(line)


def plain(sentence: str) -> str:
    """Its words in small letters, in order."""
    return " ".join(word.lower() for word in WORD.findall(sentence))


def is_held(sentence: str, given: frozenset[str], told: Said, above: Said) -> bool:
    """Whether it is one of those `given`, says itself that it tells again what was `told`, or repeats what is above."""
    words = words_of(sentence)
    if (plain(sentence) in given and len(words) >= LEAST_WORDS) or (
        RESTATES.match(sentence) and told.has(words, SHARED)
    ):
        return True
    is_own = claims.is_claim(sentence) or claims.is_question(sentence) or claims.has_evidence(sentence)
    return above.has(words, 1.0 if is_own else SHARED)


def held(lines: Sequence[str], roles: Sequence[Role], texts: Iterable[str]) -> frozenset[int]:
    """The numbers of the lines that say what `texts` or lines above them have said: prose and items alone."""
    known = tuple(texts)
    given = frozenset(plain(sentence) for text in known for sentence in sentences_of(text))
    told, above = Said(known), Said()
    found = set()
    for number, (line, role) in enumerate(zip(lines, roles, strict=True), 1):
        if role in (Role.BLANK, Role.FENCE, Role.CODE, Role.HEADING, Role.HEADER):
            continue
        sentences = parts.sentences(line)
        if role is not Role.ROW and all(is_held(sentence, given, told, above) for sentence in sentences):
            found.add(number)
        else:
            above.hear(map(words_of, sentences))
    return frozenset(found)
