"""Texts of every kind, made from a seed: sources, data, prose, what commands print, and what is no text at all."""

import json
import random
from collections.abc import Callable, Iterator

WORDS = """
    account amount balance basket bearer branch buffer bundle carrier ceiling channel circuit claim column compass
    counter courier credit cursor debit delta digest docket dossier driver engine entry escrow fabric factor ferry
    filter folio fraction freight garden gauge grain harbor hedge index invoice journal kernel ledger margin meter
    mirror module nozzle offset orbit packet parcel pattern pillar pocket postal prism quarry quota ratio receipt
    refund region relay render rivet router sample schema sector segment series shard signal socket sponsor stanza
    """.split()  # noqa: SIM905  (a list of quoted words is no easier to read)
Draw = random.Random


def words(draw: Draw, count: int) -> str:
    return " ".join(draw.choices(WORDS, k=count))


def name(draw: Draw) -> str:
    """One of some six thousand: about as many as 1 MB of source has."""
    return "_".join(draw.choices(WORDS, k=2)) + draw.choice(("", "", "", "", "", "", "", "2"))


def functions(head: str, statement: str, end: str) -> Callable[[Draw, int], str]:
    """A source of functions; `{n}` is a name, `{w}` words, `{i}` a number."""

    def make(draw: Draw, i: int) -> str:
        def filled(form: str) -> str:
            return form.replace("{n}", name(draw)).replace("{w}", words(draw, 4)).replace("{i}", str(i))

        return "\n".join([filled(head), *(filled(statement) for _ in range(draw.randrange(4, 30))), filled(end), ""])

    return make


def entry(draw: Draw, i: int) -> str:
    fields = [f'      "{field}": "{words(draw, 2)}"' for field in ("title", "state", "owner")]
    return ",\n".join([f'    {{\n      "id": {i}', *fields, f'      "count": {draw.randrange(9_999)}\n    }},'])


def log(draw: Draw, i: int) -> str:
    level = draw.choices(("INFO", "DEBUG", "WARN", "ERROR"), (80, 15, 4, 1))[0]
    return f"2026-11-24T10:{i // 60 % 60:02}:{i % 60:02}.{i % 1000:03}Z {level} [{name(draw)}] {words(draw, 7)} id={i}"


def access(draw: Draw, i: int) -> str:
    status = draw.choices((200, 304, 404, 503), (90, 6, 3, 1))[0]
    asked = f"GET /v1/{name(draw)} HTTP/1.1"
    return f'10.0.{i % 255}.{i % 199} - - [24/Nov/2026:10:00:{i % 60:02} +0000] "{asked}" {status} {i}'


def hunk(draw: Draw, at: int) -> str:
    lines = [f"{draw.choice('   +-')}    {words(draw, 5)}" for _ in range(9)]
    return "\n".join([f"@@ -{at},9 +{at},9 @@ def {name(draw)}():", *lines])


def listed(draw: Draw, i: int) -> str:
    return f"-rw-r--r-- 1 dev dev {i} Nov 24 10:00 {name(draw)}.py" if i % 20 else f"\n./{name(draw)}:"


def diff(draw: Draw, i: int) -> str:
    path = f"src/{name(draw)}.py"
    hunks = "\n".join(hunk(draw, at) for at in range(10, 60, 20))
    return f"diff --git a/{path} b/{path}\nindex 1{i:06x}..2{i:06x} 100644\n--- a/{path}\n+++ b/{path}\n{hunks}"


def failure(draw: Draw, i: int) -> str:
    test = name(draw)
    passed = "\n".join(f"tests/test_{name(draw)}.py::test_{name(draw)} PASSED [ {i % 99}%]" for _ in range(20))
    return (
        f"{passed}\n____________ test_{test} ____________\n\n    def test_{test}():\n>       assert {test}() == {i}\n"
        f"E       AssertionError: assert {i + 1} == {i}\n\ntests/test_{test}.py:{i % 400}: AssertionError"
    )


def random_bytes(draw: Draw, _: int) -> str:
    return draw.randbytes(400).decode("latin-1")


