"""`trimtab rules`: the user's own rules for outputs and files, and what one makes of a file."""

import os
from pathlib import Path

import click
from rich.text import Text

from trimtab import policy, relevance, tokens
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.cli import view as views
from trimtab.content import rules
from trimtab.handlers import loads, parsed
from trimtab.records import Content

KEPT, FOLDED, PLAIN = "keep", "fold", "    "


@click.group()
def command() -> None:
    """List your own rules, and try them on a file.

    Rules are [[rules]] tables in config.toml: `command` or `path` (regular
    expressions that say what a rule is for), `keep` and `fold` (lists of
    regular expressions for lines), `block` (begins a block), `name`.
    """


@command.command("list")
def list_() -> None:
    """List the rules in force, the project's before yours."""
    place = places.find(None, Path.cwd(), os.environ)
    out = screen.console()
    for rule in place.settings.rules:
        about = rule.command.pattern if rule.command is not rules.NO_PATTERN else rule.path.pattern
        out.print(Text(f"{rule.name}: for {about}, keeps {len(rule.keep)}, folds {len(rule.fold)} patterns"))
    if not place.settings.rules:
        print("no rules: write [[rules]] into .claude-patterns/config.toml (`trimtab rules --help`)")


@command.command("test")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--command", "run", metavar="TEXT", default="", help="FILE is what this command printed.")
def test(file: Path, run: str) -> None:
    """Show which rule is for FILE and what it makes of each line.

    The last line says how many tokens (o200k_base) a view has, and the whole.
    """
    tokens.load()
    text = views.read(file)
    place = places.find(None, file.absolute().parent, os.environ)
    found = loads.Loaded("Bash", run, text) if run else loads.Loaded("Read", str(file.absolute()), text, start=1)
    rule = rules.matching(place.settings.rules, found.name, found.is_file)
    whole = parsed.parse(found, place.settings.rules)
    for line in fates(whole.plan.content, rule):
        print(line)
    now = views.at_start(place.settings)
    need = parsed.need_of(whole, relevance.Interest(), found.tool, found.path)
    choice = policy.choose(whole.plan, need, 1, now, found.is_file)
    shown = views.counted(choice.view.text) if choice.view else views.counted(text)
    name = f"rule {rule.name}" if rule else "no rule is for it"
    print(f"{name}; {choice.tier.value}: {shown:,} of {views.counted(text):,} tokens; {choice.reason}")


def fates(content: Content, rule: rules.Rule | None) -> list[str]:
    """Each line with its number and what is said of it."""
    folds = rule.fold if rule else ()
    out = []
    for number, line in enumerate(content.lines, 1):
        head = line[: rules.LONGEST_LINE]
        is_folded = number not in content.keep and any(one.search(head) for one in folds)
        fate = KEPT if number in content.keep else FOLDED if is_folded else PLAIN
        out.append(f"{fate} {number:>6}  {screen.safe(head)[:160]}")
    return out
