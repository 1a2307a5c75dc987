"""Templates of log lines: what Drain finds, examples and counts, and the lines that differ."""

from trimtab.content import output
from trimtab.content.outputs import logs, templates

NAMES = ("ann", "bob", "cleo", "dora", "egon")


def test_what_differs_becomes_wild() -> None:
    lines = [f"user {name} added a lamp to cart {n}" for n, name in enumerate(NAMES)] + ["disk is full"]
    found = templates.mine(list(enumerate(lines)))
    assert [(one.text(), one.rows) for one in found] == [
        ("user <*> added a lamp to cart <*>", [0, 1, 2, 3, 4]),
        ("disk is full", [5]),
    ]


def test_messages_that_share_only_what_surrounds_them_are_apart() -> None:
    lines = [f'I0301 # # proxy.go:# "{said}" node="node-#"' for said in ("Syncing pod", "Probe failed") * 4]
    assert [len(one.rows) for one in templates.mine(list(enumerate(lines)))] == [4, 4]


def test_a_rare_word_is_odd() -> None:
    lines = {n: f"order # of {NAMES[n % 5]} was {'refused' if n == 7 else 'paid'}" for n in range(20)}
    (found,) = templates.mine(list(lines.items()))
    assert templates.odd(found, lines) == [7]


def test_a_log_shows_one_line_of_each_template_and_counts_the_others() -> None:
    rows = [f"2026-03-01 10:00:{n % 60:02d} INFO cart: user {NAMES[n % 5]} added {n} lamps" for n in range(200)]
    rows[90] = "2026-03-01 10:00:30 WARN stock: lamps are down to 2"
    rows[120] = "2026-03-01 10:00:00 INFO cart: user ann removed 9 lamps"
    rows[150] = "2026-03-01 10:00:30 ERROR pay: card of bob expired"
    found = output("kubectl logs shop", "\n".join(rows))
    assert found.keep == {1, 91, 121, 151}
    facts = [fact for facts in found.facts.values() for fact in facts]
    assert "197 more like line 1: INFO cart: user <*> <*> # lamps" in facts
    assert found.dull >= {*range(2, 201)} - found.keep


def test_lines_of_a_trace_are_no_templates() -> None:
    rows = [f"2026-03-01 10:00:{n % 60:02d} INFO tick {n}" for n in range(30)]
    rows[20:20] = ["2026-03-01 10:00:20 ERROR no", "java.lang.IllegalStateException: no"]
    rows[22:22] = [f"\tat com.shop.Stage.run(Stage.java:{n})" for n in range(12)]
    found = output("docker logs shop", "\n".join(rows))
    assert sum("\tat" in found.lines[number - 1] for number in found.keep) == 4


def test_a_log_of_json_names_no_identifiers() -> None:
    row = '{"time": "2026-03-01T10:00:00Z", "level": "info", "msg": "sent mail", "user": "u%d", "req": "%x"}'
    found = output("docker logs shop", "\n".join(row % (n, n * 7919 << 20) for n in range(100)))
    assert len(found.dull) >= 98


def test_a_log_that_is_not_looked_at_to_its_end_says_so() -> None:
    rows = [f"2026-03-01 10:00:{n % 60:02d} INFO cart: added {n} lamps" for n in range(logs.MOST_MINED + 50)]
    found = output("kubectl logs shop", "\n".join(rows))
    assert f"over {logs.MOST_MINED - 1} more like line 1: INFO cart: added # lamps" in found.facts[6]


def test_every_line_that_is_bad_has_a_sign_of_it() -> None:
    bad = [
        "FATAL x",
        "CRITICAL y",
        "SEVERE z",
        "PANIC",
        "IoException: a",
        "Traceback (",
        "panic: b",
        "fatal: c",
        "error d",
        "failed e",
        "failure f",
    ]
    bad += [
        "Out of memory: Killed",
        "web exited with code 1",
        "connect ECONNREFUSED 1",
        "open ENOENT",
        "listen EADDRINUSE",
    ]
    bad += ["java.lang.RuntimeException", "E0301 10:00:01 no", "F0301 10:00:01 no", "ERROR g"]
    rows = [f"2026-03-01 10:00:{n:02d} INFO tick {n}" for n in range(30)]
    for line in bad:
        assert logs.BAD.search(line)
        assert line[0] in "EF" or any(sign in line for sign in logs.SIGNS)
        assert 11 in output("kubectl logs shop", "\n".join([*rows[:10], line, *rows[10:]])).keep
