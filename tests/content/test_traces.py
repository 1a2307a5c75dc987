"""Stack traces: the user's own frames next to the error are kept, other places are named, libraries' are not."""

import pytest

from trimtab.content import output

PYTHON = "\n".join(
    ["Traceback (most recent call last):"]
    + [f'  File "/p/app/part_{n}.py", line {n}, in run\n    next_{n}()' for n in range(1, 9)]
    + [
        '  File "/p/.venv/lib/python3.11/site-packages/x/y.py", line 7, in z\n    raise ValueError("no")',
        "ValueError: no",
    ]
)
JAVA = "\n".join(
    ['Exception in thread "main" java.lang.IllegalStateException: no price']
    + [f"\tat com.shop.Stage.run(Stage.java:{n})" for n in range(40, 20, -1)]
    + ["\tat java.base/java.lang.Thread.run(Thread.java:840)", "Caused by: java.lang.NullPointerException: rate"]
    + ["\tat com.shop.Rate.of(Rate.java:12)", "\tat com.shop.Rate.all(Rate.java:8)", "\t... 20 more"]
)
RUST = "\n".join(
    ["thread 'main' panicked at src/main.rs:9:5:", "index out of bounds", "stack backtrace:"]
    + ["   0: std::panicking::begin", "             at /rustc/abc/library/std/src/panicking.rs:697:5"]
    + [line for n in range(1, 8) for line in (f"   {n}: shop::stage{n}", f"             at ./src/main.rs:{n + 10}:5")]
)
GO = "\n".join(
    [
        "panic: nil map",
        "",
        "goroutine 1 [running]:",
        "main.put(...)",
        "\t/p/crash.go:4",
        "main.main()",
        "\t/p/crash.go:9 +0x1",
    ]
    + [
        f"\ngoroutine {n} [chan receive]:\nmain.wait(0xc00001)\n\t/p/crash.go:30 +0x9\ncreated by main.main"
        for n in range(2, 30)
    ]
)


@pytest.mark.parametrize(
    ("text", "kept", "named"),
    [
        (
            PYTHON,
            ['/p/app/part_1.py", line 1', '/p/app/part_8.py", line 8', "ValueError: no"],
            '/p/app/part_4.py", line 4',
        ),
        (JAVA, ["no price", "Stage.java:40", "Caused by:", "Rate.java:12"], "Stage.java:37"),
        (RUST, ["panicked at", "index out of bounds", "src/main.rs:11", "src/main.rs:17"], "src/main.rs:14"),
        (GO, ["panic: nil map", "goroutine 1 [running]", "/p/crash.go:4", "/p/crash.go:9"], ""),
    ],
)
def test_what_is_kept_and_named(text: str, kept: list[str], named: str) -> None:
    found = output("./run", text)
    shown = [found.lines[number - 1] for number in sorted(found.keep)]
    assert all(any(word in line for line in shown) for word in kept)
    facts = [fact for facts in found.facts.values() for fact in facts]
    assert not named or any(named in fact for fact in facts)
    assert not any("Thread.java" in fact or "/rustc/" in fact or "site-packages" in fact for fact in facts)
    assert len(shown) <= 0.6 * len(found.lines)


def test_the_same_frames_again_are_not_kept() -> None:
    found = output("./run", GO)
    assert sum("crash.go:30" in found.lines[number - 1] for number in found.keep) == 1
