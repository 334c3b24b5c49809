"""One prompt with its assertions, as a pack has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import WrittenAssertion, assertions_of_every_case
from promptops.evals.judge_answer import checks_output
from promptops.evals.left_out import CALLS, why_left_out, why_only_judged
from promptops.evals.parse import parse
from promptops.jobs.bundles.contents import PromptLines
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.model.score import LeftOutAssertion
from promptops.records import record
from promptops.runtime.bundle.strict_json import json_string
from promptops.runtime.request.answers import Answers
from promptops.runtime.request.render import Renderer

_LINE = ("version", "contract", "digest", "blobs")
"""Keys of a line of a bundle that are not needed to render, or are beside the line."""


@record(frozen=True, slots=True)
class PackedPrompt:
    """A prompt as JSON data, and its assertions that are not checked on samples.

    `value` has `id`, `digest`, `prompt` (the line of a bundle), `parts` (included templates by
    path), `price`, `budget` (USD for a request, or null), `score`, `judge`, `output` (the place of
    the output contract, or null), and `assertions`, each with `written` (JSON text) and `place`.
    """

    value: dict[str, Any]
    left_out: tuple[LeftOutAssertion, ...]


def packed_prompt(catalog: Catalog, loaded: LoadedPrompt, prompt: Prompt) -> PackedPrompt:
    """The prompt for a pack; raises InputError for one that can't be shipped or rendered."""
    lines = PromptLines(catalog, lambda _: None)
    line = lines.line(loaded)
    Renderer(prompt, catalog.load)
    chosen, left_out = _divided(prompt)
    profile = catalog.config.models.get(prompt.model.profile or "")
    value = {
        "id": prompt.id,
        "digest": line["digest"],
        "prompt": {key: item for key, item in line.items() if key not in _LINE},
        "parts": {path: part["text"] for path, part in lines.parts.items()},
        "price": dict(profile.price) if profile is not None else {},
        "budget": prompt.budget.get("cost_usd"),
        "score": prompt.evaluation.get("score"),
        "judge": prompt.evaluation.get("judge"),
        "output": _output_place(prompt),
        "assertions": [
            {"written": json_string(dict(each.written)), "place": _place(each)} for each in chosen
        ],
    }
    return PackedPrompt(value, left_out)


def _divided(prompt: Prompt) -> tuple[list[WrittenAssertion], tuple[LeftOutAssertion, ...]]:
    chosen: list[WrittenAssertion] = []
    left_out: list[LeftOutAssertion] = []
    for each in assertions_of_every_case(prompt):
        why = _why_not(each)
        if not why or why in CALLS:
            chosen.append(each)
        if why:
            written_type = str(each.written.get("type", ""))
            left_out.append(
                LeftOutAssertion(
                    prompt=prompt.id, type=written_type, place=each.at("", False), why=why
                )
            )
    return chosen, tuple(left_out)


def _why_not(each: WrittenAssertion) -> str:
    assertion, problems = parse(each.written, "answer")
    if assertion is None:
        return problems[0].message
    return why_left_out(assertion) or why_only_judged(assertion)


def _output_place(prompt: Prompt) -> list[Any] | None:
    """The place of the output contract; None if answers are not checked against one."""
    if not (checks_output(prompt) and _is_usable(prompt)):
        return None
    key = "schema" if prompt.output.schema is not None else "format"
    return list(prompt.locate(f"/output/{key}", False).as_json().values())


def _is_usable(prompt: Prompt) -> bool:
    """Whether the output schema can be used; lint reports one that can't."""
    try:
        Answers(prompt.id, prompt.output)
    except ValueError:
        return False
    return True


def _place(each: WrittenAssertion) -> list[Any]:
    return list(each.at("", False).as_json().values())


def all_left_out(packed: Iterable[PackedPrompt]) -> tuple[LeftOutAssertion, ...]:
    """The assertions that are left out, by prompt and place.

    One that several releases have is there once, at its place in the latest one.
    """
    found: dict[tuple[str, str, str, int], LeftOutAssertion] = {}
    for one in packed:
        seen = Counter[tuple[str, str]]()
        for each in one.left_out:
            seen[each.type, each.why] += 1
            found[each.prompt, each.type, each.why, seen[each.type, each.why]] = each
    return tuple(sorted(found.values(), key=lambda each: (each.prompt, each.place, each.type)))
