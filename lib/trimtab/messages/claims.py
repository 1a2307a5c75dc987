"""What a sentence claims: a verdict, a failure, a warning, a decision, a question; and its evidence.

Patterns of plain English and of the signs that agents set. A sentence may claim several things.
"""

import re

from trimtab.relevance import words

GREETING_CHARACTERS = 160  # of the longest line that is a greeting; chosen
LOOKED_AT = 1_000  # characters of a sentence; more is data
FLAGS = re.I | re.M | re.X
VERDICT = re.compile(
    r"""\b(?: verdict | conclusions? | recommend(?:ation|ations|ed|s)? | bottom\ line | root\ cause
    | (?:the\ )?cause\ is
    | in\ short | overall | approved? | lgtm | request(?:s|ed)?\ changes | rejected | blocked | blocker
    | (?:not\ )?ready\ (?:to|for) | spec\ compliant | compliant | score | tl;dr | worth\ it
    | all\ (?:\w+\ ){0,3}(?:pass|passed|done) | \d+\ (?:tests?\ )?passed | confirmed | incomplete
    | no\ (?:\w+\ ){0,2}(?:issues|findings|problems) )\b
    | \b(?:status|result|assessment|answer|decision)\b\W{0,4}:
    | ^\W*(?:yes|no|none|nothing)\b[^a-z]{1,4} | [❌✗🔴🟠🚫⛔]""",
    FLAGS,
)
FAILURE = re.compile(
    r"""\b(?: fail(?:s|ed|ing|ures?)? | crash(?:es|ed)? | panics? | broken? | breaks | bugs? | regress\w*
    | tim(?:ed|es)\ out
    | hangs? | hung | flaky | deadlocks? | inversion | leaks? | leaked | lost | loses | loss | corrupt\w*
    | incorrect(?:ly)?
    | wrong(?:ly)? | missing | misses | missed | drops | dropped | forgets | bypass\w* | unhandled | orphan\w* | stale
    | mismatch\w* | violat\w* | contradict\w* | inconsisten\w* | duplicate[sd]? | killed | skipped | removed
    | reverted
    | deleted | gave\ up | given\ up | unsafe | vulnerab\w* | exploit\w* | inject\w* | unspecified | undefined
    | surpris\w* | deviat\w* | run\ dry | empty | gaps? | retried | read-only | zero\ bytes )\b
    | \b(?:error|defect)s?\b(?!\ (?:handling|message|type|path|check|code|wrapping)s?\b)""",
    FLAGS,
)
NEGATION = re.compile(
    r"""\b(?: not | never | nothing | nobody | none | cannot | without | neither | nor | can't | couldn't | won't
    | doesn't
    | don't | isn't | wasn't | aren't | didn't | hasn't | haven't | shouldn't | no\ longer
    | only\ (?:if|when|within|works?|after) | unless | fewer | too\ (?:few|many|long|late|small|large|short)
    | still )\b
    | \bno\ [a-z]+\b""",
    FLAGS,
)
WARNING = re.compile(
    r"""\b(?: warnings? | caution | caveats? | careful | danger\w* | risk\w* | must(?!\ have\ been) | important(?:ly)?
    | notes?(?=\W{0,3}:) | critical | blocking | severe | severity | high | urgent | deprecated | concerns?
    | issues?(?=\W{0,3}:) | problem\w* | limitations? | doubts? | assum\w+ | beware | races?
    | needs?\ (?:a\ |an\ |to\ )
    | requires? | should(?:n't)?\ (?:be|not) | locks? | exception | offline )\b
    | [⚠🟡] | \b(?:P0|P1|CWE-\d+|CVE-\d+)""",
    FLAGS,
)
DECISION = re.compile(
    r"""\b(?: i\ (?:recommend|propose|suggest|chose|decided|would|think|left|moved|deviated|prefer) | i'd | preferred?
    | decisions? | decided | chosen | instead | rather\ than | reconsider )\b
    | \bfirst\.?\*{0,2}$ | \b(?:fix(?:es)?|next|first\ finding)\b\W{0,4}:
    | ^\W*(?:\d+[.)]\s+)?(?:use|take|build|put|add|index|read\ with|replay|only\ the|in\ `)\b""",
    FLAGS,
)
HEADS = re.compile(
    r"""\b(?: findings? | failures? | failed | answers? | decisions? | verdict | conclusion | recommend\w* | important
    | critical | high | medium | blocking | blockers? | questions? | risks? | warnings? | caveats? | issues?
    | problems?
    | bugs? | missing | gaps? | can't | cannot | not | limitations? | surpris\w* | in\ short | (?:root\ )?causes?
    | bottom\ line | open | next | need\ from | must | doubts? | unresolved | deviations?
    | changes?\ (?:made|requested) )\b""",
    FLAGS,
)
QUESTION = re.compile(r"\?[\"')*_`]*\s*$|\?[\"')*_]*\s+(?=[A-Z(])")
OFFER = re.compile(
    r"""\b(?: let\ me\ know | feel\ free | happy\ to | glad\ to | would\ you\ like
    | if\ you(?:'d|\ would)\ (?:like|prefer)
    | want\ me\ to | shall\ i\ (?:go|proceed|continue) | i\ hope\ (?:this|that) | hope\ (?:this|that) | reach\ out
    | anything\ else | thank\ you | ready\ for\ the\ next | how\ you(?:'d|\ would)\ like\ to )\b""",
    FLAGS,
)
CHOICE = re.compile(r"\bor\b", FLAGS)
GREETING = re.compile(
    r"""^\W*(?:(?: perfect | excellent | great(?:\ question)? | sure | okay | ok | absolutely | certainly | done
    | all\ done
    | got\ it | now )\b[!.,]?.{0,40})?
    \b(?: i(?:'ve|\ have)?\ (?:now\ |successfully\ |just\ )*(?:have | gathered | completed | finished | conducted
    | got | read
    | searched | understand | analy[sz]ed | reviewed | looked )
    | let\ me | here(?:'s|\ is|\ are) | i'll\ (?:summari[sz]e|now|compile|create) | below\ (?:is|are) | based\ on\ my
    | you\ asked | i\ understand | after\ a\ thorough )\b""",
    FLAGS,
)
SPAN = re.compile(r"`[^`\n]*`")
PLACE = re.compile(
    r"(?<![\w@.+~/\\-])[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}"
    r"(?::\d{1,6}(?:[-–:]\d{1,6})?|\(\d{1,6},\d{1,4}\)|#L\d{1,6}(?:-L?\d{1,6})?)"
)
LINES = re.compile(
    r"\b[Ll]ines? \d{1,6}(?: ?[-–] ?\d{1,6})?(?:(?:,| and) \d{1,6}(?: ?[-–] ?\d{1,6})?)*|\bL\d{2,6}(?:-L?\d+)?"
)
NUMBER = re.compile(
    r"""(?<![\w.,\#/-])(?:  # no part of a name
    [$€]?\d[\d,.]*(?:(?:\ ?[-–/]\ ?|\ of\ )\d[\d,.]*)?\s?(?: % | [mµun]?s | secs? | seconds? | mins? | minutes?
    | hours? | h
        | days? | weeks? | months? | years? | [kKMGT]i?B | bytes? | bits? | px | [kM]?Hz | rows? | lines? | tokens?
        | requests? | runs? | times | files? | tests? | calls? | jobs? | layers? | commits? | items? | fps | x | × | €
        | dollars? )(?!\w)
    | [$€]\d[\d,.]*
    | \d{1,3}(?:,\d{3})+\b
    | \d+\.\d+(?!\w|\.\d)
    | \d+\ of\ \d+\b
    | (?<![:,])(?!(?:19|20)\d\d\b)\d{3,}(?![\w.:,-]*\w)
    )""",
    re.X,
)
VERSION = re.compile(r"\bv\d+(?:\.\d+)+\b")
HASH = re.compile(r"\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b")
PLAIN = re.compile(r"[a-z\d-]+")
NAME = re.compile(r"`([^`\n]{2,60})`")


