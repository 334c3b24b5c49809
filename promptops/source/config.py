"""The configuration: `promptops.toml`, or `[tool.promptops]` in `pyproject.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from promptops.errors import InputError, UsageError
from promptops.model.config import (
    AlertRule,
    CheckSettings,
    CompareSettings,
    Config,
    CustomRule,
    DiffSettings,
    DriftSettings,
    LintSettings,
    ModelProfile,
    MutateSettings,
    ProbeSettings,
    ReleaseSettings,
    ScoreSettings,
    TestSettings,
    Waiver,
)
from promptops.model.finding import Problem, Severity
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.source.config_errors import config_error, refuse
from promptops.source.config_problems import config_problems, normalized_root
from promptops.source.conflicts import explained
from promptops.source.document import decode
from promptops.source.lines import Lines
from promptops.source.references import merge_patch
from promptops.source.toml_places import TomlPlaces, toml_problem

OWN = "promptops.toml"
SHARED = "pyproject.toml"
FILES = (OWN, SHARED)
"""The files that may hold the configuration, at the root of the repository."""

_LONG_KEY = lazy_pattern(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){50}""")


def load(files: Mapping[str, bytes], overrides: Sequence[str] = ()) -> Config:
    """The configuration of a tree, from the content of its `FILES`.

    `overrides` are TOML, such as `lint.select=["SEC"]`; each replaces the value in the file.
    Raises InputError for an invalid file, UsageError for an invalid override.
    """
    path, table = _table(files)
    if overrides:
        table = _overridden(table, overrides)
    return _config(path, table)


def valid_part(files: Mapping[str, bytes]) -> Config | None:
    """The configuration without its wrong settings; None if its roots can't be known.

    For reports about prompts beside the errors that `load` raises.
    """
    try:
        path = OWN if OWN in files else SHARED
        whole = _parsed(path, files[path]) if path in files else {}
    except InputError:
        return None
    table = whole if path == OWN else whole.get("tool", {}).get("promptops", {})
    valid = _valid_settings(table) if isinstance(table, dict) else {}
    if not {"prompts", "schemas"}.intersection(table) <= valid.keys():
        return None
    return _config(path, valid)


def _valid_settings(table: Mapping[str, Any]) -> dict[str, Any]:
    places = TomlPlaces("", "")
    valid: dict[str, Any] = {}
    for key, value in table.items():
        if not config_problems({key: value}, places):
            valid[key] = value
        elif isinstance(value, dict):
            items = value.items()
            valid[key] = {
                n: item for n, item in items if not config_problems({key: {n: item}}, places)
            }
    return {key: value for key, value in valid.items() if not config_problems({key: value}, places)}


def _table(files: Mapping[str, bytes]) -> tuple[str | None, Mapping[str, Any]]:
    own = _parsed(OWN, files[OWN]) if OWN in files else None
    shared = None
    if SHARED in files and b"promptops" in files[SHARED]:
        tool = _parsed(SHARED, files[SHARED]).get("tool")
        shared = tool.get("promptops") if isinstance(tool, dict) else None
    if own is not None and shared is not None:
        raise InputError(
            f"both {OWN} and [tool.promptops] in {SHARED} contain configuration",
            where=OWN,
            hint="remove one of them",
        )
    if own is None and shared is None:
        return None, {}
    path = OWN if shared is None else SHARED
    table = own if shared is None else shared
    prefix = "" if shared is None else "/tool/promptops"
    text, _ = decode(path, files[path])
    refuse(config_problems(table, TomlPlaces(path, text, prefix)), text)
    return path, table or {}


