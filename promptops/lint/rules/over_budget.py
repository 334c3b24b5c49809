"""TOK001."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import PromptModel, prompt_model
from promptops.lint.request_size import cost_usd, request_tokens, requests_of_cases, worst_tokens
from promptops.lint.subject import PromptFacts
from promptops.model.prompt import Prompt
from promptops.records import record


@rule("TOK001", severity=Severity.ERROR)
def over_budget(subject: PromptFacts) -> Iterator[Problem]:
    """A request stays within the prompt's `budget`.

    Tokens cost money and time, and each added example or guideline adds some. The rule checks every
    test case and, if all inputs have limits, the largest request that the schema of the inputs
    allows.

    Of a case with turns, the last request is checked, without the answers of the model before it.
    Token counts are estimated without a tokenizer, within about 10% for text. For the largest
    request a value counts one token for four characters. Media are not counted. The cost uses the
    price in the model table or the profile, and the longest answer that `max_output_tokens` allows.

    Bad:
        budget: {input_tokens: 20}
        messages:
          - role: user
            content: |
              Write a friendly letter to a customer whose router blinks red since the last update,
              and tell her in three steps how she gets back online without calling us.

    Bad:
        budget: {input_tokens: 500}
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000, default: none}
        messages:
          - {role: user, content: "Sort this ticket: {{ ticket }}"}

    Good:
        budget: {input_tokens: 2100}
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000, default: none}
        messages:
          - {role: user, content: "Sort this ticket: {{ ticket }}"}
    """
    prompt = subject.prompt
    if prompt is None or not prompt.budget:
        return
    model = prompt_model(prompt, subject.config)
    yield from _answer(prompt)
    for load in _loads(subject):
        yield from _input(prompt, load)
        if model is not None:
            yield from _cost(prompt, load, model)


@record(frozen=True, slots=True)
class _Load:
    tokens: int
    where: str
    case: str | None = None


def _loads(subject: PromptFacts) -> Iterator[_Load]:
    """The largest case, and the largest request that the schema allows if that is larger."""
    cases = [
        _Load(request_tokens(request), f"in the case `{case.name}`", case.name)
        for case, request in requests_of_cases(subject.renders)
    ]
    largest = max(cases, key=lambda load: load.tokens, default=None)
    if largest is not None:
        yield largest
    worst = worst_tokens(subject)
    if worst is not None and (largest is None or worst > largest.tokens):
        yield _Load(worst, "with every input as large as its schema allows")


def _input(prompt: Prompt, load: _Load) -> Iterator[Problem]:
    budget = prompt.budget.get("input_tokens")
    if budget is not None and load.tokens > budget:
        message = f"about {load.tokens:,} input tokens {load.where}, the budget is {budget:,}"
        yield Problem(message, at="/budget/input_tokens", case=load.case)


def _cost(prompt: Prompt, load: _Load, model: PromptModel) -> Iterator[Problem]:
    budget = prompt.budget.get("cost_usd")
    longest = _longest(prompt) or prompt.budget.get("output_tokens") or 0
    cost = cost_usd(model, load.tokens, int(longest))
    if budget is not None and cost is not None and cost > budget:
        message = f"about {cost:.4g} USD {load.where}, the budget is {budget:g}"
        yield Problem(message, at="/budget/cost_usd", case=load.case)


def _answer(prompt: Prompt) -> Iterator[Problem]:
    budget, longest = prompt.budget.get("output_tokens"), _longest(prompt)
    if budget is not None and longest is not None and longest > budget:
        message = f"`max_output_tokens` is {longest:,}, the budget is {budget:,} output tokens"
        yield Problem(message, at="/budget/output_tokens")


def _longest(prompt: Prompt) -> int | None:
    longest = prompt.model.params.get("max_output_tokens")
    return longest if isinstance(longest, int) else None