def is_offer(sentence: str) -> bool:
    """Whether it offers more help, or thanks, and tells nothing else: no verdict, no failure, no choice to make."""
    plain = SPAN.sub("`x`", sentence[:LOOKED_AT])
    tells = any(pattern.search(plain) for pattern in (VERDICT, FAILURE, WARNING))
    is_choice = "?" in plain and CHOICE.search(plain) is not None
    return OFFER.search(plain) is not None and not tells and not is_choice


def is_greeting(sentence: str) -> bool:
    """Whether it says no more than that a report follows: short, about what was done for it, without evidence."""
    is_short = len(sentence) <= GREETING_CHARACTERS
    return is_short and not has_evidence(sentence) and not is_claim(sentence) and GREETING.match(sentence) is not None


def is_question(sentence: str) -> bool:
    """Whether it asks the reader something that is not merely an offer."""
    end = sentence[-LOOKED_AT:]
    return "?" in end and QUESTION.search(SPAN.sub("`x`", end)) is not None and not is_offer(sentence)


def has_evidence(sentence: str) -> bool:
    """Whether it names a place or a number with its unit."""
    return PLACE.search(sentence, 0, LOOKED_AT) is not None or NUMBER.search(sentence, 0, LOOKED_AT) is not None


def is_claim(sentence: str) -> bool:
    """Whether it tells a verdict, a failure, a warning, a decision, or what is not so."""
    plain = SPAN.sub("`x`", sentence[:LOOKED_AT])
    return any(pattern.search(plain) for pattern in (VERDICT, FAILURE, WARNING, DECISION, NEGATION))


def heads_claims(heading: str) -> bool:
    """Whether what stands below a heading is a claim by that: findings, failures, an answer, a decision."""
    return HEADS.search(heading, 0, LOOKED_AT) is not None


def facts_of(sentence: str) -> tuple[str, ...]:
    """Places, numbers with their units, versions, hashes, and `names` that no word of tells, each once, in order.

    What is part of another is left out: of "line 245" the 245.
    """
    found: list[tuple[int, str]] = []
    for pattern in (PLACE, LINES, NUMBER, VERSION, HASH):
        found += [(match.start(), match[0].strip()) for match in pattern.finditer(sentence, 0, LOOKED_AT)]
    found += [(match.start(), match[1]) for match in NAME.finditer(sentence, 0, LOOKED_AT) if is_silent(match[1])]
    facts = list(dict.fromkeys(word for _, word in sorted(found)))
    return tuple(fact for fact in facts if not any(fact in other and fact != other for other in facts))


def is_silent(name: str) -> bool:
    """Whether a fold names no word of `name` by itself, though it is no plain word: all are common, or short."""
    return not PLAIN.fullmatch(name) and not any(map(words.is_telling, words.words_in(name)))
