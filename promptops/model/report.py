"""The result of a lint run, as report formats receive it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptops.model.finding import Finding, Severity
from promptops.model.internal_error import CODE
from promptops.model.place import Place
from promptops.records import record
from promptops.records.outputs import hidden, output, shown

Style = Callable[[str, str], str]
"""From a role and a text to the styled text.

Roles: `path`, `error`, `warning`, `info`, `code`, `gutter`, `caret`, `hint`, `note`, `summary`,
`removed`, `added`.
The text is already safe for a terminal. It is not markup of any library and must not be parsed
as such. What a style adds has no width."""


def plain(_role: str, text: str) -> str:
    """The style without colour."""
    return text


@record(frozen=True, slots=True, kw_only=True)
class SilencingComment:
    """A comment with a code and a reason, in a checked file.

    Attributes:
        place: Of the text of the comment.
        codes: Rule codes or code prefixes.
        silenced: The findings that it suppresses.
    """

    place: Place
    codes: tuple[str, ...]
    reason: str
    silenced: tuple[Finding, ...]


@output("lint", version=1)
@record(frozen=True, slots=True, kw_only=True)
class LintReport:
    """The result of `promptops lint`.

    Attributes:
        findings: The remaining ones, sorted by place.
        files: Number of files that were checked.
        fixed: Number of findings that `--fix` fixed.
        suppressed: Number of findings suppressed by comments, waivers and the baseline.
        next: The command that applies safe fixes, or "".
        comments: Those that can suppress findings, in the order of their files.
        opt_in: From the code of each opt-in rule that ran to the paths of the prompts it checked.
    """

    findings: tuple[Finding, ...]
    files: int
    fixed: int = 0
    suppressed: int = 0
    next: str = ""
    comments: tuple[SilencingComment, ...] = hidden(default=())
    opt_in: Mapping[str, frozenset[str]] = hidden(default_factory=dict)

    @shown
    def errors(self) -> int:
        """Number of findings that are errors."""
        return self._count(Severity.ERROR)

    @shown
    def warnings(self) -> int:
        """Number of findings that are warnings."""
        return self._count(Severity.WARNING)

    @shown
    def infos(self) -> int:
        """Number of findings that are infos."""
        return self._count(Severity.INFO)

    def _count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def failing(self, limit: Severity) -> tuple[Finding, ...]:
        """The findings at or above a severity."""
        return tuple(finding for finding in self.findings if finding.severity >= limit)

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        return any(finding.code == CODE for finding in self.findings)


@record(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """Facts about a rule, for reports.

    Attributes:
        summary: One line: what the rule checks.
        help_uri: Address of its page, or "".
    """

    code: str
    name: str
    severity: Severity
    summary: str
    help_uri: str = ""


# Changes to the rules of the gate.


@record(frozen=True, slots=True, kw_only=True)
class Risk:
    """One thing in a change that makes the gate less strict.

    Attributes:
        message: One line: lower case, no full stop; without the prompt, the case and the place.
        prompt: The id of the prompt, or "".
        case: Name of the test case, or "".
        place: None if the change removed it.
        refused: Whether it fails the gate regardless of `check.fail-on`.
    """

    message: str
    prompt: str = ""
    case: str = ""
    place: Place | None = None
    refused: bool = False

    @property
    def sentence(self) -> str:
        """The message, with the prompt and the case in front."""
        case = f"case `{self.case}`" if self.case else ""
        return ": ".join(filter(None, (self.prompt, case, self.message)))

    def __str__(self) -> str:
        where = f" ({self.place.path}:{self.place.line})" if self.place is not None else ""
        return f"{self.sentence}{where}"
