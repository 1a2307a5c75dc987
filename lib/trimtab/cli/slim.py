"""`trimtab slim`: switches off for a project what was never used in it, and brings it back."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from trimtab import local_settings, paths
from trimtab.cli import audit as audits
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.daemon import recording
from trimtab.errors import ChangedError, StoreError, TrimtabError
from trimtab.handlers.switched_off import SOURCE
from trimtab.local_settings import COPY, LOCAL, Slimmed
from trimtab.monitor import calibration, sizes
from trimtab.monitor.report import WIDTH, number
from trimtab.prompt import scoped, slim, slim_report
from trimtab.prompt.audit import Audit
from trimtab.prompt.slim import Plan, Proposal
from trimtab.store import Store
from trimtab.usage import scoping, slimming
from trimtab.usage.account import joined
from trimtab.usage.scoping import Found

NEW_SESSIONS = "for sessions that start from now on"
project_option = click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A project; by default this one."
)


@click.group(invoke_without_command=True)
@project_option
@click.option("--apply", "wanted", multiple=True, metavar="NAMES", help="Switch off: `all`, or names with commas.")
@click.option(
    "--weeks", type=click.FloatRange(0.1, 520), default=audits.WEEKS, show_default=True, help="Used in these."
)
@click.option("--record/--no-record", default=True, help="Record a first request, or take the newest kept one.")
@click.option("--check/--no-check", default=True, help="Record again after switching off, and compare.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object.")
@click.option("--client", default="", metavar="FILE", help="The client's executable; by default `claude` on the PATH.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(0, 600), default=recording.WAIT_S, show_default=True, metavar="SECONDS",
    help="How long MCP servers get to start.",
)  # fmt: skip
@click.pass_context
def command(
    context: click.Context, project: Path | None, wanted: tuple[str, ...], weeks: float, record: bool, check: bool,
    wants_json: bool, client: str, wait_s: float,
) -> None:  # fmt: skip
    """Switch off for this project what was never used in it.

    Shows what each request carries and no session of the last weeks used, what each would save, and what stops working
    without it. What you accept goes into .claude/settings.local.json, which is yours alone; a copy is kept, and `slim
    undo` gives the file back byte for byte. No memory file and no shared setting is ever written.
    """
    if context.invoked_subcommand is not None:
        if wanted or wants_json or project is not None:
            name = context.invoked_subcommand
            raise click.UsageError(f"`slim {name}` takes no --apply, and --json and --project only after its name")
        return
    place = places.find(project, Path.cwd(), os.environ)
    how = audits.How(record, client, wait_s)
    found, plan = planned(place, weeks, how)
    if wants_json and not wanted:
        print(json.dumps(document(found, plan, movable(place, weeks)), ensure_ascii=False, indent=2))
        return
    if not wanted:
        show(slim_report.proposed(plan, found, width()))
        if moves := movable(place, weeks).moves:
            show(["", *slim_report.movable(moves, width())])
    items = picked(plan, wanted) if wanted else asked(plan)
    if not items:
        return
    made = local_settings.apply(settings_of(place), items, time.time())
    if not wants_json:
        show(applied(place, made, items))
    after = audited_again(place, weeks, how) if check and record else None
    if wants_json:
        said = {**document(found, plan, movable(place, weeks)), **outcome(made, items, after)}
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    if after is not None:
        taken, is_least = sum(one.tokens for one in items), any(one.is_least for one in items)
        show(["", *slim_report.measured(found.tokens, after.tokens, taken, is_least, width())])


def audited_again(place: places.Place, weeks: float, how: audits.How) -> Audit | None:
    """An audit after what was switched off; None, and stderr says why, where there is none: the settings stay."""
    try:
        return audits.made(place, weeks, how)
    except (TrimtabError, OSError, KeyboardInterrupt) as exc:
        why = screen.safe(" ".join(str(exc).split())) or "it was interrupted"
        print(f"trimtab: switched off, but not measured with a new recording: {why}", file=sys.stderr)
        return None


def planned(place: places.Place, weeks: float, how: audits.How) -> tuple[Audit, Plan]:
    """An audit, and what it proposes, less what is off already: a kept request may be from before."""
    found = audits.made(place, weeks, how)
    with books.opened() as store:
        plan = slim.propose(found, slimming.facts(store, found, os.environ))
    return found, plan._replace(proposals=tuple(local_settings.missing(settings_of(place), plan.proposals)))


def movable(place: places.Place, weeks: float) -> Found:
    """The sections of memory files that could wait behind a path, in tokens of the project's own models."""
    now, project = time.time(), str(place.project)
    with books.opened() as store:
        requests, arrivals = store.requests(project=project), store.arrivals(project=project)
    factor_of = calibration.learned_factors(calibration.batches(requests, list(joined(arrivals))))
    factor = factor_of(requests[-1].model if requests else "", "")
    came = [arrival for arrival in arrivals if arrival.at >= now - weeks * audits.WEEK_S]
    return scoping.find(place.project, came, lambda text: round(sizes.weigh(text) * factor))


