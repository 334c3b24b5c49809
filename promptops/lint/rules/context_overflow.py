"""TOK002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.tokens import estimate
from promptops.catalog.schema_places import is_written
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import Passage
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_size import request_tokens, requests_of_cases, tokens_at_most
from promptops.lint.subject import RenderedCase
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("TOK002", severity=Severity.ERROR)
def context_overflow(
    prompt: Prompt, config: Config, renders: Sequence[RenderedCase], passages: Sequence[Passage]
) -> Iterator[Problem]:
    """The request and its longest possible answer fit into the model's context window.

    A request that does not fit is refused, or the server cuts its beginning: then the instructions
    are lost first. The rule checks the largest test case, or the template itself if no case renders
    it, and adds `max_output_tokens`. Token counts are estimates. Of a case with turns, the last
    request is checked, without the answers of the model before it.

    Bad:
        --- promptops.toml
        [models.small]
        provider = "local"
        id = "tiny"
        context_window = 2048
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: small, params: {max_output_tokens: 2048}}
        messages:
          - {role: user, content: Say hello.}
        tests:
          - name: one

    Good:
        --- promptops.toml
        [models.small]
        provider = "local"
        id = "tiny"
        context_window = 2048
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: small, params: {max_output_tokens: 1024}}
        messages:
          - {role: user, content: Say hello.}
        tests:
          - name: one
    """
    model = prompt_model(prompt, config)
    if model is None or model.context_window is None:
        return
    longest = prompt.model.params.get("max_output_tokens")
    answer = longest if isinstance(longest, int) else 0
    if renders and _fits(renders, model.context_window - answer):
        return
    tokens, where, case = _largest(renders, passages)
    if tokens + answer > model.context_window:
        own = "/model/params/max_output_tokens"
        yield Problem(
            f"about {tokens:,} input tokens {where} and {answer:,} of the answer exceed"
            f" the {model.context_window:,} tokens of {model.provider}/{model.id}",
            at=own if is_written(prompt.locate, own) else model.at,
            case=case,
        )


def _fits(renders: Sequence[RenderedCase], tokens: int) -> bool:
    """Whether a quick upper bound already fits, as it does for most prompts."""
    found = list(requests_of_cases(renders))
    return len(found) == len(renders) and all(
        tokens_at_most(request) <= tokens for _, request in found
    )


def _largest(
    renders: Sequence[RenderedCase], passages: Sequence[Passage]
) -> tuple[int, str, str | None]:
    cases = [(request_tokens(request), case.name) for case, request in requests_of_cases(renders)]
    if cases:
        tokens, name = max(cases)
        return tokens, f"in the case `{name}`", name
    return (
        sum(estimate(passage.text) for passage in passages if passage.literal),
        "as written",
        None,
    )
