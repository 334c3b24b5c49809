"""The result of a lint run, as report formats receive it."""

from __future__ import annotations

from collections.abc import Callable

from promptops.model.finding import Finding, Severity
from promptops.model.internal_error import CODE
from promptops.model.place import Place
from promptops.records import record

Style = Callable[[str, str], str]
"""From a role and a text to the text as it is shown.

Roles: `path`, `error`, `warning`, `info`, `code`, `gutter`, `caret`, `hint`, `note`, `summary`,
`removed`, `added`.
The text is already safe for a terminal; it is no markup of any library and must not be read as
such. What a style adds has no width."""


def plain(_role: str, text: str) -> str:
    """The style without colour."""
    return text


@record(frozen=True, slots=True, kw_only=True)
class SilencingComment:
    """A comment with a code and a reason, in a file that was looked at.

    Attributes:
        place: Of the comment's words.
        codes: Rules, or beginnings of their codes.
        silenced: The findings that it takes out.
    """

    place: Place
    codes: tuple[str, ...]
    reason: str
    silenced: tuple[Finding, ...]


@record(frozen=True, slots=True, kw_only=True)
class LintReport:
    """The result of one lint run.

    Attributes:
        findings: What is still there, in the order to show.
        files: Number of files that were checked.
        fixed: Number of findings that `--fix` mended and that are no longer there.
        suppressed: Number of findings taken away by comments, waivers and the baseline.
        comments: Those that may silence findings, in the order of the files they are in.
    """

    findings: tuple[Finding, ...]
    files: int
    fixed: int = 0
    suppressed: int = 0
    comments: tuple[SilencingComment, ...] = ()

    def failing(self, limit: Severity) -> tuple[Finding, ...]:
        """The findings at or above a severity."""
        return tuple(finding for finding in self.findings if finding.severity >= limit)

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        return any(finding.code == CODE for finding in self.findings)


@record(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What a report says about a rule.

    Attributes:
        summary: One line: what the rule finds.
        help_uri: Address of its page, or "".
    """

    code: str
    name: str
    severity: Severity
    summary: str
    help_uri: str = ""
