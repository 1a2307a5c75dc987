"""`trimtab view`: what an agent would see of a file, with figures that are counts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from trimtab import tiers, tokens
from trimtab.cli import view
from trimtab.relevance import interest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """60 functions of 12 lines each, one of them called `wanted_thing`."""
    names = [f"function_{number}" if number != 33 else "wanted_thing" for number in range(60)]
    body = "".join(f"    value = transform(value, {n}, key='some key {n}')\n" for n in range(9))
    text = "".join(
        f'def {name}(value: int) -> int:\n    """Does {name}."""\n{body}    return value\n\n\n' for name in names
    )
    path = tmp_path / "code.py"
    path.write_text(text)
    return path


def split(out: str) -> tuple[list[str], str]:
    """The view's lines, and the figures (which may be wrapped)."""
    body, _, figures = out.rstrip("\n").rpartition("\nessential:")
    return body.split("\n"), " ".join(f"essential:{figures}".split())


def test_a_view_has_true_numbers_and_folds_that_cover_the_rest(code: Path, run: Run) -> None:
    status, out, err = run("view", code, "--tier", "essential")
    assert (status, err) == (0, "")
    lines, _ = split(out)
    source = code.read_text().split("\n")
    seen: list[int] = []
    for line in lines:
        fold = tiers.FOLD_LINE.fullmatch(line)
        if fold:
            seen += range(int(fold[1]), int(fold[1]) + int(fold[2]))
        else:
            number, _, text = line.partition("\t")
            assert source[int(number) - 1] == text
            seen.append(int(number))
    assert seen == list(range(1, len(source) + 1))


def test_the_figures_are_counts(code: Path, run: Run) -> None:
    _, figures = split(run("view", code, "--tier", "essential")[1])
    found = re.match(r"essential: ([\d,]+) of ([\d,]+) tokens \((\d+) %, counted\), (\d+) folds; as asked for", figures)
    assert found, figures
    whole = "\n".join(f"{n}\t{line}" for n, line in enumerate(code.read_text().split("\n"), 1))
    assert int(found[2].replace(",", "")) == tokens.count(whole)
    assert int(found[1].replace(",", "")) < 0.2 * int(found[2].replace(",", ""))


def test_the_prompt_decides_what_is_shown(code: Path, run: Run) -> None:
    shown = run("view", code, "--tier", "essential", "--prompt", "fix wanted_thing")[1]
    assert re.search(r"^\d+\tdef wanted_thing", shown, re.M)


def test_without_a_tier_the_policy_chooses_and_says_why(code: Path, run: Run) -> None:
    _, out, _ = run("view", code, "--level", "minimal")
    figures = " ".join(out[out.rindex("\ncomp") :].split())  # minimal never goes below comprehensive
    assert re.search(r"folds; level minimal: costs 0\.\d+ of the whole with \d\.\d+ misses expected$", figures)


def test_complete_is_the_whole(code: Path, run: Run) -> None:
    _, out, _ = run("view", code, "--tier", "complete")
    assert "(100 %, counted); as asked for" in out
    assert "... " not in out


def test_a_small_file_is_whole(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    out = run("view", tmp_path / "a.py")[1]
    assert out.startswith("1\tx = 1\n2\t\n")
    assert "small" in out


@pytest.mark.parametrize(("body", "says"), [(b"a\0b", "NUL"), (b"caf\xe9 \xff", "UTF-8"), (b"x" * 300_000, "300 kB")])
def test_what_agents_do_not_get_as_text_is_refused(body: bytes, says: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_bytes(body)
    status, out, err = run("view", tmp_path / "file")
    assert (status, out) == (1, "")
    assert says in err


def test_files_are_read_as_the_client_reads_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert view.read(tmp_path / "a") == "a\nb\rc\n"


def test_a_terminal_gets_colours_and_no_control_characters() -> None:
    out = Console(force_terminal=True, width=80, color_system="standard", highlight=False)
    with out.capture() as capture:
        view.draw(out, "1\tplain\n2\tevil \x1b[31m\n... Read offset=3 limit=7: a")
    lines = capture.get().splitlines()
    assert lines[0] == "\x1b[2m    1 \x1b[0mplain"
    assert "evil ?[31m" in lines[1]
    assert lines[2] == "\x1b[36m... Read offset=3 limit=7: a\x1b[0m"


def test_why_says_what_speaks_for_a_line(code: Path, run: Run) -> None:
    _, out, _ = run("view", code, "--prompt", "Why is wanted_thing slow?", "--why")
    assert f"{interest.ASKED:.1%}" == "0.8%"  # the prompt has the name
    assert re.search(r"^line \d+: \d+\.\d per mille; wanted_thing is of interest \(0\.8%, one of 2\)", out, re.M)
    assert re.search(r"the prompt names wanted_thing, which ends at line \d+", out)
    assert re.search(r"any other line: \d+\.\d per mille; \d+ words", out, re.M)
