"""Real outputs and files, each with the facts that must survive, and what a view makes of them.

`FAMILY/command` (of a file `path`), `output.txt` and `needles.txt`: one string a line that a view has to have in it,
shown or named by a fold; after `!` one that it must not have.
"""

from pathlib import Path
from typing import NamedTuple

from trimtab import policy, tiers, tokens
from trimtab.handlers import loads, parsed
from trimtab.records import OptimizationLevel, Prices
from trimtab.relevance import Interest

FOLDER = Path(__file__).parent
FAMILIES = sorted(path.parent.name for path in FOLDER.glob("*/needles.txt"))


class Family(NamedTuple):
    """`command` is what printed the text, or the path of the file that it is."""

    command: str
    text: str
    needles: tuple[str, ...]
    never: tuple[str, ...]
    is_file: bool = False


def family(name: str) -> Family:
    lines = (FOLDER / name / "needles.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "!"))]
    is_file = (FOLDER / name / "path").is_file()
    return Family(
        (FOLDER / name / ("path" if is_file else "command")).read_text(encoding="utf-8").strip(),
        (FOLDER / name / "output.txt").read_text(encoding="utf-8").rstrip("\n"),
        tuple(wanted),
        tuple(line[1:] for line in lines if line.startswith("!")),
        is_file,
    )


def view_of(of: Family, level: OptimizationLevel) -> str:
    """What an agent that has just begun is shown of an output, or of a file that it reads whole."""
    tool = "Read" if of.is_file else "Bash"
    path = f"/home/dev/project/{of.command}" if of.is_file else ""
    whole = parsed.parse(loads.Loaded(tool, path or of.command, of.text, start=int(of.is_file)))
    factor = tokens.FACTORS[tokens.family("")][tool]
    now = policy.Circumstances(Prices(2.0, 0.1, 5.0), 20_000, factor, level, policy.requests_to_come(0))
    choice = policy.choose(whole.plan, parsed.need_of(whole, Interest(), tool, path), 1, now, of.is_file)
    return choice.view.text if choice.view else sent(of)


def sent(of: Family) -> str:
    """What the client sends where nothing is trimmed: a file has its line numbers."""
    return tiers.numbered(of.text, 1) if of.is_file else of.text