def settings_of(place: places.Place) -> local_settings.Place:
    """Where the project's settings and their copy are; the folders for the copy are made."""
    data = paths.ensure_project_folder(place.project, place.settings.data_directory)
    return local_settings.Place(place.project, data, paths.ensure_user_folder(os.environ))


def picked(plan: Plan, wanted: Iterable[str]) -> list[Proposal]:
    """The proposals that are named; UsageError names those that are none."""
    given = [name.strip() for text in wanted for name in text.split(",") if name.strip()]
    found, unknown = slim.chosen(plan.proposals, given)
    if unknown:
        known = slim_report.names(plan.proposals) or "none"
        raise click.UsageError(f"no single proposal is called {', '.join(map(repr, unknown))}; there are: {known}")
    return found


def asked(plan: Plan) -> list[Proposal]:
    """What the user picks at a terminal; nothing without one."""
    if not plan.proposals or not is_asked():
        if plan.proposals:
            show(["", "Nothing was changed. `trimtab slim --apply all` switches these off, --apply NAME some of them."])
        return []
    answer = click.prompt("\nSwitch off (all, numbers like 1 3, or Enter for none)", default="", show_default=False)
    numbers = [part for part in answer.replace(",", " ").split() if part]
    names = [
        plan.proposals[int(n) - 1].id if n.isdecimal() and 0 < int(n) <= len(plan.proposals) else n for n in numbers
    ]
    found = picked(plan, names)
    if not found:
        show(["Nothing was changed."])
    return found


def applied(place: places.Place, made: Slimmed, items: Sequence[Proposal]) -> list[str]:
    """What was written, and how to take it back."""
    where = settings_of(place)
    copy = os.path.relpath(where.data / COPY, place.project)
    before = f"the file as it was is {copy}" if made.before is not None else "there was no file before"
    tokens = sum(one.tokens for one in items)
    lines = [
        f"Switched off {NEW_SESSIONS}: {slim_report.names(items)}.",
        f"{number(len(items), 'setting')} in {LOCAL}, {tokens:,} tokens of each request; {before}.",
        "`trimtab slim undo` brings all back, `trimtab slim undo NAME` one of them.",
    ]
    if local_settings.is_visible(where):
        lines.append(f"git would show {LOCAL} as a new file: `echo {LOCAL} >> .git/info/exclude` keeps it to yourself.")
    return lines


@command.command("undo")
@click.argument("names", nargs=-1, metavar="[NAMES]...")
@project_option
@click.option("--keep-changes", is_flag=True, help="Where the file was changed since: take out only what slim put in.")
def undo(names: tuple[str, ...], project: Path | None, keep_changes: bool) -> None:
    """Bring back NAMES, by default all that slim has switched off.

    The settings file is then what it was, to the byte. Where you or the client changed it since, nothing is written
    without --keep-changes, which takes out only what slim put in and keeps all else.
    """
    place = settings_of(places.find(project, Path.cwd(), os.environ))
    now = local_settings.slimmed(place)
    if now is None:
        raise TrimtabError(f"nothing is switched off in {str(place.project)!r}")
    gone, unknown = slim.chosen(now.items, names or ["all"])
    if unknown:
        raise click.UsageError(
            f"{', '.join(map(repr, unknown))} is not switched off here; what is: {slim_report.names(now.items)}"
        )
    changed = taken_out(place, [one.id for one in gone], keep_changes)
    back = [one for one in gone if one not in changed]
    if back:
        show([f"Back {NEW_SESSIONS}: {slim_report.names(back)}."])
    if changed:
        show([f"Changed by others since, and left as it is: {slim_report.names(changed)}."])
    if local_settings.current(place) != now.before:
        return
    was_there = now.before is not None
    show([f"{LOCAL} is what it was, to the byte." if was_there else f"{LOCAL} is gone again, as it was before."])


