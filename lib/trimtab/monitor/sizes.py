"""How many tokens a model bills for a text: an estimate from a few counts of its letters, digits, signs and blanks.

The bytes of the text are mapped to nine classes; ten counts of classes and of runs, each with a weight, add up to
the tokens that Claude models up to 4.6 bill. Other families bill a fixed multiple of that. `bench/attribution.py` fits
the weights and prints their errors on sessions held out; `trimtab.monitor.calibration` corrects them by the user's own
requests.
"""

from collections.abc import Callable
from operator import mul

from trimtab import tokens
from trimtab.records import Arrival

# Fitted by least absolute relative errors to 2,000 batches of tool results in public sessions of models 4.5 and 4.6,
# 2025-12 to 2026-05 (bench/attribution.py). A run of three, or of eight, counts once for each whole one.
WEIGHTS = {
    b"a": 0.2,  # small letters
    b"A": 0.576,  # capitals
    b"0": 0.876,  # digits
    b"000": -1.028,
    b".": 1.171,  # any other sign of ASCII
    b"...": -3.049,
    b" ": -0.053,
    b" " * 8: 1.553,
    b"\n": 1.655,
    b"L": 1.145,  # characters outside of ASCII
}
FRAME_TOKENS = 29  # around each result; fitted with the weights
# Chosen: what weights that were fitted to real texts may say of odd ones.
LEAST_PER_CHARACTER, MOST_PER_CHARACTER = 0.02, 2.0
PIECES, PIECE_CHARACTERS, LEAST_WEIGHED = 16, 256, 1_500  # of texts that are weighed roughly; chosen
IMAGE_TOKENS = 1_500  # Anthropic's documentation: width * height / 750, at most about 1,600
# Fitted as WEIGHTS, for arrivals that were not weighed: by tool, else by what they are.
CHARACTERS_PER_TOKEN = {"Read": 2.92, "Bash": 2.73, "Grep": 2.81, "answer": 2.91, "": 3.03}
# Tokens for one of the weights', by family and tool; fitted, but "newer" is chosen between 1.28 (15 batches in 3
# sessions of opus-4-7) and 1.36 (what tokens.FACTORS says of both families in o200k tokens).
FACTORS = {"older": {"": 1.0, "Grep": 0.967, "Agent": 0.928}, "newer": {"": 1.32}}

FactorOf = Callable[[str, str], float]


def class_of(byte: int) -> str:
    """The class of one byte of UTF-8; each character outside of ASCII has one L and else C."""
    sign = chr(byte)
    if byte >= 0x80:
        return "L" if byte >= 0xC0 else "C"
    if sign.isalpha():
        return "a" if sign.islower() else "A"
    if sign.isdigit():
        return "0"
    return {"\r": "\n", " ": " ", "\t": "\t", "\n": "\n"}.get(sign, ".")


CLASSES = "".join(map(class_of, range(256))).encode()
RUNS, USUAL_FIRST = (b"000", b"...", b" " * 8), (b"a", b" ", b".", b"0", b"A", b"\n", b"L")


def counts(text: str) -> tuple[int, ...]:
    """How often each pattern of WEIGHTS occurs in `text`, in their order; 'aB1' has one a, A and 0."""
    classes = text.encode("utf-8", "replace").translate(CLASSES)
    found = {run: classes.count(run) for run in RUNS}
    for sign in USUAL_FIRST:  # what is counted is taken out: three quarters of the time of counting in the whole
        rest = classes.translate(None, sign)
        found[sign] = len(classes) - len(rest)
        classes = rest
    return tuple([found[pattern] for pattern in WEIGHTS])


def weigh(text: str) -> int:
    """About how many tokens a Claude model up to 4.6 bills for `text`, without a frame; 0 for "", else at least 1.

    An Arrival's `tokens` holds this. Never raises.
    """
    about, size = sum(map(mul, WEIGHTS.values(), counts(text))), len(text)
    return max(round(min(max(about, LEAST_PER_CHARACTER * size), MOST_PER_CHARACTER * size)), 1) if text else 0


def weigh_roughly(text: str) -> int:
    """As `weigh`, of a long text by pieces of it: 0.1 % off it (median; 2.7 % at the 90th percentile).

    It is 0 for a short one, whose characters alone say enough. Half the time, which a first sync waits for.
    """
    size = len(text)
    if size < LEAST_WEIGHED:
        return 0
    if size <= 1.5 * PIECES * PIECE_CHARACTERS:
        return weigh(text)
    step = (size - PIECE_CHARACTERS) / (PIECES - 1)
    starts = [int(piece * step) for piece in range(PIECES)]
    part = "".join([text[start : start + PIECE_CHARACTERS] for start in starts])
    return max(1, round(weigh(part) * size / len(part)))


def factor(model_or_family: str, tool: str = "") -> float:
    """The shipped factor: tokens that the model's family bills for one of `weigh`'s."""
    family = model_or_family if model_or_family in FACTORS else tokens.family(model_or_family)
    return FACTORS[family].get(tool, FACTORS[family][""])


def estimate(text: str, tool: str = "", model_or_family: str = "", factor_of: FactorOf = factor) -> int:
    """About what a model bills for a tool's result with this text, its frame included."""
    return round(weigh(text) * factor_of(model_or_family, tool)) + FRAME_TOKENS


def weighed(arrival: Arrival) -> float:
    """Its `tokens`, or what its characters alone say."""
    per_token = CHARACTERS_PER_TOKEN.get(arrival.tool or arrival.what, CHARACTERS_PER_TOKEN[""])
    return arrival.tokens or arrival.characters / per_token


def of_arrival(arrival: Arrival, model: str, factor_of: FactorOf = factor) -> int:
    """About what a model bills for an arrival, a result's frame and images included."""
    frame = FRAME_TOKENS if arrival.what == "result" else 0
    return round(weighed(arrival) * factor_of(model, arrival.tool)) + frame + IMAGE_TOKENS * arrival.images
