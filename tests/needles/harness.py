"""Real outputs, each with the facts that must survive, and what a view makes of them.

`FAMILY/command`, `output.txt` and `needles.txt`: one string a line that a view has to have in it, shown or named by a
fold; after `!` one that it must not have.
"""

from pathlib import Path
from typing import NamedTuple

from trimtab import policy, tokens
from trimtab.handlers import loads, parsed
from trimtab.records import OptimizationLevel, Prices
from trimtab.relevance import Interest

FOLDER = Path(__file__).parent
FAMILIES = sorted(path.parent.name for path in FOLDER.glob("*/needles.txt"))


class Family(NamedTuple):
    command: str
    text: str
    needles: tuple[str, ...]
    never: tuple[str, ...]


def family(name: str) -> Family:
    lines = (FOLDER / name / "needles.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "!"))]
    return Family(
        (FOLDER / name / "command").read_text(encoding="utf-8").strip(),
        (FOLDER / name / "output.txt").read_text(encoding="utf-8").rstrip("\n"),
        tuple(wanted),
        tuple(line[1:] for line in lines if line.startswith("!")),
    )


def view_of(command: str, text: str, level: OptimizationLevel) -> str:
    """What an agent that has just begun is shown of an output."""
    found = loads.Loaded("Bash", command, text)
    whole = parsed.parse(found)
    now = policy.Circumstances(
        Prices(2.0, 0.1, 5.0), 20_000, tokens.FACTORS[tokens.family("")]["Bash"], level, policy.requests_to_come(0)
    )
    choice = policy.choose(whole.plan, parsed.need_of(whole, Interest(), ""), 1, now, is_numbered=False)
    return choice.view.text if choice.view else text
