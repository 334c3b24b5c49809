"""Reads the configuration: `promptops.toml`, or `[tool.promptops]` in `pyproject.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from promptops.errors import InputError, PromptopsError, SourceLine, UsageError
from promptops.json_pointer import escaped
from promptops.model.config import (
    VALUE_METRICS,
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
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.percentages import (
    Side,
    limit_of_amount,
    limit_of_percent,
    share_as_margin,
    share_as_percent,
)
from promptops.records import replace
from promptops.source.document import decode
from promptops.source.lines import Lines, explained
from promptops.source.paths import confined, overlapping
from promptops.source.references import merge_patch
from promptops.source.shape import CONFIG, check_value, inexact_settings
from promptops.source.toml_places import TomlPlaces, toml_problem
from promptops.suggestions import did_you_mean

OWN_FILE = "promptops.toml"
SHARED_FILE = "pyproject.toml"
FILES = (OWN_FILE, SHARED_FILE)
"""The files that may hold the configuration, at the root of the repository."""

_LONG_DOTTED_KEY = lazy_pattern(
    r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){50}"""
)


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
        path = OWN_FILE if OWN_FILE in files else SHARED_FILE
        whole = _parsed(path, files[path]) if path in files else {}
    except InputError:
        return None
    table = whole if path == OWN_FILE else whole.get("tool", {}).get("promptops", {})
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
    own = _parsed(OWN_FILE, files[OWN_FILE]) if OWN_FILE in files else None
    shared = None
    if SHARED_FILE in files and b"promptops" in files[SHARED_FILE]:
        tool = _parsed(SHARED_FILE, files[SHARED_FILE]).get("tool")
        shared = tool.get("promptops") if isinstance(tool, dict) else None
    if own is not None and shared is not None:
        raise InputError(
            f"both {OWN_FILE} and [tool.promptops] in {SHARED_FILE} contain configuration",
            where=OWN_FILE,
            hint="remove one of them",
        )
    if own is None and shared is None:
        return None, {}
    path = OWN_FILE if shared is None else SHARED_FILE
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
    found = _LONG_DOTTED_KEY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise InputError("a key of over 50 parts", where=f"{path}:{line}:{column}")


def _overridden(table: Mapping[str, Any], overrides: Sequence[str]) -> Mapping[str, Any]:
    import tomllib

    for override in overrides:
        where = f"--config {_shown_override(override)}"
        what = "it as" if "=" in override else "KEY=VALUE, such as"
        _refuse_long_keys(override, where)
        try:
            override.encode()  # a lone surrogate represents a byte that is not UTF-8
            table = merge_patch(table, tomllib.loads(override))
        except (ValueError, RecursionError):
            raise UsageError(
                "not TOML", where=where, hint=f"""write {what} --config 'lint.select=["SEC"]'"""
            ) from None
        problems = config_problems(table, TomlPlaces(where, ""))
        refuse([replace(problem, at=where) for problem in problems], "", UsageError)
    return table


def _shown_override(override: str) -> str:
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
        lint=_lint_settings(table.get("lint", {})),
        test=TestSettings(**_settings(table.get("test", {}))),
        release=ReleaseSettings(**_settings(table.get("release", {}))),
        diff=_diff_settings(table.get("diff", {})),
        check=CheckSettings(**_settings(table.get("check", {}))),
        compare=CompareSettings(**_settings_with_folder(table.get("compare", {}))),
        probe=ProbeSettings(**_settings_with_folder(table.get("probe", {}))),
        mutate=MutateSettings(**_settings(table.get("mutate", {}))),
        drift=DriftSettings(**_settings(table.get("drift", {}))),
        score=_score_settings(table.get("score", {})),
    )


