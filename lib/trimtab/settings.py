"""What the user may set: one table of names, types, allowed values and defaults, and how files and variables are read.

Later wins: defaults, the user's file, the project's file, the plugin's options, TRIMTAB_* variables. A wrong value is
never an error: what was in force before it stays, and a sentence says so.
"""

import difflib
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab import groups, prices
from trimtab.budget import given as given_budgets
from trimtab.budget.terms import Budget
from trimtab.content import rules
from trimtab.content.rules import Rule
from trimtab.groups import GROUPS, Group, Members
from trimtab.prices import Own
from trimtab.records import IntegrationMode, OptimizationLevel

# By name, because a type checker looks for both and only one is installed.
toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

Value = str | int | float | bool


class Setting(NamedTuple):
    """One key: its default's type is its type; `allowed` are words, or `least` and `most` bound a number.

    One that has a reason in `of_user` is not taken from a project's file, which comes with the project: from whomever.
    """

    name: str
    default: Value
    meaning: str
    allowed: tuple[str, ...] = ()
    least: float = 0
    most: float = float("inf")
    of_user: str = ""


TABLE = (
    Setting(
        "mode",
        IntegrationMode.FULL_OPTIMIZATION.value,
        "what Trimtab may do: everything, trim without learning, or only watch and record",
        tuple(mode.value for mode in IntegrationMode),
    ),
    Setting(
        "level",
        OptimizationLevel.ADAPTIVE.value,
        "how much risk of hiding a needed line is taken for a saving",
        tuple(level.value for level in OptimizationLevel),
    ),
    Setting("data_directory", ".claude-patterns", "where a project's ledger and outputs are, from the project's root"),
    Setting("monitoring_interval", 60, "seconds between two records of the metrics", least=1, most=86_400),
    Setting("optimization_interval", 300, "seconds between two looks at what could be tuned", least=1, most=86_400),
    Setting(
        "budget_enforcement",
        True,
        "whether a budget that is used up stops spending",
        of_user="it would lift your budgets",
    ),
    Setting("auto_optimization", True, "whether tuned parameters are taken into use without asking"),
    Setting("learning_enabled", True, "whether Trimtab learns from what was needed later"),
    Setting("least_saved_tokens", 150, "a view that saves fewer tokens is not made", least=0, most=1_000_000),
    Setting("least_saved_share", 0.10, "a view that saves a smaller share is not made", least=0, most=1),
    Setting(
        "wrap_failing", True, "whether failing commands' output is folded too, where the user lets all commands run"
    ),
    Setting("recovery_guard", True, "whether a kind whose folds are fetched too often is shown whole again"),
    Setting("cost_weight", 1.0, "how much the price of the tokens shown counts", least=0, most=1_000),
    Setting("recall_weight", 1.0, "how much hiding a needed line counts", least=0, most=1_000),
    Setting("delay_weight", 0.0, "what a second of waiting counts, in uncached input tokens", least=0, most=1_000_000),
    Setting("metrics_days", 90, "days for which the metrics are kept", least=1, most=3_650),
    Setting("alert_budget_share", 0.80, "an alert says that this share of a budget is used", least=0, most=1),
    Setting("alert_cache_hit_rate", 0.70, "an alert says that the cache hit rate is under this", least=0, most=1),
    Setting(
        "alert_failing_minutes", 5.0, "an alert says that a part of Trimtab fails for so long", least=0, most=1_440
    ),
    Setting("alert_success_share", 0.90, "an alert says that fewer views than this share succeed", least=0, most=1),
    Setting("alert_day_usd", 0.0, "an alert says that a day cost more USD; 0 for none", least=0, most=1_000_000),
    Setting("alert_month_usd", 0.0, "an alert says that a month will cost more USD; 0 for none", least=0, most=1e9),
    Setting(
        "alert_anomalies", 0.5, "false alarms a week that may come of unusual rates; 0 for none", least=0, most=100
    ),
    Setting("alert_repeats", 8, "an alert says that a call came so often with the same result", least=2, most=1_000),
    Setting(
        "alert_command", "", "a command that gets each alert as JSON; empty for none", of_user="it may run anything"
    ),
    Setting("budget", "", "a budget of yours, in words; empty for none", of_user="a project's own are under `budgets`"),
    Setting(
        "budget_agent_model",
        "",
        "the model of agents that start while a budget is tight; empty for their own",
        of_user="it may be a dearer one",
    ),
    Setting(
        "budget_agent_effort",
        "",
        "the effort of agents that start while a budget is tight; empty for their own",
        of_user="it may be a greater one",
    ),
    Setting("cold_cache", "tell", "what happens before a prompt that finds a cold cache", ("tell", "ask", "off")),
    Setting("cold_cache_tokens", 50_000, "fewer tokens to be written anew are no matter", least=0, most=1e9),
    Setting("compacting_usd", 0.25, "a compaction that likely saves more USD is proposed; 0 for none", most=1e6),
    Setting("compaction_notes", True, "whether the model is told after a compaction what was in work"),
    Setting("reply_contract", True, "whether an agent that starts is told, once, what its report should have"),
    Setting("group_tiers", True, "whether what an agent loads is shown by the tier of its group"),
    Setting(
        "agent_models",
        "off",
        "whether agents run with the model of the table of groups",
        ("off", "suggest", "on"),
        of_user="it may be a dearer one",
    ),
    Setting("hold_notices", False, "whether reports that are not pressing wait until all background agents are done"),
)
RULES, PRICES, BUDGETS = "rules", "prices", "budgets"
OPTION = "option"  # the origin of the setting `budget`
BY_NAME = {setting.name: setting for setting in TABLE}
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")  # words for a switch in a variable
OPTION_PREFIX, VARIABLE_PREFIX = "CLAUDE_PLUGIN_OPTION_", "TRIMTAB_"