CURLY = ("    {n} = {n}({n}, {i}); // {w}", "}")
FILES: dict[str, Callable[[Draw, int], str]] = {
    "a.py": functions("def {n}({n}, {n}):\n    '''{w}.'''", "    {n} = {n}({n}, {i})  # {w}", "    return {n}\n"),
    "a.js": functions("export function {n}({n}, {n}) {", "  const {n} = {n}({n}, {i}) // {w}", "}"),
    "a.ts": functions("export function {n}({n}: string): number {", "  const {n} = {n}({n}, {i}) // {w}", "}"),
    "a.tsx": functions("export const {n} = ({n}) => {", "  const {n} = <div id={{n}}>{w}</div>", "}"),
    "a.go": functions("func {n}({n} int, {n} string) error {", "\t{n} := {n}({n}, {i}) // {w}", "}"),
    "a.rs": functions("fn {n}({n}: u32) -> u32 {", "    let {n} = {n}({n}, {i}); // {w}", "}"),
    "A.java": functions("class {n} {\n  int {n}(int {n}) {", "    int {n} = {n}({n}, {i}); // {w}", "  }\n}"),
    "a.c": functions("int {n}(int {n}, int {n})\n{", *CURLY),
    "a.cpp": functions("template <class T> T {n}(T {n}) {", *CURLY),
    "a.cs": functions("public int {n}(int {n}) {", *CURLY),
    "a.php": functions("function {n}(${n}) {", "    ${n} = {n}(${n}, {i}); // {w}", "}"),
    "a.kt": functions("fun {n}({n}: Int): Int {", "    val {n} = {n}({n}, {i}) // {w}", "}"),
    "a.swift": functions("func {n}({n}: Int) -> Int {", "    let {n} = {n}({n}, {i}) // {w}", "}"),
    "a.scala": functions("def {n}({n}: Int): Int = {", "    val {n} = {n}({n}, {i}) // {w}", "}"),
    "a.rb": functions("def {n}({n})", "  {n} = {n}({n}, {i}) # {w}", "end"),
    "a.sh": functions("{n}() {", '    {n}="$({n} "{w}" {i})"', "}"),
    "a.css": functions(".{n} {", "  --{n}: {i}px; /* {w} */", "}"),
    "a.sql": functions("CREATE TABLE {n} (", "    {n} integer not null, -- {w}", "    {n} text\n);"),
    "a.html": functions("<section id='{n}'>", "  <p class='{n}'>{w}</p>", "</section>"),
    "a.md": functions("## {w}\n", "{w} {w} `{n}` {w}.", "```\n{n}\n```"),
    "a.rst": functions("{w}\n--------------------------\n", "{w} {w} ``{n}`` {w}.", ""),
    "a.json": entry,
    "a.jsonl": lambda draw, i: json.dumps({"id": i, "name": name(draw), "text": words(draw, 9)}),
    "min.json": lambda draw, i: json.dumps({"id": i, "name": name(draw), "text": words(draw, 9)}) + ",\r",
    "a.yaml": functions("- id: {i}\n  name: {n}\n  steps:", "    - run: {n} --with {w}", "  done: true"),
    "a.toml": functions("[[{n}]]\nid = {i}", '{n} = "{w}"', ""),
    "a.xml": functions("<item id='{i}'>", "  <{n}>{w}</{n}>", "</item>"),
    "package-lock.json": functions('    "node_modules/{n}": {', '      "{n}": "{w}",', "    },"),
    "a.csv": lambda draw, i: f"{i},{name(draw)},{words(draw, 2)},{draw.randrange(999)},active",
    "a.log": log,
    "a.txt": functions("{w} {w}.", "{w}, {w} {w} {w}.", ""),
    "a.unknown": random_bytes,
}
OUTPUTS: dict[str, Callable[[Draw, int], str]] = {
    "docker logs app": log,
    "tail -n 9999 access.log": access,
    "git diff": diff,
    "git log": lambda draw, i: f"commit {i:040x}\nAuthor: A <a@b.c>\nDate: now\n\n    {words(draw, 8)}\n",
    "git log --oneline": lambda draw, i: f"{i:07x} {words(draw, 8)}",
    "grep -rn x src": lambda draw, i: (
        f"src/{WORDS[i // 40 % len(WORDS)]}{i // 40}.py:{i % 900}:    {name(draw)} = {words(draw, 5)}"
    ),
    "find .": lambda draw, i: f"./{WORDS[i // 50 % len(WORDS)]}/{WORDS[i // 9 % len(WORDS)]}/{name(draw)}.py",
    "ls -lR": listed,
    "pytest -v": failure,
    "npm install": lambda draw, i: f"npm http fetch GET 200 https://registry.example/{name(draw)} {i}ms (cache miss)",
    "make": lambda draw, i: f"gcc -c {name(draw)}.c\n{name(draw)}.c:{i}:3: warning: unused {name(draw)} [-Wunused]",
    "gh api": entry,
    "sqlite3 -csv shop.db": lambda draw, i: f"{i},{name(draw)},{words(draw, 2)},{draw.randrange(999)},active",
    "./one-line-json": lambda draw, i: json.dumps({"id": i, "name": name(draw), "text": words(draw, 9)}) + ",\r",
    "./script": lambda draw, i: f"{words(draw, 9)} {i}",
    "./colours": lambda draw, i: f"\x1b[32m{name(draw)}\x1b[0m {words(draw, 6)} {i}",
    "./redrawn": lambda draw, i: f"\r{i % 100:3}% |{'#' * (i % 40):40}| {name(draw)}",
    "./bytes": random_bytes,
    "./blanks": lambda _, i: " " * 300,
    "./long-words": lambda draw, i: draw.randbytes(100).hex() * 20,
}


ONE_LINE = ("min.json", "./one-line-json")


def text_of(title: str, size: int, seed: int = 5) -> str:
    """About `size` characters of the kind; parts with a carriage return at their end stay on one line, as an array."""
    make = FILES.get(title) or OUTPUTS[title]

    def parts() -> Iterator[str]:
        draw = random.Random(seed)
        left = size
        i = 0
        while left > 0:
            part = make(draw, i)
            left -= len(part) + 1
            i += 1
            yield part

    if title in ONE_LINE:
        return "[" + "".join(part.rstrip("\r") for part in parts()).rstrip(",") + "]"
    return "\n".join(parts())[:size]