def _settings_with_folder(table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a command with recordings in a folder of their own."""
    given = _settings(table)
    return (
        {**given, "recordings": normalized_root(given["recordings"])}
        if "recordings" in given
        else given
    )


def _lint_settings(table: Mapping[str, Any]) -> LintSettings:
    given = _settings(table)
    if "fail_on" in given:
        given["fail_on"] = _severity(given["fail_on"])
    if "severity" in given:
        given["severity"] = {code: _severity(name) for code, name in given["severity"].items()}
    if "per_file_ignores" in given:
        ignores = given["per_file_ignores"]
        given["per_file_ignores"] = {glob: tuple(codes) for glob, codes in ignores.items()}
    given["rules"] = tuple(_custom_rule(rule) for rule in table.get("rules", ()))
    given["waivers"] = tuple(_waiver(waiver) for waiver in table.get("waivers", ()))
    return LintSettings(**given)


def _diff_settings(table: Mapping[str, Any]) -> DiffSettings:
    given = _settings(table)
    given["waivers"] = tuple(_waiver(waiver) for waiver in table.get("waivers", ()))
    return DiffSettings(**given)


def _score_settings(table: Mapping[str, Any]) -> ScoreSettings:
    given = _settings(table)
    given["fields"] = _own_keys(table.get("fields", {}))
    given["alerts"] = tuple(AlertRule(**_settings(alert)) for alert in table.get("alerts", ()))
    return ScoreSettings(**given)


def _custom_rule(table: Mapping[str, Any]) -> CustomRule:
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


# The problems of a configuration: its shape, roots, folders, dates, profiles, and keys in it.


def config_problems(table: Any, places: TomlPlaces) -> list[Problem]:
    """All problems of a parsed configuration; those of values only if its shape is right."""
    value = _dates_as_text(table)
    keys = list(_keys_for_names(value, places))
    misshapen = check_value(CONFIG, value, places.place, secret=_holds_secrets)
    problems = [
        *keys,
        *(problem for problem in misshapen if problem.at not in {key.at for key in keys}),
    ]
    if not problems:
        problems += _wrong_roots(value, places)
        problems += _wrong_folders_aside(value, places)
        problems += [*_wrong_dates(value, places), *_wrong_profiles(value, places)]
        problems += [*_wrong_settings(value, places), *_wrong_alerts(value, places)]
        problems += [*_wrong_shares(value, places), *_wrong_tag_format(value, places)]
    return problems


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    return value if isinstance(value, str | bool | int | float) else str(value)


def _wrong_roots(table: Mapping[str, Any], places: TomlPlaces) -> list[Problem]:
    return [
        Problem(f"`{root}` is not a valid root: {reason}", at=places.place(f"/{key}"))
        for key in ("prompts", "schemas")
        for root in table.get(key, ())
        if root.rstrip("/") != "." and (reason := confined(root, "").reason)
    ]


def _wrong_folders_aside(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    """Folders of recordings that a prompt root or another command uses, too."""
    roots = [normalized_root(root) for root in table.get("prompts", Config().prompts)]
    others: dict[str, str] = {}
    for command in ("compare", "probe"):
        written = table.get(command, {}).get("recordings")
        if written is None:
            continue
        place = places.place(f"/{command}/recordings")
        reason = confined(written, "").reason
        if reason:
            yield Problem(f"`{written}` is not a valid folder: {reason}", at=place)
            continue
        folder = normalized_root(written)
        root = next((root for root in roots if overlapping(folder, root)), None)
        other = next((name for name, path in others.items() if overlapping(folder, path)), None)
        others[command] = folder
        if root is not None:
            message = f"`{written}` and the prompt root `{root}` contain each other's files"
            hint = "name a folder outside of the prompt roots"
            yield Problem(message, at=place, hint=hint)
        elif other is not None:
            message = f"`{written}` and the folder of `{other}` contain each other's files"
            yield Problem(message, at=place, hint="name another folder")


def _wrong_settings(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    for name, profile in table.get("models", {}).items():
        yield from inexact_settings(profile, places.place, f"/models/{escaped(name)}")


def _wrong_dates(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    for owner in ("lint", "diff"):
        for index, waiver in enumerate(table.get(owner, {}).get("waivers", ())):
            try:
                date.fromisoformat(waiver["expires"])
            except ValueError:
                place = places.place(f"/{owner}/waivers/{index}/expires")
                yield Problem(f"{waiver['expires']} is not a valid date", at=place)


def _wrong_profiles(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    known = table.get("models", {})
    for key in ("embeddings", "moderations", "user"):
        name = table.get("test", {}).get(key)
        if name is not None and name not in known:
            hint = did_you_mean(name, known) or f"give it a profile: [models.{name}]"
            yield Problem(f"there is no model `{name}`", at=places.place(f"/test/{key}"), hint=hint)


def _wrong_alerts(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    for index, alert in enumerate(table.get("score", {}).get("alerts", ())):
        limits = [key for key in ("below", "above") if key in alert]
        if len(limits) == 1:
            continue
        place = places.place(f"/score/alerts/{index}{f'/{limits[1]}' if limits else ''}")
        if limits:
            yield Problem("`below` and `above` exclude each other", at=place, hint=_TWO_ALERTS)
        else:
            message = f"the alert on `{alert['metric']}` has no limit"
            yield Problem(message, at=place, hint="write `below = 98` or `above = 4`")


_REFUSED_IN_TAGS = lazy_pattern(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[-/.]|[/.]$|\.lock(?=/|$)"
)
_OTHER_PLACEHOLDER = lazy_pattern(r"\$\{|\{\{|\}\}")


def _wrong_tag_format(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    written = table.get("release", {}).get("tag_format", "{version}")
    place = places.place("/release/tag_format")
    around = written.replace("{version}", "0")
    if written.count("{version}") > 1:
        message = "`tag_format` must contain `{version}` once"
        yield Problem(message, at=place, hint='such as "v{version}"')
    elif other := _OTHER_PLACEHOLDER.search(written):
        message = f"`{other[0]}` would be a part of each tag"
        yield Problem(message, at=place, hint='write "v{version}"')
    elif refused := _REFUSED_IN_TAGS.search(around):
        message = (
            f"git refuses a tag with `{refused[0]}` there"
            if refused[0] != " "
            else ("git refuses a tag with a space")
        )
        yield Problem(message, at=place, hint='such as "v{version}"')


def _wrong_shares(table: Mapping[str, Any], places: TomlPlaces) -> Iterator[Problem]:
    """Numbers in percent that were written as shares."""
    written = [
        ("check", "coverage", share_as_percent),
        ("mutate", "fail-under", share_as_percent),
        ("compare", "margin", share_as_margin),
        ("compare", "contract_margin", share_as_margin),
    ]
    for owner, key, look_at in written:
        found = look_at(f"`{key}`", table.get(owner, {}).get(key) or 0)
        if found is not None:
            yield Problem(found[0], at=places.place(f"/{owner}/{key}"), hint=found[1])
    for index, alert in enumerate(table.get("score", {}).get("alerts", ())):
        yield from _wrong_limits(alert, f"/score/alerts/{index}", places)


def _wrong_limits(alert: Mapping[str, Any], at: str, places: TomlPlaces) -> Iterator[Problem]:
    """Limits of an alert that are shares, or that its metric can't cross."""
    is_percent = alert["metric"] not in VALUE_METRICS
    within = limit_of_percent if is_percent else limit_of_amount
    sides: tuple[Side, ...] = ("below", "above")
    for key in sides:
        found = within(f"`{key}`", alert[key], key) if key in alert else None
        if is_percent and key == "below":
            found = found or share_as_percent("`below`", alert.get("below", 0))
        if found is not None:
            yield Problem(found[0], at=places.place(f"{at}/{key}"), hint=found[1])


_TWO_ALERTS = "write two alerts"


def _holds_secrets(path: Sequence[str | int]) -> bool:
    """Whether a value may contain a secret, by mistake or by design: errors never show it."""
    return len(path) > 2 and path[0] == "models" and path[2] in SECRET_KEYS


def _keys_for_names(table: Any, places: TomlPlaces) -> Iterator[Problem]:
    """API keys written in place of the name of a variable, in a profile of any shape."""
    models = table.get("models") if isinstance(table, dict) else None
    profiles = models.items() if isinstance(models, dict) else ()
    for name, profile in profiles:
        for key, value in profile.items() if isinstance(profile, dict) else ():
            if isinstance(value, str) and _NAMES_A_KEY.search(key) and looks_like_a_key(value):
                yield Problem(
                    f"`{key}` looks like an API key; it must be the name of a variable",
                    at=places.place(f"/models/{escaped(name)}/{escaped(key)}"),
                    hint=_REVOKE if key == "api_key_env" else f"{_REVOKE}, as `api_key_env`",
                )


_LONGEST_VARIABLE_NAME = 100
_LONGEST_WORD_IN_NAME = 32
_SHORTEST_RANDOM_PART = 16
_NAMES_A_KEY = lazy_pattern("key|token|secret|passw", re.IGNORECASE)
_REVOKE = "revoke the key, and write the name of the variable with the new key"


def looks_like_a_key(name: str) -> bool:
    """Whether a value that should be the name of a variable looks like an API key.

    Names are words; an API key has many random characters.
    """
    return len(name) > _LONGEST_VARIABLE_NAME or any(map(_drawn_by_chance, re.split("[_-]", name)))


def _drawn_by_chance(part: str) -> bool:
    digits = sum(char.isdigit() for char in part)
    mixed = part != part.upper() and part != part.lower()
    if len(part) < _SHORTEST_RANDOM_PART or digits == len(part):
        return False
    return len(part) >= _LONGEST_WORD_IN_NAME or digits >= 3 or (mixed and digits > 0)


def normalized_root(written: str) -> str:
    """A root as paths begin with it; `.` for the whole repository."""
    return "." if written.rstrip("/") == "." else confined(written, "").path


# Errors in the configuration, each with its line.

SECRET_KEYS = ("api_key_env", "base_url", "headers", "provider_options")
"""Keys of a model profile whose values are never shown in messages."""

_HEADER = lazy_pattern(r"^[ \t]*\[+[ \t]*(.*)", re.MULTILINE)
_BARE = lazy_pattern(r"[A-Za-z_]")
_BARE_HEADER = lazy_pattern(r"[ \t]*\[+[ \t]*[A-Za-z_]")
_BARE_KEY = lazy_pattern(r"[ \t]*[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*[ \t]*=")
_MAY_BE_SECRET = lazy_pattern("|".join(("models", *SECRET_KEYS)))


def refuse(problems: Sequence[Problem], text: str, kind: type[PromptopsError] = InputError) -> None:
    """Raise an error if there are problems; see `config_error`."""
    if problems:
        raise config_error(problems, text, kind)


def config_error(
    problems: Sequence[Problem], text: str, kind: type[PromptopsError] = InputError
) -> PromptopsError:
    """The first problem of a file as an error that includes the others.

    Attributes:
        text: The file with LF newlines; "" if there is no line to show.
    """
    first, *others = (_error(problem, text, kind) for problem in problems)
    first.others = tuple(others)
    return first


def _error(problem: Problem, text: str, kind: type[PromptopsError]) -> PromptopsError:
    source = _source(problem.at, text) if isinstance(problem.at, Place) else None
    return kind(problem.message, where=str(problem.at), hint=problem.hint, source=source)


def _source(place: Place, text: str) -> SourceLine | None:
    rows = text.split("\n")
    shown = _without_values(rows, place.line) if place.line <= len(rows) else ""
    if not shown.strip():
        return None
    end = place.end_column if place.end_line == place.line else len(shown) + 1
    return SourceLine(text=shown, line=place.line, column=place.column, end_column=end)


def _without_values(rows: Sequence[str], number: int) -> str:
    """A line up to its `=`, because a secret may follow; "" for a line inside a value."""
    row = rows[number - 1]
    if not _MAY_BE_SECRET.search(f"{_tables(rows[:number])} {row}"):
        return row
    if _BARE_HEADER.match(row) and "=" not in row:
        return row
    key = _BARE_KEY.match(row)
    return f"{key[0]} …" if key else ""


def _tables(rows: Sequence[str]) -> str:
    """The header above a line, and the later rows that are headers or lists of an array."""
    headers = _HEADER.findall("\n".join(rows))
    bare = [index for index, header in enumerate(headers) if _BARE.match(header)]
    return " ".join(headers[bare[-1] if bare else 0 :])
