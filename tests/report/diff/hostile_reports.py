"""Reports that hold what strangers may write, wherever they may write it."""

from datetime import date

from promptops.diff.changes import change
from promptops.model.change import CaseDiff, Seen, SeenPair, Witness
from promptops.model.config import Waiver
from tests.report.diff.reports import prompt, report


def hostile(text):
    """A report that has a text of a stranger wherever one can stand."""
    message = Seen(role=text, text=f"{text}\nsame", tokens=1)
    changed = change(
        "CHG501",
        text,
        text,
        before=text,
        after={text: text},
        witness=Witness(kind="input", value={text: text}, case=text, reason=text),
        risk=text,
        via=(text,),
        waiver=Waiver(fingerprint=text, reason=text, who=text, expires=date(2026, 1, 1)),
    )
    cases = (
        CaseDiff(
            name=text,
            messages=(
                SeenPair(message, Seen(role="user", text=f"{text} {text}\nsame", tokens=2)),
                SeenPair(None, message),
            ),
            rest=(text,),
        ),
        CaseDiff(name=text, messages=(SeenPair(message, None),), after_error=text or "error"),
    )
    changed_prompt = prompt(
        text,
        changed,
        cases=cases,
        via=(text,),
        before_id=text,
        before_version=text,
        state="renamed",
    )
    return report(changed_prompt, base=text, head=text, tokenizer=text)