def taken_out(place: local_settings.Place, gone: Sequence[str], keep_changes: bool) -> list[Proposal]:
    """Undoes, after a question where the file was changed since and there is somebody to ask."""
    try:
        return local_settings.undo(place, gone, keep_changes)
    except ChangedError as exc:
        if keep_changes or not is_asked():
            raise
        show([screen.safe(str(exc))])
        if not click.confirm("Take out only what slim put in, and keep all else?"):
            raise
        return local_settings.undo(place, gone, True)


@command.command("patch")
@project_option
@click.option(
    "--weeks", type=click.FloatRange(0.1, 520), default=audits.WEEKS, show_default=True, help="Used in these."
)
def patch(project: Path | None, weeks: float) -> None:
    """Print the change that moves rarely needed sections of memory files behind rules for their folders.

    A section of CLAUDE.md that is about one folder, in which few sessions worked, goes to .claude/rules, where the
    client reads it with the first file of that folder. Nothing is written: pipe it into `git apply` or `patch -p1`.
    """
    place = places.find(project, Path.cwd(), os.environ)
    found = movable(place, weeks)
    if not found.moves:
        raise TrimtabError("no section of a memory file here is about one folder that few sessions worked in")
    sys.stdout.write(scoped.patch(found.texts, found.moves, lambda file: (place.project / file).exists()))


@command.command("show")
@project_option
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object.")
def show_command(project: Path | None, wants_json: bool) -> None:
    """Show what slim has switched off here, and what of it was asked for since."""
    found = places.find(project, Path.cwd(), os.environ)
    place = settings_of(found)
    now = local_settings.slimmed(place)
    if now is None:
        print("{}" if wants_json else "slim has switched off nothing in this project.")
        return
    times = asked_for(found.ledger, now)
    is_changed = local_settings.digest(local_settings.current(place)) != now.after
    gone = local_settings.missing(place, now.items)
    off = [one for one in now.items if one not in gone]
    if wants_json:
        rows = [{"id": one.id, **local_settings.row_of(one), "asked_for": times.get(one.id, 0)} for one in off]
        said = {"at": now.at, "is_changed": is_changed, "items": rows, "by_hand": [one.id for one in gone]}
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    show(slim_report.switched_off(off, gone, now.at, times, is_changed, width()))


def asked_for(ledger: Path, now: Slimmed) -> dict[str, int]:
    """In how many sessions each was asked for since it was switched off; none without a ledger."""
    if not ledger.is_file():
        return {}
    try:
        with Store.open(ledger, readonly=True) as store:
            causes = [
                alert.cause for alert in store.alerts() if alert.source == SOURCE and alert.triggered_at >= now.at
            ]
    except StoreError as exc:
        print(f"trimtab: what was asked for since is not known: {exc}", file=sys.stderr)
        return {}
    return {one.id: causes.count(f"{SOURCE} {one.id}") for one in now.items}


def document(found: Audit, plan: Plan, moved: Found) -> dict[str, object]:
    """The proposals as JSON has them."""
    rows = [{"id": one.id, **local_settings.row_of(one)} for one in plan.proposals]
    return {
        "project": found.project,
        "tokens": found.tokens,
        "requests": found.requests,
        "sessions": found.sessions,
        "since": found.since,
        "until": found.until,
        "proposals": rows,
        "kept": [one._asdict() for one in plan.kept],
        "memory": [{**move._asdict(), "saved": move.saved} for move in moved.moves],
    }


def outcome(made: Slimmed, items: Sequence[Proposal], after: Audit | None) -> dict[str, object]:
    found = {"applied": [one.id for one in items], "switched_off": [one.id for one in made.items]}
    return {**found, "tokens_after": None if after is None else after.tokens}


def is_asked() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def width() -> int:
    return max(60, min(screen.console().width, WIDTH))


def show(lines: Iterable[str]) -> None:
    out: Callable[..., None] = screen.console().print
    for line in lines:
        out(line, soft_wrap=True)
