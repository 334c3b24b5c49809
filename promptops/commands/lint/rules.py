"""The known rules, as text, Markdown or JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from promptops.diff.changes import CODES, ChangeCode
from promptops.errors import GitError, UsageError
from promptops.formats.codes import CODES as LOSSES
from promptops.formats.codes import LossCode
from promptops.lint.registry import Rule, RuleNames
from promptops.model.config import LintSettings
from promptops.records import record
from promptops.records.outputs import output
from promptops.report.data_text import write_json
from promptops.report.visible import visible_line
from promptops.workspace.rule_settings import available_rules
from promptops.workspace.workspace import workspace

Explained = Rule | ChangeCode | LossCode
"""What `promptops rule` explains: rules, and the codes of `diff`, `import` and `export`."""


@output("rule")
@record(frozen=True, slots=True, kw_only=True)
class RuleList:
    """The result of `rule`.

    Attributes:
        rules: By code; only one if its code was given.
        changes: The given codes of `promptops diff`.
        losses: The given codes of `promptops import` and `promptops export`.
    """

    rules: tuple[Rule, ...]
    changes: tuple[ChangeCode, ...]
    losses: tuple[LossCode, ...]


def known_rules(directory: Path, overrides: Sequence[str] = ()) -> dict[str, Rule]:
    """The built-in rules, those of plug-ins, and those of the repository's configuration."""
    settings = LintSettings()
    try:
        with workspace(directory, overrides=overrides) as opened:
            settings = opened.config.lint
    except GitError:
        pass  # outside a repository the built-in rules are still available
    return available_rules(settings, untrusted=False)


def find_rules(written: str, rules: Mapping[str, Rule]) -> tuple[Explained, ...]:
    """The rule or other code with this code or name; for a prefix of letters, all that match.

    Case is ignored. Raises UsageError if nothing matches.
    """
    known: list[Explained] = [*rules.values(), *CODES.values(), *LOSSES.values()]
    for found in known:
        if written.upper() == found.code or written.lower() == found.name:
            return (found,)
    if written.isalpha():
        family = tuple(rule for rule in known if rule.code.startswith(written.upper()))
        if family:
            return family
    names = RuleNames(tuple((rule.code, rule.name) for rule in known))
    raise UsageError(f"there is no rule {written!r}", hint=names.hint(written))


def rule_page(form: str, found: Explained) -> str:
    """One rule, or one code of another command, as text, markdown or json."""
    if form == "json":
        return _json([found])
    if isinstance(found, ChangeCode):
        mark = "# " if form == "markdown" else ""
        risk = f"\n\nA risk: {found.risk}." if found.risk else ""
        head = f"{mark}{found.code} {found.name} ({found.level}, {found.bump})"
        fix = f"\n\nThe fix: {found.instead}." if found.instead else ""
        return f"{head}\n\n{found.summary[0].upper()}{found.summary[1:]}.{risk}{fix}\n"
    if isinstance(found, LossCode):
        return _loss_page(form, found)
    return _visible(_page(found) if form == "text" else markdown_page(found))


def rule_list(form: str, found: Sequence[Explained]) -> str:
    """Rules and codes, a line each; as json with all that is known."""
    if form == "json":
        return _json(found)
    name = max(len(rule.name) for rule in found)
    kind = max(len(_kind(rule)) for rule in found)
    rows = [
        f"{rule.code}  {rule.name.ljust(name)}  {_kind(rule).ljust(kind)}  {_summary(rule)}"
        for rule in found
    ]
    return _visible("\n".join(rows) + "\n")


def _json(found: Sequence[Explained]) -> str:
    return write_json(
        RuleList(
            rules=tuple(each for each in found if isinstance(each, Rule)),
            changes=tuple(each for each in found if isinstance(each, ChangeCode)),
            losses=tuple(each for each in found if isinstance(each, LossCode)),
        )
    )


def _visible(text: str) -> str:
    """A rule of the configuration contains text of the repository's authors."""
    return "\n".join(map(visible_line, text.split("\n")))


def _kind(rule: Explained) -> str:
    return rule.level if isinstance(rule, ChangeCode) else str(rule.severity)


def _summary(rule: Explained) -> str:
    if not isinstance(rule, Rule):
        return rule.summary
    return f"{rule.summary} ({marks(rule)})" if marks(rule) else rule.summary


def marks(rule: Rule) -> str:
    """Such as `opt-in, deprecated`; "" for a stable rule that is on by default."""
    on = "" if rule.on == "default" else rule.on
    return ", ".join(filter(None, (on, "deprecated" if rule.deprecated else "")))


def _loss_page(form: str, code: LossCode) -> str:
    mark = "# " if form == "markdown" else ""
    refuses = ", or error where the prompt can't be written without it" if code.may_refuse else ""
    head = f"{mark}{code.code} {code.name} ({code.severity}{refuses})"
    fix = f"\n\nThe fix: {code.fix}." if code.fix else ""
    return f"{head}\n\n{code.summary[0].upper()}{code.summary[1:]}.{fix}\n"


def _page(rule: Rule) -> str:
    body = f"{_deprecation(rule)}{rule.documentation.rstrip()}"
    return f"{_heading(rule)}\n\n{body}\n\n{_silencing(rule)}\n"


def _deprecation(rule: Rule) -> str:
    return f"Deprecated: {rule.deprecated}.\n\n" if rule.deprecated else ""


def _heading(rule: Rule) -> str:
    on = {"default": "", "preview": ", in preview", "opt-in": ", off unless selected"}[rule.on]
    deprecated = ", deprecated" if rule.deprecated else ""
    return f"{rule.code} {rule.name} ({rule.severity}{on}{deprecated})"


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


def markdown_page(rule: Rule) -> str:
    """The page of a rule in the documentation."""
    body = re.sub(
        r"(?m)^(Bad|Good):\n((?:(?: {4}.*)?(?:\n|$))+)",
        lambda match: f"{match[1]}:\n\n{_fenced(_dedented(match[2]))}\n\n",
        rule.documentation,
    )
    words, _, comment = _silencing(rule).partition("\n    ")
    silencing = f"{words}\n\n{_fenced(comment)}" if comment else words
    return f"# {_heading(rule)}\n\n{_deprecation(rule)}{body.rstrip()}\n\n{silencing}\n"


def _fenced(block: str) -> str:
    fence = "````" if "```" in block else "```"
    return f"{fence}yaml\n{block}\n{fence}"


def _dedented(block: str) -> str:
    return "\n".join(line[4:] for line in block.rstrip().split("\n"))