class Settings(NamedTuple):
    """The settings in force; TABLE says what each means. The defaults here are TABLE's (a test compares)."""

    mode: IntegrationMode = IntegrationMode.FULL_OPTIMIZATION
    level: OptimizationLevel = OptimizationLevel.ADAPTIVE
    data_directory: str = ".claude-patterns"
    monitoring_interval: int = 60
    optimization_interval: int = 300
    budget_enforcement: bool = True
    auto_optimization: bool = True
    learning_enabled: bool = True
    least_saved_tokens: int = 150
    least_saved_share: float = 0.10
    wrap_failing: bool = True
    recovery_guard: bool = True
    cost_weight: float = 1.0
    recall_weight: float = 1.0
    delay_weight: float = 0.0
    metrics_days: int = 90
    alert_budget_share: float = 0.80
    alert_cache_hit_rate: float = 0.70
    alert_failing_minutes: float = 5.0
    alert_success_share: float = 0.90
    alert_day_usd: float = 0.0
    alert_month_usd: float = 0.0
    alert_anomalies: float = 0.5
    alert_repeats: int = 8
    alert_command: str = ""
    budget: str = ""
    budget_agent_model: str = ""
    budget_agent_effort: str = ""
    cold_cache: str = "tell"
    cold_cache_tokens: int = 50_000
    compacting_usd: float = 0.25
    compaction_notes: bool = True
    reply_contract: bool = True
    group_tiers: bool = True
    agent_models: str = "off"
    hold_notices: bool = False
    rules: tuple[Rule, ...] = ()  # the project's before the user's
    prices: tuple[Own, ...] = ()  # as the rules
    groups: Members = ()  # as the rules
    group_table: Mapping[str, Group] = GROUPS  # as the files change it
    budgets: tuple[Budget, ...] = ()  # of all files, and the one of `budget`; `Budget.origin` says of which


