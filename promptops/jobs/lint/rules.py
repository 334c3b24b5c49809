"""The known rules, as text, Markdown or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from promptops.diff.codes import CODES, ChangeCode
from promptops.errors import GitError, UsageError
from promptops.jobs.workspace.rule_settings import available_rules
from promptops.jobs.workspace.workspace import workspace
from promptops.lint.registry import Rule
from promptops.lint.rule_names import RuleNames
from promptops.model.config import LintSettings
from promptops.report.parts.json_text import json_text
from promptops.report.parts.visible import visible_line


def known_rules(directory: Path, overrides: Sequence[str] = ()) -> dict[str, Rule]:
    """The built-in rules, those of plug-ins, and those of the repository's configuration."""
    settings = LintSettings()
    try:
        with workspace(directory, overrides=overrides) as opened:
            settings = opened.config.lint
    except GitError:
        pass  # outside a repository the built-in rules are still available
    return available_rules(settings, untrusted=False)


def find_rules(written: str, rules: Mapping[str, Rule]) -> tuple[Rule | ChangeCode, ...]:
    """The rule, or the kind of change, of a code or a name; of letters, all whose code has them
    first.

    Upper and lower case are the same. Raises UsageError where there is none.
    """
    known: list[Rule | ChangeCode] = [*rules.values(), *CODES.values()]
    for found in known:
        if written.upper() == found.code or written.lower() == found.name:
            return (found,)
    if written.isalpha():
        family = tuple(each for each in known if each.code.startswith(written.upper()))
        if family:
            return family
    names = RuleNames(tuple((each.code, each.name) for each in known))
    raise UsageError(f"there is no rule {written!r}", hint=names.hint(written))


def explained(form: str, found: Rule | ChangeCode) -> str:
    """One rule, or one code of `promptops diff`, as text, markdown or json."""
    if form == "json":
        return _json([found])
    if isinstance(found, ChangeCode):
        return _change_page(form, found)
    return _visible(_page(found) if form == "text" else markdown(found))


def listed(form: str, found: Sequence[Rule | ChangeCode]) -> str:
    """Rules and codes of `promptops diff`, a line each; as json with all that is known."""
    if form == "json":
        return _json(found)
    name = max(len(each.name) for each in found)
    kind = max(len(_kind(each)) for each in found)
    rows = [
        f"{each.code}  {each.name.ljust(name)}  {_kind(each).ljust(kind)}  {_summary(each)}"
        for each in found
    ]
    return _visible("\n".join(rows) + "\n")


def _json(found: Sequence[Rule | ChangeCode]) -> str:
    rules = [_value(each) for each in found if isinstance(each, Rule)]
    changes = [_change_value(each) for each in found if isinstance(each, ChangeCode)]
    return json_text({"schema": 1, "rules": rules, **({"changes": changes} if changes else {})})


def _visible(text: str) -> str:
    """A rule of the configuration contains text of the repository's authors."""
    return "\n".join(map(visible_line, text.split("\n")))


def _kind(each: Rule | ChangeCode) -> str:
    return each.level if isinstance(each, ChangeCode) else str(each.severity)


def _summary(each: Rule | ChangeCode) -> str:
    return each.summary if isinstance(each, ChangeCode) or each.on == "default" else _on(each)


def _change_page(form: str, code: ChangeCode) -> str:
    mark = "# " if form == "markdown" else ""
    risk = f"\n\nA risk: {code.risk}." if code.risk else ""
    head = f"{mark}{code.code} {code.name} ({code.level}, {code.bump})"
    fix = f"\n\nThe fix: {code.instead}." if code.instead else ""
    return f"{head}\n\n{code.summary[0].upper()}{code.summary[1:]}.{risk}{fix}\n"


def _change_value(code: ChangeCode) -> dict[str, object]:
    return {
        "code": code.code,
        "name": code.name,
        "level": code.level,
        "bump": str(code.bump),
        "summary": code.summary,
        "risk": code.risk or None,
        "way_out": code.instead or None,
    }


def _on(rule: Rule) -> str:
    return f"{rule.summary} ({rule.on})"


def _page(rule: Rule) -> str:
    return f"{_heading(rule)}\n\n{rule.documentation.rstrip()}\n\n{_silencing(rule)}\n"


def _heading(rule: Rule) -> str:
    on = {"default": "", "preview": ", in preview", "opt-in": ", off unless selected"}[rule.on]
    return f"{rule.code} {rule.name} ({rule.severity}{on})"


def _silencing(rule: Rule) -> str:
    if rule.unsuppressable:
        return (
            "It can't be silenced by a comment, only by a waiver in promptops.toml with a reason\n"
            "and an end: [[lint.waivers]]."
        )
    return (
        "To silence it where it is meant, write above the key, with your reason:\n"
        f"    # promptops: ignore[{rule.code}] the reason"
    )


def markdown(rule: Rule) -> str:
    """The page of a rule in the documentation."""
    body = re.sub(
        r"(?m)^(Bad|Good):\n((?:(?: {4}.*)?(?:\n|$))+)",
        lambda match: f"{match[1]}:\n\n{_fenced(_dedented(match[2]))}\n\n",
        rule.documentation,
    )
    words, _, comment = _silencing(rule).partition("\n    ")
    silencing = f"{words}\n\n{_fenced(comment)}" if comment else words
    return f"# {_heading(rule)}\n\n{body.rstrip()}\n\n{silencing}\n"


def _fenced(block: str) -> str:
    fence = "````" if "```" in block else "```"
    return f"{fence}yaml\n{block}\n{fence}"


def _dedented(block: str) -> str:
    return "\n".join(line[4:] for line in block.rstrip().split("\n"))


def _value(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": str(rule.severity),
        "on": rule.on,
        "summary": rule.summary,
        "documentation": rule.documentation,
    }
