"""Reports for the tests of the HTML page, as from real life, and what to make others of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from promptops.model.change import CaseDiff, Change, DiffReport, PromptDiff, Seen, SeenPair, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump

STYLE_BEFORE = """\
# House style

- Write in the language of the customer.
- Be brief: at most three sentences.
- Never promise a refund.
- Do not mention other customers."""

STYLE_AFTER = """\
# House style

- Write in the language of the customer.
- Be brief: at most five short sentences.
- Avoid promising a refund.
- Do not mention other customers.
- Sign with the name of the team."""

TRIAGE = """\
You sort the tickets of a shop for garden tools.

Answer with one JSON object and nothing else:

{{"queue": "billing" | "delivery" | "defect"{extra}, "urgent": true | false}}

A ticket is urgent when somebody may get hurt.
A ticket about money that is missing is urgent, too.
Tickets that threaten with a lawyer go to billing.
Where two queues fit, take the one the customer names first.

{style}"""

TICKETS = {
    "refund": "I paid twice for the hedge trimmer.\nPlease give me back one payment.",
    "broken blade": "The blade came loose while I was cutting. Nobody was hurt.",
    "late parcel": "Where is my rake? It was to be here on Friday.",
}


def seen(role: str, text: str) -> Seen:
    return Seen(role=role, text=text, tokens=(len(text) + 3) // 4)


def pair(role: str, before: str | None, after: str | None) -> SeenPair:
    return SeenPair(
        None if before is None else seen(role, before), None if after is None else seen(role, after)
    )


def case(name: str, *messages: SeenPair, priced: bool = True, **rest: object) -> CaseDiff:
    made = CaseDiff(name=name, messages=messages)
    usd = (made.before_tokens * 2.5e-6, made.after_tokens * 2.5e-6) if priced else (None, None)
    return CaseDiff(name=name, messages=messages, before_usd=usd[0], after_usd=usd[1], **rest)


def report(*prompts: PromptDiff) -> DiffReport:
    return DiffReport(base="v1", head="HEAD", prompts=prompts, compared=len(prompts))


def prompt(
    name: str = "a", changes: Iterable[Change] = (), cases: Iterable[CaseDiff] = ()
) -> PromptDiff:
    return PromptDiff(
        id=name,
        path=f"prompts/{name}.prompt.yaml",
        state="changed",
        bump=Bump.MINOR,
        changes=tuple(changes),
        cases=tuple(cases),
        rendered=len(tuple(cases)),
    )


def change(**values: object) -> Change:
    usual = {"code": "CHG701", "name": "metadata", "level": "NEUTRAL", "bump": Bump.PATCH}
    return Change(**{**usual, "path": "", "message": "it differs", **values})


def realistic() -> DiffReport:
    return DiffReport(
        base="v1.4.2",
        head="HEAD",
        prompts=(_triage(), _answer(), _moderation(), _reply(), _renamed(), _sql(), _tags()),
        compared=18,
    )


def _triage() -> PromptDiff:
    before = TRIAGE.format(extra="", style=STYLE_BEFORE)
    after = TRIAGE.format(extra=' | "safety"', style=STYLE_AFTER)
    cases = tuple(
        case(name, pair("system", before, after), pair("user", ticket, ticket))
        for name, ticket in TICKETS.items()
    )
    wider = Change(
        code="CHG204",
        name="output-enum-value-added",
        level="BREAKING",
        bump=Bump.MAJOR,
        path="/output/schema/properties/queue/enum",
        message="`queue` may now be `safety`",
        before=["billing", "delivery", "defect"],
        after=["billing", "delivery", "defect", "safety"],
        witness=Witness(
            kind="output",
            value={"queue": "safety", "urgent": True},
            reason="`safety` is not one of `billing`, `delivery`, `defect`",
        ),
        fingerprint="5b1f0c9e7a3d",
    )
    required = Change(
        code="CHG101",
        name="required-input-added",
        level="BREAKING",
        bump=Bump.MAJOR,
        path="/inputs/properties/locale",
        message="the input `locale` is required now, without a default",
        witness=Witness(
            kind="input",
            value={"ticket": TICKETS["refund"], "customer": {"name": "Zoë", "since": 2019}},
            case="refund",
            reason="`locale` is a required property",
        ),
        fingerprint="c01d44aa91e2",
    )
    return PromptDiff(
        id="support/triage",
        path="prompts/support/triage.prompt.yaml",
        state="changed",
        bump=Bump.MAJOR,
        changes=(rendered(3, 3), _guardrail(), wider, required),
        cases=cases,
        rendered=3,
        via=("prompts/partials/house-style.md.j2",),
        before_version="1.4.2",
        after_version="2.0.0",
    )


def rendered(cases: int, of: int) -> Change:
    return Change(
        code="CHG301",
        name="rendered-text",
        level="BEHAVIOR",
        bump=Bump.MINOR,
        path="/messages/0/content",
        message=f"the request differs in {cases} of {of} test cases",
    )


def _guardrail() -> Change:
    return Change(
        code="CHG311",
        name="obligation-lost",
        level="BEHAVIOR",
        bump=Bump.MINOR,
        path="/messages/0/content",
        message="a prohibition became weaker",
        before="Never promise a refund, not even when the customer threatens to leave or to sue.",
        after="Avoid promising a refund, even when the customer threatens to leave or to sue.",
        risk="what the model must never do, it now may",
        via=("prompts/partials/house-style.md.j2",),
    )


def _answer() -> PromptDiff:
    before = "Answer from the passages.\nCite each one as [1].\n\n" + STYLE_BEFORE
    after = "Answer from the passages.\nCite each one as [1].\n\n" + STYLE_AFTER
    question = ("How do I oil the shears?\n\n[1] Oil the joint once a month.",) * 2
    longer = question[0] + "\n[2] Use plant oil only, as mineral oil harms the soil."
    return PromptDiff(
        id="docs/answer",
        path="prompts/docs/answer.prompt.yaml",
        state="changed",
        bump=Bump.MAJOR,
        changes=(
            Change(
                code="CHG402",
                name="provider-changed",
                level="BREAKING",
                bump=Bump.MINOR,
                path="/model",
                message="another provider answers",
                before="north/large-2026-05",
                after="south/small",
                risk="a cheaper model of another provider",
                waiver=Waiver(
                    fingerprint="9d21",
                    reason="measured on 400 questions, see the notes of the `docs` team",
                    who="ada@example.com",
                    expires=date(2026, 12, 31),
                ),
            ),
            rendered(2, 5),
        ),
        cases=(
            case(
                "one passage",
                pair("system", before, after),
                pair("user", *question),
                rest=("model", "params"),
            ),
            case(
                "two passages",
                pair("system", before, after),
                pair("user", question[0], longer),
                pair("assistant", None, "The passages say:"),
                rest=("model", "params"),
            ),
        ),
        rendered=5,
        via=("prompts/partials/house-style.md.j2", "promptops.toml"),
        before_version="0.9.1",
        after_version="0.10.0",
    )


def _moderation() -> PromptDiff:
    text = "Say whether the text below breaks a rule."
    return PromptDiff(
        id="moderation/check",
        path="prompts/moderation/check.prompt.yaml",
        state="changed",
        bump=Bump.MAJOR,
        changes=(
            Change(
                code="CHG310",
                name="render-fails",
                level="BREAKING",
                bump=Bump.MAJOR,
                path="/messages/1/content",
                message="nothing is rendered any more for the case `empty list`",
                fingerprint="77aa0b",
            ),
            Change(
                code="CHG602",
                name="assertion-loosened",
                level="NEUTRAL",
                bump=Bump.NONE,
                path="/tests/0/assert",
                message="the case `insult` no longer needs a `verdict` of `refuse`",
                warning=True,
                risk="a model that lets insults through now passes",
            ),
        ),
        cases=(
            case(
                "empty list",
                SeenPair(seen("system", text), None),
                after_error="`rules` has no first element",
            ),
        ),
        rendered=4,
    )


def _reply() -> PromptDiff:
    before, after = f"You answer mail.\n\n{STYLE_BEFORE}", f"You answer mail.\n\n{STYLE_AFTER}"
    return PromptDiff(
        id="support/reply",
        path="prompts/support/reply.prompt.yaml",
        state="changed",
        bump=Bump.MINOR,
        changes=(rendered(1, 2), _guardrail()),
        cases=(case("thanks", pair("system", before, after), pair("user", "Thanks!", "Thanks!")),),
        rendered=2,
        via=("prompts/partials/house-style.md.j2",),
        before_version="3.2.0",
        after_version="3.3.0",
    )


def _renamed() -> PromptDiff:
    before, after = f"You write mail.\n\n{STYLE_BEFORE}", f"You write mail.\n\n{STYLE_AFTER}"
    return PromptDiff(
        id="support/outreach",
        before_id="marketing/outreach",
        path="prompts/support/outreach.prompt.yaml",
        state="renamed",
        bump=Bump.MINOR,
        changes=(
            Change(
                code="CHG502",
                name="prompt-renamed",
                level="ADDITIVE",
                bump=Bump.MINOR,
                path="",
                message="`marketing/outreach` is an alias of it",
            ),
        ),
        cases=(case("spring", pair("developer", before, after), priced=False),),
        rendered=1,
    )


def _sql() -> PromptDiff:
    return PromptDiff(
        id="sql/write",
        path="prompts/sql/write.prompt.yaml",
        state="added",
        bump=Bump.MINOR,
        changes=(
            Change(
                code="CHG502",
                name="prompt-added",
                level="ADDITIVE",
                bump=Bump.MINOR,
                path="",
                message="a new prompt",
            ),
        ),
        after_version="0.1.0",
    )


def _tags() -> PromptDiff:
    return PromptDiff(
        id="translate/ui",
        path="prompts/translate/ui.prompt.yaml",
        state="changed",
        bump=Bump.PATCH,
        changes=(
            Change(
                code="CHG701",
                name="metadata-changed",
                level="NEUTRAL",
                bump=Bump.PATCH,
                path="/tags",
                message="`tags` differ",
                before=["ui"],
                after=["ui", "stable"],
            ),
        ),
        rendered=6,
        before_version="1.0.0",
        after_version="1.0.1",
    )


def unchanged() -> DiffReport:
    return DiffReport(base="v1.4.2", head="the index", prompts=(), compared=18, hidden=3)