def _parsed(path: str, data: bytes) -> dict[str, Any]:
    import tomllib

    text, problems = decode(path, data)
    refuse(problems, text)
    _refuse_long_keys(text, path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = Lines(path, text)
        raise config_error(explained([toml_problem(str(error), lines)], lines), text) from None
    except RecursionError:
        problem = Problem(
            "arrays or tables are nested too deeply", at=path, hint="write fewer levels"
        )
    except ValueError:
        problem = Problem("a number has too many digits", at=path, hint="write a smaller number")
    raise config_error([problem], text)


def _refuse_long_keys(text: str, path: str) -> None:
    """Refuse long dotted keys: tomllib needs time and memory quadratic in their length."""
    found = _LONG_KEY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise InputError("a key of over 50 parts", where=f"{path}:{line}:{column}")


def _overridden(table: Mapping[str, Any], overrides: Sequence[str]) -> Mapping[str, Any]:
    import tomllib

    for override in overrides:
        where = f"--config {_shown(override)}"
        what = "it as" if "=" in override else "KEY=VALUE, such as"
        _refuse_long_keys(override, where)
        try:
            override.encode()  # a lone surrogate represents a byte that is not UTF-8
            table = merge_patch(table, tomllib.loads(override))
        except (ValueError, RecursionError):
            raise UsageError(
                "not TOML",
                where=where,
                hint=f"""write {what} --config 'lint.select=["SEC"]'""",
            ) from None
        problems = config_problems(table, TomlPlaces(where, ""))
        refuse([replace(problem, at=where) for problem in problems], "", UsageError)
    return table


def _shown(override: str) -> str:
    """The override without its value, if that may be an API key."""
    key, equals, _ = override.partition("=")
    return f"{key}{equals}…" if equals and "models" in key else override


def _config(path: str | None, table: Mapping[str, Any]) -> Config:
    given: dict[str, Any] = {"path": path}
    for key in ("prompts", "schemas"):
        if key in table:
            given[key] = tuple(normalized_root(root) for root in table[key])
    given["models"] = {
        name: ModelProfile(name=name, **_own_keys(profile))
        for name, profile in table.get("models", {}).items()
    }
    return Config(
        **given,
        lint=_lint(table.get("lint", {})),
        test=TestSettings(**_settings(table.get("test", {}))),
        release=ReleaseSettings(**_settings(table.get("release", {}))),
        diff=_diff(table.get("diff", {})),
        check=CheckSettings(**_settings(table.get("check", {}))),
        compare=CompareSettings(**_aside(table.get("compare", {}))),
        probe=ProbeSettings(**_aside(table.get("probe", {}))),
        mutate=MutateSettings(**_settings(table.get("mutate", {}))),
        drift=DriftSettings(**_settings(table.get("drift", {}))),
        score=_score(table.get("score", {})),
    )


def _aside(table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a command with recordings in a folder of their own."""
    given = _settings(table)
    return (
        {**given, "recordings": normalized_root(given["recordings"])}
        if "recordings" in given
        else given
    )


def _lint(table: Mapping[str, Any]) -> LintSettings:
    given = _settings(table)
    if "fail_on" in given:
        given["fail_on"] = _severity(given["fail_on"])
    if "severity" in given:
        given["severity"] = {code: _severity(name) for code, name in given["severity"].items()}
    if "per_file_ignores" in given:
        ignores = given["per_file_ignores"]
        given["per_file_ignores"] = {glob: tuple(codes) for glob, codes in ignores.items()}
    given["rules"] = tuple(_rule(rule) for rule in table.get("rules", ()))
    given["waivers"] = tuple(_waiver(waiver) for waiver in table.get("waivers", ()))
    return LintSettings(**given)


def _diff(table: Mapping[str, Any]) -> DiffSettings:
    given = _settings(table)
    given["waivers"] = tuple(_waiver(waiver) for waiver in table.get("waivers", ()))
    return DiffSettings(**given)


def _score(table: Mapping[str, Any]) -> ScoreSettings:
    given = _settings(table)
    given["fields"] = _own_keys(table.get("fields", {}))
    given["alerts"] = tuple(AlertRule(**_settings(alert)) for alert in table.get("alerts", ()))
    return ScoreSettings(**given)


def _rule(table: Mapping[str, Any]) -> CustomRule:
    given = _settings(table)
    if "severity" in given:
        given["severity"] = _severity(given["severity"])
    return CustomRule(**given)


def _waiver(table: Mapping[str, Any]) -> Waiver:
    return Waiver(**{**_own_keys(table), "expires": date.fromisoformat(str(table["expires"]))})


def _severity(name: str) -> Severity:
    return Severity[name.upper()]


def _settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as arguments: lists as tuples, hyphens as underscores."""
    return {
        key.replace("-", "_"): tuple(value) if isinstance(value, list) else value
        for key, value in _own_keys(table).items()
    }


def _own_keys(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table without the keys that belong to other tools."""
    return {key: value for key, value in table.items() if not key.startswith("x-")}
