"""TST009."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Case, Message, Prompt, TextPart
from promptops.patterns import lazy_pattern
from promptops.percentages import share_as_margin
from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, parse


@rule("TST009", severity=Severity.ERROR)
def invalid_assertion(
    prompt: Prompt,
    cases: Sequence[Case],
    loaded: LoadedPrompt,
    catalog: Catalog,
    surroundings: Surroundings,
) -> Iterator[Problem]:
    """Every assertion has valid arguments and can fail.

    An assertion that can't fail tests nothing. Examples are an empty schema, a
    pattern that matches every text, a limit that no answer reaches, an expression that is always
    true, a threshold that unrelated texts reach, and a delimiter such as `<ticket>` that the
    template always writes. Errors are also assertions that can't pass, and assertions that name a
    tool, an input, a case or a key of the output that the prompt does not have, or a Python file or
    function that does not exist: the code is only parsed. `evaluation` must name an existing judge
    and primary score, and `evaluation.probes` existing families, probes, tools and, as `decision`,
    a key of the output; a family in `must` needs the key without which it is never attacked
    (`tools`, `decision`). Its `max` is in percent, and `evaluation.margin` and `contract_margin` in
    percentage points: shares are errors. `promptops test` and `promptops probe` report the same
    errors, except those of the margins.

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        tests:
          - name: an order number
            output:
              - {type: regex, value: '.*'}
              - {type: json-schema, value: {format: email}}

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          assertions:
            - {type: expr, value: text | length >= 0}
        tests:
          - name: an order number

    Bad:
        inputs:
          required: [passages]
          properties:
            passages: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Summarize: {{ passages }}"
        evaluation:
          assertions:
            - {type: grounded, value: pasages}
        tests:
          - name: one passage
            inputs: {passages: The hub pairs with eight cameras.}

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: |
              <ticket>
              {{ ticket }}
              </ticket>
        tests:
          - name: one ticket
            inputs: {ticket: The hub is offline.}
            rendered:
              - {type: contains, value: <ticket>}

    Bad:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          judge: judges/politness
        tests:
          - name: an order number
            output:
              - {type: llm-rubric, value: The answer is polite.}

    Good:
        messages:
          - role: user
            content: Reply with the order number.
        evaluation:
          assertions:
            - {type: expr, value: text | length <= 80}
        tests:
          - name: an order number
            output:
              - {type: regex, value: '\\bA-\\d{4}\\b'}
              - {type: json-schema, value: {type: string, pattern: '^A-\\d{4}$'}}
    """
    if prompt.evaluation or any(case.rendered or case.on_answers or case.turns for case in cases):
        from promptops.evals.case_assertions import (
            needs_no_plugin,
            problems_of_answers,
            problems_of_case,
        )
        from promptops.evals.unknown_names import FunctionFiles, problems_of_names

        for case in cases:
            yield from problems_of_case(case, prompt)
            yield from constant_delimiters(prompt, case)
        judges, profiles = _judges(prompt, catalog, surroundings), catalog.config.models
        yield from problems_of_answers(
            prompt, judges=judges, profiles=profiles, considered=needs_no_plugin
        )
        functions = FunctionFiles(catalog.resolver, surroundings)
        yield from problems_of_names(prompt, functions, tools=loaded.tool_names)
        if "probes" in prompt.evaluation:
            from promptops.evals.probe_library import rule_problems

            yield from rule_problems(prompt, loaded.tool_names)
        yield from _margin_as_share(prompt)


def _margin_as_share(prompt: Prompt) -> Iterator[Problem]:
    for key in ("margin", "contract_margin"):
        margin = prompt.evaluation.get(key)
        found = share_as_margin(f"`{key}`", margin) if isinstance(margin, int | float) else None
        if found is not None:
            yield Problem(found[0], at=prompt.locate(f"/evaluation/{key}", False), hint=found[1])


def _judges(prompt: Prompt, catalog: Catalog, surroundings: Surroundings) -> Collection[str]:
    """The ids that the name of the judge may be: all of them if no prompt has that name."""
    judge = prompt.evaluation.get("judge")
    if not isinstance(judge, str):
        return ()
    return (judge,) if surroundings.has_prompt(judge) else catalog.paths


_DELIMITER = lazy_pattern(r"</?[A-Za-z][\w:-]*\s*/?>|[^\w\s]+")
"""Matches one tag, or punctuation such as a code fence."""


def constant_delimiters(prompt: Prompt, case: Case) -> Iterator[Problem]:
    """Each `contains` of a case whose value is a delimiter that every request contains.

    Words are not reported: a case may check that the template keeps a sentence.
    """
    for index, written in enumerate(case.rendered):
        value = written.get("value")
        if not isinstance(value, str) or not _is_of_delimiter(written, value):
            continue
        if _is_constant(prompt, written.get("role"), value):
            yield Problem(
                f"`{value}` is in every request, whatever the inputs: this assertion can't fail",
                at=case.locate(f"{case.at}/rendered/{index}/value", False),
                hint="assert text that comes from the inputs of the case",
            )


def _is_of_delimiter(written: Mapping[str, Any], value: str) -> bool:
    whole = written.get("type") == "contains" and not {"path", "transform"} & written.keys()
    return whole and _DELIMITER.fullmatch(value) is not None


def _is_constant(prompt: Prompt, role: str | None, value: str) -> bool:
    """Whether a message that is always sent contains the value outside of every tag."""
    return any(
        value in literal
        for message in prompt.messages
        if isinstance(message, Message) and message.when is None and role in (None, message.role)
        for part in message.parts
        if isinstance(part, TextPart) and part.when is None
        for literal in _literals(part.text.value)
    )


@lru_cache(maxsize=256)
def _literals(source: str) -> tuple[str, ...]:
    """The text of a template outside of tags; empty if it can't be parsed."""
    try:
        body = parse(source).tree.body
    except TemplateError:
        return ()
    outputs = (node for node in body if isinstance(node, nodes.Output))
    return tuple(
        node.data for output in outputs for node in output.nodes if type(node) is nodes.TemplateData
    )