def load(config_files: Sequence[Path], environment: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings in force and a sentence for everything that was wrong. Files that are missing are left out.

    The first file is the user's, the others are a project's. Never raises.
    """
    values: dict[str, Value] = {setting.name: setting.default for setting in TABLE}
    complaints: list[str] = []
    own: list[Rule] = []
    priced: list[Own] = []
    budgets: list[Budget] = []
    grouped: groups.Members = ()
    group_table: Mapping[str, Group] = GROUPS
    for file in config_files:
        given, complaint = read(file)
        complaints += [complaint] if complaint else []
        for name, value in given.items():
            if name == RULES:
                found, wrong = rules.read(value, str(file))
                own = [*found, *own]
                complaints += wrong
            elif name == PRICES:
                known, wrong = prices.read(value, str(file))
                priced = [*known, *priced]
                complaints += wrong
            elif name == groups.GROUPS_KEY:
                agents, wrong = groups.read(value, str(file))
                grouped = (*agents, *grouped)
                group_table, more = groups.changed(value, str(file), group_table, file == config_files[0])
                complaints += [*wrong, *more]
            elif name == BUDGETS:
                # a project's file is `paths.config_files`': in a folder of the project's root
                project = "" if file == config_files[0] else os.path.realpath(file.parent.parent)
                limits, wrong = given_budgets.given(value, str(file), project)
                budgets += limits
                complaints += wrong
            elif name in BY_NAME and BY_NAME[name].of_user and file != config_files[0]:
                why = BY_NAME[name].of_user
                complaints.append(f"{name} in {file} is not taken: {why}, so only your own file sets it")
            elif name in BY_NAME:
                complaints += put(values, BY_NAME[name], value, str(file), of_file)
            else:
                complaints.append(unknown(name, str(file)))
    for prefix in (OPTION_PREFIX, VARIABLE_PREFIX):
        for setting in TABLE:
            variable = prefix + setting.name.upper()
            if environment.get(variable, "").strip():
                complaints += put(values, setting, environment[variable], variable, of_text)
    budgets += given_budgets.given([values["budget"]] if values["budget"] else [], OPTION)[0]
    tables = made(values)._replace(rules=tuple(own), prices=tuple(priced), budgets=tuple(budgets))
    return tables._replace(groups=grouped, group_table=group_table), complaints


def budgets_by_origin(found: Settings, config_files: Sequence[Path]) -> dict[str, list[Budget]]:
    """The budgets of each file and of the setting `budget`, also where that is none.

    A file that can't be read just now, while it is edited say, is left out: what it set stays. Never raises.
    """
    origins = [str(file) for file in config_files if not read(file)[1]]
    return {origin: [budget for budget in found.budgets if budget.origin == origin] for origin in (*origins, OPTION)}


def made(values: Mapping[str, Value]) -> Settings:
    """The record of checked values."""
    return Settings(
        mode=IntegrationMode(values["mode"]),
        level=OptimizationLevel(values["level"]),
        data_directory=str(values["data_directory"]),
        monitoring_interval=int(values["monitoring_interval"]),
        optimization_interval=int(values["optimization_interval"]),
        budget_enforcement=bool(values["budget_enforcement"]),
        auto_optimization=bool(values["auto_optimization"]),
        learning_enabled=bool(values["learning_enabled"]),
        least_saved_tokens=int(values["least_saved_tokens"]),
        least_saved_share=float(values["least_saved_share"]),
        wrap_failing=bool(values["wrap_failing"]),
        recovery_guard=bool(values["recovery_guard"]),
        cost_weight=float(values["cost_weight"]),
        recall_weight=float(values["recall_weight"]),
        delay_weight=float(values["delay_weight"]),
        metrics_days=int(values["metrics_days"]),
        alert_budget_share=float(values["alert_budget_share"]),
        alert_cache_hit_rate=float(values["alert_cache_hit_rate"]),
        alert_failing_minutes=float(values["alert_failing_minutes"]),
        alert_success_share=float(values["alert_success_share"]),
        alert_day_usd=float(values["alert_day_usd"]),
        alert_month_usd=float(values["alert_month_usd"]),
        alert_anomalies=float(values["alert_anomalies"]),
        alert_repeats=int(values["alert_repeats"]),
        alert_command=str(values["alert_command"]),
        budget=str(values["budget"]),
        budget_agent_model=str(values["budget_agent_model"]),
        budget_agent_effort=str(values["budget_agent_effort"]),
        cold_cache=str(values["cold_cache"]),
        cold_cache_tokens=int(values["cold_cache_tokens"]),
        compacting_usd=float(values["compacting_usd"]),
        compaction_notes=bool(values["compaction_notes"]),
        reply_contract=bool(values["reply_contract"]),
        group_tiers=bool(values["group_tiers"]),
        agent_models=str(values["agent_models"]),
        hold_notices=bool(values["hold_notices"]),
    )


def put(
    values: dict[str, Value],
    setting: Setting,
    given: object,
    place: str,
    reading: Callable[[Setting, object], Value | None],
) -> list[str]:
    """Sets the value that `reading` makes of what was given; one complaint when it makes none."""
    value = reading(setting, given)
    if value is None:
        return [
            f"{setting.name} = {quoted(given)} in {place}: allowed {allowed(setting)};"
            f" {plain(values[setting.name])} is used"
        ]
    if setting.name == "budget" and value:
        _, wrong = given_budgets.given([value], place)
        if wrong:
            return wrong
    values[setting.name] = value
    return []


def of_file(setting: Setting, given: object) -> Value | None:
    """A TOML value as the setting's type; None when it is not allowed."""
    default = setting.default
    if isinstance(default, bool):
        return given if isinstance(given, bool) else None
    if isinstance(default, str):
        return of_text(setting, given) if isinstance(given, str) else None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    if isinstance(default, int) and not (isinstance(given, int) or given.is_integer()):
        return None
    if not setting.least <= given <= setting.most:
        return None
    return int(given) if isinstance(default, int) else float(given)


def of_text(setting: Setting, given: object) -> Value | None:
    """A variable's text as the setting's type; None when it is not allowed. Case and blanks around don't matter."""
    text = str(given).strip()
    default = setting.default
    if isinstance(default, bool):
        word = text.lower()
        return True if word in YES else False if word in NO else None
    if isinstance(default, str):
        if not setting.allowed:
            return text if (text or not default) and "\0" not in text else None
        word = text.lower().replace("-", "_")
        return word if word in setting.allowed else None
    try:
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return None
    return of_file(setting, number)


def read(file: Path) -> tuple[dict[str, object], str]:
    """A TOML file's top level, and what is wrong with the file; both empty when it is missing."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        given: dict[str, object] = toml.loads(text)
    except FileNotFoundError:
        return {}, ""
    except UnicodeDecodeError as exc:
        return {}, f"{file} is not UTF-8 (byte {exc.start}): nothing of it is used"
    except ValueError as exc:  # TOMLDecodeError is one
        found = re.search(r"line (\d+)", str(exc))
        place = f"{file}, line {found[1]}" if found else f"{file}, at its end"
        why = re.sub(r" \(at [^)]*\)$", "", str(exc))
        return {}, f"{place}: not TOML ({why}): nothing of the file is used"
    except (OSError, RecursionError) as exc:
        return {}, f"{file} can't be read ({exc}): nothing of it is used"
    return given, ""


def unknown(name: str, place: str) -> str:
    """The complaint about a key that is not a setting, with the nearest one that is."""
    near = difflib.get_close_matches(name.lower(), BY_NAME, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BY_NAME)}"
    return f"{name} in {place} is not a setting: {hint}"


def allowed(setting: Setting) -> str:
    """What a setting takes, to follow the word "allowed"."""
    if setting.allowed:
        return "are " + ", ".join(setting.allowed)
    if isinstance(setting.default, bool):
        return "are true and false"
    if isinstance(setting.default, str):
        return "is a text that is not empty"
    number = "whole numbers" if isinstance(setting.default, int) else "numbers"
    return f"are {number} from {setting.least:g} to {setting.most:g}"


def quoted(given: object) -> str:
    """What was given as the user wrote it, cut to 60 characters."""
    text = f'"{given}"' if isinstance(given, str) else plain(given)
    return text if len(text) <= 60 else text[:57] + "..."


def plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
