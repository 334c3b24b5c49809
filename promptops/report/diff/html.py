"""For a browser: one page without any external resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from promptops.model.change import Change, DiffReport
from promptops.report.diff.page.views import PromptChangesView, prompt_views
from promptops.report.diff.parts.distinct import risks
from promptops.report.diff.parts.facts import label, risk, unexplained_risk
from promptops.report.page.document import document

PARTS = "diff/page/changes"
_MOST_OPEN = 40


def write(report: DiffReport, **_: object) -> str:
    """The whole page."""
    prompts = prompt_views(report)
    every = (change for prompt in report.prompts for change in prompt.changes)
    return document(
        "diff/page",
        FILTERS,
        parts=(PARTS,),
        report=report,
        prompts=prompts,
        levels=Counter(map(label, every)),
        risks=risk_views(report, prompts),
        cases=_cases(report),
        open=differences(prompts) <= _MOST_OPEN,
    )


def risk_views(
    report: DiffReport, prompts: Iterable[PromptChangesView]
) -> list[tuple[Change, list[PromptChangesView]]]:
    """Each risk once, with the prompts that have it."""
    views = {id(view.prompt): view for view in prompts}
    return [(change, [views[id(each)] for each in found]) for found, change in risks(report)]


def _cases(report: DiffReport) -> tuple[int, int]:
    """The number of cases that differ, and of all cases."""
    differ = sum(prompt.differing for prompt in report.prompts)
    return differ, max(differ, sum(prompt.rendered for prompt in report.prompts))


def differences(prompts: Iterable[PromptChangesView]) -> int:
    """The number of prompts with changes to review."""
    return sum(not difference.twin for prompt in prompts for difference in prompt.differences)


def _rise(pair: tuple[float, float]) -> str:
    """A signed number such as `+13`; the minus sign is as wide as the plus sign."""
    difference = round(pair[1]) - round(pair[0])
    return f"{difference:+,}".replace("-", "−") if difference else "±0"


def _price(usd: float) -> str:
    """The price of a thousand requests, such as `$1.30` or `$0.0042`."""
    dollars = 1000 * usd
    return f"${dollars:,.2f}" if dollars >= 0.1 or not dollars else f"${dollars:.2g}"


FILTERS: dict[str, Callable[..., Any]] = {
    "rise": _rise,
    "risk": partial(risk, arrow="→"),
    "unexplained_risk": unexplained_risk,
    "price": _price,
}
