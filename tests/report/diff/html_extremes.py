"""Reports for the tests of the HTML page: one hostile, one large."""

from __future__ import annotations

from datetime import date

from promptops.model.change import CaseDiff, Change, DiffReport, PromptDiff, SeenPair, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump
from tests.report.diff.html_reports import case, pair, realistic, rendered, seen, unchanged

ATTACK = (
    "</script></style><script>document.title='pwned';alert(1)</script>"
    '"\'><img src=x onerror="alert(2)"><iframe src="https://evil.example"></iframe>'
    "<!-- --> ]]> {{ 7 * 7 }} {% raw %} &amp; `code` javascript:alert(3) \x00\x1b[31m"
    "user\u202enimda\u2066 \ud800 ##[error] a\u200bb"
)


def hostile() -> DiffReport:
    """The attack stands in every text that a stranger writes."""
    return DiffReport(
        base=ATTACK,
        head=ATTACK,
        prompts=(hostile_prompt(), hostile_prompt()),
        compared=2,
        tokenizer=ATTACK,
        hidden=1,
    )


def hostile_prompt() -> PromptDiff:
    changed = Change(
        code=ATTACK,
        name=ATTACK,
        level="BREAKING",
        bump=Bump.MAJOR,
        path=ATTACK,
        message=ATTACK,
        before=ATTACK,
        after={ATTACK: [ATTACK]},
        witness=Witness(kind="input", value={ATTACK: ATTACK}, case=ATTACK, reason=ATTACK),
        risk=ATTACK,
        via=(ATTACK,),
        waiver=Waiver(fingerprint=ATTACK, reason=ATTACK, who=ATTACK, expires=date(2027, 1, 1)),
        fingerprint=ATTACK,
    )
    return PromptDiff(
        id=ATTACK,
        before_id=ATTACK,
        path=ATTACK,
        state="renamed",
        bump=Bump.MAJOR,
        changes=(changed,),
        cases=(
            CaseDiff(
                name=ATTACK,
                messages=(
                    SeenPair(seen(ATTACK, f"a\n{ATTACK}\nb"), seen("user", f"a\n{ATTACK}c\nb")),
                    SeenPair(seen("user", ATTACK), seen("user", ATTACK)),
                ),
                rest=(ATTACK,),
            ),
            CaseDiff(name=ATTACK, messages=(), before_error=ATTACK, after_error=ATTACK),
        ),
        rendered=2,
        via=(ATTACK,),
        before_version=ATTACK,
        after_version=ATTACK,
    )


def large(prompts: int = 500, cases: int = 3) -> DiffReport:
    """Each prompt has texts of its own, of about 5 kB, with five lines that differ."""
    return DiffReport(
        base="v1.0.0",
        head="HEAD",
        prompts=tuple(_large_prompt(number, cases) for number in range(prompts)),
        compared=prompts,
    )


def _large_prompt(number: int, cases: int) -> PromptDiff:
    lines = [
        f"- Rule {line} of prompt {number}: keep it short, name the source of what you say."
        for line in range(60)
    ]
    changed = [
        line.replace("keep it short", "be brief") if index % 12 == 0 else line
        for index, line in enumerate(lines)
    ]
    return PromptDiff(
        id=f"team/prompt-{number:03}",
        path=f"prompts/team/prompt-{number:03}.prompt.yaml",
        state="changed",
        bump=Bump.MINOR,
        changes=(rendered(cases, cases),),
        cases=tuple(
            case(
                f"case {index}",
                pair(
                    "system",
                    "\n".join([*lines, f"- Case {index}"]),
                    "\n".join([*changed, f"- {index}"]),
                ),
            )
            for index in range(cases)
        ),
        rendered=cases,
        before_version="1.0.0",
        after_version="1.1.0",
    )


REPORTS = {"realistic": realistic, "unchanged": unchanged, "hostile": hostile}
