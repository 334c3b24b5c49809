"""The lint rules of a repository, and errors for unknown rules in its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import toml_places
from promptops.errors import UsageError
from promptops.json_pointer import escaped
from promptops.lint.custom import custom_rules
from promptops.lint.registry import Rule, RuleNames, built_in, has_plugins, rule_names, with_plugins
from promptops.model.config import LintSettings
from promptops.model.finding import Problem
from promptops.records import replace
from promptops.source.config import refuse
from promptops.workspace.workspace import Workspace


def available_rules(settings: LintSettings, *, untrusted: bool) -> dict[str, Rule]:
    """The rules of this package, of plug-ins unless untrusted, and of the configuration."""
    found = dict(built_in() if untrusted else with_plugins())
    return found | custom_rules(settings.rules)


def available_names(settings: LintSettings, *, untrusted: bool) -> RuleNames:
    """The names of rules; an untrusted run does not load those of plug-ins."""
    rules = available_rules(settings, untrusted=untrusted).values()
    return rule_names(rules, complete=not (untrusted and has_plugins()))


def refuse_unknown_rules(workspace: Workspace, *, untrusted: bool) -> None:
    """Raise InputError, with its place, for an unknown rule in the configuration.

    Raises UsageError if `--config` names it.
    """
    settings = workspace.config.lint
    names = available_names(settings, untrusted=untrusted)
    unknown = [(key, code) for key, code in _named_rules(settings) if names.is_unknown(code)]
    places = toml_places(workspace.catalog) if unknown else None
    problems = []
    for pointer, written in unknown:
        place = places.word(pointer, written) if places is not None else None
        if place is None:
            refuse_unknown((written,), names)
        message = f"there is no rule `{written}`"
        problems.append(Problem(message, at=place or "", hint=names.hint(written)))
    refuse(problems, places.text if places is not None else "")


def refuse_unknown(written: Iterable[str], names: RuleNames) -> None:
    """Raise UsageError for an unknown rule on the command line."""
    for code in written:
        if names.is_unknown(code):
            raise UsageError(f"there is no rule {code!r}", hint=names.hint(code))


def without_unknown(settings: LintSettings, names: RuleNames) -> LintSettings:
    """The settings of a base without unknown rules, because a change can't fix its base.

    If `select` becomes empty, the default rules run.
    """

    def known(written: Iterable[str]) -> tuple[str, ...]:
        return tuple(code for code in written if not names.is_unknown(code))

    return replace(
        settings,
        select=known(settings.select),
        ignore=known(settings.ignore),
        extend_select=known(settings.extend_select),
        per_file_ignores={glob: known(codes) for glob, codes in settings.per_file_ignores.items()},
        severity={code: settings.severity[code] for code in known(settings.severity)},
    )


def unknown_names(settings: LintSettings, names: RuleNames) -> tuple[str, ...]:
    """The unknown rules that settings name, each once."""
    found = (code for _, code in _named_rules(settings) if names.is_unknown(code))
    return tuple(dict.fromkeys(found))


def _named_rules(settings: LintSettings) -> Iterator[tuple[str, str]]:
    """The rule names in the settings, each with the pointer of its key."""
    yield from (("/lint/select", code) for code in settings.select)
    yield from (("/lint/ignore", code) for code in settings.ignore)
    yield from (("/lint/extend-select", code) for code in settings.extend_select)
    yield from (("/lint/severity", code) for code in settings.severity)
    for glob, codes in settings.per_file_ignores.items():
        for code in codes:
            yield f"/lint/per-file-ignores/{escaped(glob)}", code
