"""The contracts of an attacked prompt, which are checked beside the attack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.case_assertions import counterparts
from promptops.evals.parse import parse
from promptops.model.prompt import Case, Prompt
from promptops.records import replace


def own_contracts(prompt: Prompt) -> Mapping[str, Any]:
    """The evaluation without measures, and without assertions that need another case."""
    kept = {
        key: value
        for key, value in prompt.evaluation.items()
        if key in ("judge", "budget", "output")
    }
    written = prompt.evaluation.get("assertions") or ()
    return {**kept, "assertions": [each for each in written if _is_contract(each, prompt)]}


def _is_contract(written: Mapping[str, Any], prompt: Prompt) -> bool:
    assertion = parse(written, "answer")[0]
    if assertion is None:
        return True  # so that the mistake is reported
    if not assertion.must:
        return False
    alone = Case(name="", inputs={}, at="", locate=prompt.locate, output=(written,))
    return not counterparts(alone, replace(prompt, evaluation={}))
