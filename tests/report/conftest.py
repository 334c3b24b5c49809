from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptops.model.finding import Edit, Finding, Fix, Related, Severity
from promptops.model.place import Place
from promptops.model.report import LintReport, RuleInfo
from tests.golden_files import compare
from tests.report.diff.browser import chromium

GOLDEN = Path(__file__).parent / "golden"

HOSTILE = {
    "newline": "one\ntwo\r\nthree\rfour",
    "command": "\n::error::pwned\n::set-output name=a::b",
    "command-first": "::error file=a::pwned",
    "old-command": "##[error]pwned ##vso[task.setvariable variable=a]b ##teamcity[x]",
    "html": "<script>alert(1)</script><!-- --></failure>]]>&amp;",
    "table": "a | b || c \\| d",
    "backticks": "`a` ``` `b",
    "markdown": "![x](https://evil.example/a) www.evil.example @octocat #1 **bold** $x$ [a](b)",
    "bidi": "user\u202enimda\u2066\u2069",
    "invisible": "a\u200bb\u00adc\ufeffd\u3164e\U000e0041\ufe0f\u00a0",
    "control": "\x00\x07\x08\x1b[31mred\x7f\x85\x9b\u2028\u2029\ufffe",
    "surrogates": "\ud800 \udfff \udc80",
    "percent": "100%0A::error::x, a: b%25",
    "long": "x" * 100_000,
    "empty": "",
}


def _sample() -> LintReport:
    triage = "prompts/support/triage.prompt.yaml"
    undefined = Finding(
        code="VAR001",
        name="undefined-variable",
        severity=Severity.ERROR,
        message="`tikcet` is not an input",
        hint="did you mean `ticket`?",
        place=Place(triage, 31, 10, 31, 16),
        prompt="support/triage",
        fingerprint="aa01",
        source_line="      {{ tikcet }}",
        fix=Fix((Edit(Place(triage, 31, 10, 31, 16), "ticket"),)),
    )
    included = Finding(
        code="TPL008",
        name="whitespace-artifact",
        severity=Severity.WARNING,
        message="this line renders as a blank one",
        place=Place("prompts/partials/style.md.j2", 2, 1, 4, 3),
        prompt="support/triage",
        fingerprint="aa02",
        source_line="{% if tone == '友好' %}",
        related=(
            Related(Place(triage, 27, 7, 27, 50), "included here"),
            Related(Place("prompts/a b.prompt.yaml", 1, 1, 1, 2), "and, from: here"),
        ),
        case="no known issues",
        fix=Fix(
            (
                Edit(Place("prompts/partials/style.md.j2", 2, 3, 2, 3), "-"),
                Edit(Place(triage, 1, 1, 2, 1), ""),
            ),
            safe=True,
        ),
    )
    whole = Finding(
        code="SCH005",
        name="bad-id",
        severity=Severity.INFO,
        message="the id `Support` is not in lower case",
        hint="rename the file",
        place=Place("prompts/Support.prompt.yaml"),
    )
    return LintReport(
        findings=(undefined, included, whole, undefined), files=12, fixed=2, suppressed=1
    )


def hostile_finding(text: str) -> Finding:
    place = Place(text or "empty", 3, 2, 3, 4)
    return Finding(
        code=text or "PLG001",
        name=text,
        severity=Severity.ERROR,
        message=text,
        hint=text,
        place=place,
        prompt=text,
        fingerprint=text,
        source_line=text,
        related=(Related(place, text),),
        case=text,
        fix=Fix((Edit(place, text),)),
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser for the tests of a module.

    While it is open, its event loop runs in this thread, and `asyncio.run` fails there. So it must
    be closed before tests of other modules run.
    """
    with chromium(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def sample() -> LintReport:
    return _sample()


@pytest.fixture
def clean() -> LintReport:
    return LintReport(findings=(), files=12)


@pytest.fixture
def hostile() -> LintReport:
    """Each hostile text in each field of a finding."""
    findings = tuple(hostile_finding(text) for name, text in HOSTILE.items() if name != "long")
    return LintReport(findings=findings, files=1)


@pytest.fixture(params=HOSTILE)
def hostile_text(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


@pytest.fixture
def hostile_one(hostile_text: str) -> LintReport:
    return LintReport(findings=(hostile_finding(hostile_text),), files=1)


@pytest.fixture
def rules() -> dict[str, RuleInfo]:
    return {
        "VAR001": RuleInfo(
            code="VAR001",
            name="undefined-variable",
            severity=Severity.ERROR,
            summary="A name that no input defines.",
            help_uri="https://promptops.example/rules/VAR001",
        ),
        "STY003": RuleInfo(
            code="STY003",
            name="repeated-word",
            severity=Severity.WARNING,
            summary="The same word twice, [as here](1).",
        ),
    }


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares with a golden file of this folder, as `golden_files.compare`."""

    return lambda name, text: compare(GOLDEN / name, text)
