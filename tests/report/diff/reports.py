"""Reports of diffs as they would come of a real catalog."""

from dataclasses import replace
from datetime import date

from promptops.diff.changes import change
from promptops.model.change import CaseDiff, DiffReport, PromptDiff, Seen, SeenPair, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump

TRIAGE = """\
You triage support tickets about the Acme router.
House style: short sentences, plain words, the most useful fact first.
Say what you don't know instead of guessing. Promise nothing on behalf of Acme.

Choose the category by what the customer needs done:
- bug: it used to work, or does not do what the manual says
- how_to: it works, and the customer wants to know how
- billing: money, invoices, contracts
- other: everything else

Urgency runs from 1 (a question) to 5 (a safety risk, or nobody can use the product).

There are no known issues right now.

Sentences in the reply: at most 4.
Answer with one JSON object that fits the given schema, without a code fence."""
TICKET = "<ticket>\nThe light blinks red since this morning.\n</ticket>"


def tokens(text):
    return -(-len(text) // 4)


def seen(role, text):
    return Seen(role=role, text=text, tokens=tokens(text))


def same(role, text):
    return SeenPair(seen(role, text), seen(role, text))


def other(role, before, after):
    return SeenPair(seen(role, before), seen(role, after))


def case(name, *messages, price=0.15e-6, **facts):
    """A case whose price is that of its tokens, in USD each."""
    plain = CaseDiff(name=name, messages=messages, **facts)
    return replace(
        plain, before_usd=plain.before_tokens * price, after_usd=plain.after_tokens * price
    )


def prompt(name, *changes, **facts):
    bump = max((each.bump for each in changes), default=Bump.NONE)
    path = f"prompts/{name}.prompt.yaml"
    return PromptDiff(
        **{"id": name, "path": path, "state": "changed", "bump": bump, "changes": changes, **facts}
    )


def report(*prompts, **facts):
    return DiffReport(
        **{"base": "v1.4.2", "head": "HEAD", "prompts": prompts, "compared": 12, **facts}
    )


def _wording():
    after = TRIAGE.replace(
        "- billing: money, invoices, contracts", "- billing: money, invoices, refunds, contracts"
    ).replace("at most 4", "at most 6")
    other_ticket = "<ticket>\nHow do I pair the hub with a second camera?\n</ticket>"
    hub = [text.replace("router", "hub") for text in (TRIAGE, after)]
    return report(
        prompt(
            "support/triage",
            change("CHG301", "/messages", "the system text differs in 3 of 4 cases"),
            cases=(
                case("a red light", other("system", TRIAGE, after), same("user", TICKET)),
                case("a formal question", other("system", *hub), same("user", other_ticket)),
                case("no known issues", other("system", TRIAGE, after), same("user", TICKET)),
            ),
            rendered=4,
            before_version="1.4.2",
            after_version="1.5.0",
        ),
    )


def _breaking():
    inputs = {"ticket": "The light blinks red since this morning.", "product": "router"}
    after = TRIAGE.replace("Acme router.", "Acme router sold in Europe.")
    return report(
        prompt(
            "support/triage",
            change(
                "CHG101",
                "/inputs/properties/region",
                "`region` is now required",
                witness=Witness(
                    kind="input",
                    value=inputs,
                    case="a red light",
                    reason="`region` is missing",
                ),
            ),
            change(
                "CHG112",
                "/inputs/properties/ticket",
                "`maxLength` of `ticket` is stricter",
                before=4000,
                after=2000,
                witness=Witness(
                    kind="input",
                    value={"ticket": "x" * 2001, "product": "router", "region": "eu"},
                    reason="`ticket` is longer than 2,000 characters",
                ),
            ),
            change("CHG301", "/messages", "the system text differs in the only case"),
            change(
                "CHG403",
                "/model/params/max_output_tokens",
                "`max_output_tokens` is lower",
                before=400,
                after=200,
                warning=True,
            ),
            change(
                "CHG701",
                "/description",
                "`description`",
                before="Sort one ticket.",
                after="Sort one support ticket, set its urgency and draft the reply.",
            ),
            cases=(
                CaseDiff(
                    name="a red light",
                    messages=tuple(
                        SeenPair(seen(*each), None)
                        for each in (("system", TRIAGE), ("user", TICKET))
                    ),
                    after_error="the input `region` is missing",
                ),
                case(
                    "in Europe",
                    other("system", TRIAGE, after),
                    same("user", TICKET),
                    rest=("params",),
                ),
            ),
            rendered=1,
            before_version="1.4.2",
            after_version="2.0.0",
        ),
        compared=1,
    )


PARTIAL = "prompts/partials/house-style.md.j2"
GUARD = "Say what you don't know instead of guessing. Promise nothing on behalf of Acme."
LEFT = "Say what you don't know instead of guessing."
FRAMES = {
    "agents/order-desk": "You look up orders and refund them where the rules allow it.",
    "answers/handbook": "You answer questions about the employee handbook.",
    "engineering/code-review": "You review one change of code.",
    "summaries/meeting-notes": "You summarise the transcript of a meeting.",
    "support/triage": "You triage support tickets about the Acme router.",
    "translation/interface-text": "You translate texts of an interface.",
}


def _through_partial():
    prompts = []
    for name, frame in FRAMES.items():
        style = f"House style: short sentences, plain words.\n{GUARD}"
        before = f"{frame}\n\n{style}\n\nThe material follows."
        after = before.replace(GUARD, LEFT)
        prompts.append(
            prompt(
                name,
                change(
                    "CHG311",
                    "/messages",
                    "an obligation was removed",
                    before="Promise nothing on behalf of Acme.",
                    risk="a guardrail was removed or reworded",
                    via=(PARTIAL,),
                ),
                change(
                    "CHG301",
                    "/messages",
                    f"the system text differs in 1 of {len(name)} cases",
                    via=(PARTIAL,),
                ),
                cases=(
                    case(
                        f"the usual {name.split('/')[0]}",
                        other("system", before, after),
                        same("user", "…"),
                    ),
                ),
                rendered=len(name),
                via=(PARTIAL,),
                before_version="1.4.2" if "t" in name[:6] else None,
                after_version="1.5.0" if "t" in name[:6] else None,
            )
        )
    return report(*prompts, base="main", head="the index", hidden=2)


def _removed_and_renamed():
    return report(
        prompt(
            "support/escalate",
            change("CHG501", "", "`support/escalate` can't be loaded any more"),
            state="removed",
            before_version="0.9.0",
        ),
        prompt(
            "extraction/invoice",
            change(
                "CHG502",
                "/aliases",
                "`extraction/bill` is called `extraction/invoice` now, and is found by both names",
            ),
            state="renamed",
            before_id="extraction/bill",
            before_version="2.1.0",
            after_version="2.2.0",
        ),
        prompt(
            "moderation/image",
            change("CHG502", "", "`moderation/image` is new"),
            state="added",
        ),
        prompt("data/sql", change("CHG601", "/tests", "cases were added: `a join`, `a window`")),
        prompt(
            "support/triage",
            change(
                "CHG701",
                "/owners",
                "`owners`",
                before=["@acme/support"],
                after=["@acme/support-ai"],
            ),
        ),
    )


def _unreadable():
    return report(
        prompt(
            "support/triage",
            change("CHG501", "", "the prompt can't be read any more: `messages` is missing"),
            state="unreadable",
            before_version="1.4.2",
        ),
        compared=1,
    )


def _model():
    return report(
        prompt(
            "answers/handbook",
            change(
                "CHG401",
                "/model",
                "the model changed: input costs a tenth, the longest answer is shorter",
                before="openai/gpt-5",
                after="openai/gpt-5-mini",
                via=("promptops.toml",),
            ),
            change(
                "CHG403",
                "/model/params/temperature",
                "`temperature` is another",
                before=0,
                after=0.7,
                via=("promptops.toml",),
            ),
            change(
                "CHG602",
                "/tests/3",
                "the case `asks back`: `contains` was removed",
                before={"type": "contains", "value": "not in the handbook"},
            ),
            via=("promptops.toml",),
            before_version="3.0.1",
            after_version="3.1.0",
            cases=(
                CaseDiff(
                    name="asks back",
                    messages=(same("system", TRIAGE), same("user", TICKET)),
                    rest=("model", "params"),
                    before_usd=1.25e-3,
                    after_usd=1.25e-4,
                ),
            ),
            rendered=1,
        ),
        tokenizer="o200k_base",
        compared=3,
    )


def _waived():
    return report(
        prompt(
            "extraction/receipt",
            change(
                "CHG202",
                "/output/schema/properties/total",
                "`total` may now be null",
                bump=Bump.MINOR,
                before={"type": "number"},
                after={"type": ["number", "null"]},
                witness=Witness(
                    kind="output", value={"total": None}, reason="null is not of type number"
                ),
                waiver=Waiver(
                    fingerprint="0f" * 8,
                    reason="both consumers were changed in #412",
                    who="@acme/billing",
                    expires=date(2026, 12, 31),
                ),
            ),
            change("CHG207", "/output/schema/properties/currency", "`currency` was added"),
            change("CHG209", "/output", "a description differs"),
            before_version="1.0.0",
            after_version="1.1.0",
        ),
        compared=1,
    )


def _messages():
    sentence = "Answer from the passages alone, and cite each one by its number in brackets. "
    paragraph = sentence * 6
    before = f"{paragraph}If they say nothing about it, say so. {paragraph}"
    after = f"{paragraph}If they do not answer the question, say so in one sentence. {paragraph}"
    few = [
        same("user", "Where is the exit?"),
        SeenPair(seen("assistant", "Left. "), seen("assistant", "Left.")),
    ]
    return report(
        prompt(
            "answers/handbook",
            change("CHG306", "/messages", "a message was added, and `system` is `developer` now"),
            change("CHG301", "/messages", "the developer text differs in the only case"),
            cases=(
                case(
                    "long",
                    SeenPair(seen("system", before), seen("developer", after)),
                    *few,
                    SeenPair(None, seen("user", "\n".join(f"passage {n}" for n in range(1, 91)))),
                    price=2e-6,
                ),
            ),
            rendered=1,
            before_version="1.0.0",
            after_version="1.1.0",
        ),
        compared=1,
    )


def _tests_only():
    return report(
        prompt("data/sql", change("CHG601", "/tests", "cases were added: `a join`, `a window`"))
    )


REPORTS = {
    "wording": _wording(),
    "breaking": _breaking(),
    "partial": _through_partial(),
    "removed-and-renamed": _removed_and_renamed(),
    "unreadable": _unreadable(),
    "model": _model(),
    "waived": _waived(),
    "messages": _messages(),
    "tests-only": _tests_only(),
    "nothing": report(),
}
