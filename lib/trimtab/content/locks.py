"""Lock files: which packages in which versions; checksums and addresses are nobody's question.

A fold names every package with its version, and nothing else of what it hides.
"""

import re
from collections.abc import Sequence

from trimtab.content import likeness
from trimtab.content.marks import Marks, marks
from trimtab.records import Block

NAMES = frozenset(
    """
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock deno.lock poetry.lock uv.lock pdm.lock
    pipfile.lock pixi.lock cargo.lock go.sum go.work.sum composer.lock gemfile.lock mix.lock flake.lock podfile.lock
    pubspec.lock packages.lock.json package.resolved gradle.lockfile buildscript-gradle.lockfile .terraform.lock.hcl
    """.split()  # noqa: SIM905  (two dozen quoted words are no easier to read)
)
SUFFIXES = (".lock", ".lockfile")
MOST_PACKAGES = 3_000  # that are named
VERSION = re.compile(r"""["']?\bversion["']?\s*[:=]?\s*["']?v?(\d[\w.+~-]*)""")
PINNED = re.compile(
    r"(?P<pip>[A-Za-z0-9][\w.-]*(?:\[[\w,]+\])?==[^\s\\;]+)|(?P<go>\S+ v\d\S*?)(?:/go\.mod)? h1:"
    r"|(?P<maven>[\w.-]+:[\w.-]+:[\w.-]+)=|    (?P<gem>[\w.-]+ \(\d[^)]*\))$"
    r"""|  ['"]?/?(?P<pnpm>@?[\w./-]+@\d[^:'"(]*)[^:]*:\s*$"""
)
KEYED = re.compile(r"(?:.*/)?node_modules/")


def is_lock(name: str) -> bool:
    """Whether a file's name is that of a lock file."""
    name = name.lower()
    return name in NAMES or name.endswith(SUFFIXES)


def mark(lines: Sequence[str]) -> Marks:
    """A block for the whole that says how many packages there are; each package is a fact and a block."""
    found = marks()
    packages = dict(sorted({**pinned(lines), **entries(lines)}.items()))
    for row, (package, last) in packages.items():
        if len(found.facts) < MOST_PACKAGES:
            found.facts[row + 1] = (package,)
        if last > row:
            found.blocks.append(Block("package", package, row + 1, row + 1, last + 1))
    if packages:
        many = len({package for package, _ in packages.values()})
        found.blocks.append(Block("lock", f"{many} locked packages", min(packages) + 1, min(packages) + 1, len(lines)))
    return found


def pinned(lines: Sequence[str]) -> dict[int, tuple[str, int]]:
    """Packages with their version on one line: by row the package, as the file writes it, and that row."""
    out: dict[int, tuple[str, int]] = {}
    said: set[str] = set()
    for row, line in enumerate(lines):
        match = PINNED.match(line[: likeness.LINE_CHARACTERS])
        package = match[match.lastgroup] if match and match.lastgroup else ""
        if package and package not in said:
            said.add(package)
            out[row] = (package, row)
    return out


def entries(lines: Sequence[str]) -> dict[int, tuple[str, int]]:
    """Packages with a version among their fields: by first row the package and its version, and the last row."""
    out: dict[int, tuple[str, int]] = {}
    for siblings in likeness.families(lines):
        for one in siblings:
            row = one.fields.get("version", -1) if one.last > one.first else -1
            version = version_of(one, row, lines)
            if version:
                out[one.first] = (f"{named(one, lines)} {version}".strip(), one.last)
    return out


def named(one: likeness.Entry, lines: Sequence[str]) -> str:
    """What a package is called, without the folder that npm puts it in and without the ranges that yarn lists."""
    name = KEYED.sub("", likeness.naming(one, lines)).partition(",")[0].strip("\"' :")
    at = name.rfind("@")
    return name[:at] if at > 0 else name


def version_of(one: likeness.Entry, row: int, lines: Sequence[str]) -> str:
    """The version in a field of an entry; yarn's first lock format writes it without a colon on the next line."""
    if row < 0 and one.last > one.first and lines[one.first].rstrip().endswith(":"):
        row = one.first + 1
    match = VERSION.search(lines[row][: likeness.LINE_CHARACTERS]) if row >= 0 else None
    return match[1] if match else ""
