"""The size of a prompt, its model, and the files it names."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.amounts import usd
from promptops.analysis.models import find
from promptops.jobs.naming.prompt_facts import facts_of
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_tokens import cost_usd, estimate, request_tokens
from promptops.lint.subject import PromptFacts
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.markdown import bullets, code, excerpt
from promptops.model.config import ModelProfile
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.plurals import counted

_SMALLEST = 0.001
"""The smallest share of a context window that is shown as a number."""

_LANGUAGES = {"yaml": "yaml", "yml": "yaml", "json": "json", "jsonl": "json", "csv": "csv"}


def size_text(here: Here) -> str:
    """The tokens of the requests of all cases, and their share of the budget."""
    return "\n\n".join(_size(here, loaded) for loaded in here.loaded)


def _size(here: Here, loaded: LoadedPrompt) -> str:
    prompt = loaded.prompt
    if prompt is None:
        return ""
    facts = facts_of(here.file.live.catalog, loaded)
    sizes = [request_tokens(request) for request in _requests(facts)]
    if not sizes:
        return "no case can be rendered: the tokens of the request are unknown"
    least, most = min(sizes), max(sizes)
    tokens = f"{least:,} to {most:,}" if least < most else f"{most:,}"
    first = f"{tokens} tokens in {counted(len(sizes), 'rendered case')} (estimated)"
    return bullets([first, *_limits(here, prompt, most)])


def _limits(here: Here, prompt: Prompt, tokens: int) -> Iterator[str]:
    """The share of the budget, the price, and the share of the context window."""
    budget = prompt.budget.get("input_tokens")
    if budget:
        yield f"{tokens / budget:.0%} of the budget of {budget:,.0f} tokens"
    model = prompt_model(prompt, here.file.live.catalog.config)
    cost = cost_usd(model, tokens, 0) if model is not None else None
    if cost is not None:
        yield f"{usd(cost)} for the largest request, without the answer"
    if model is not None and model.context_window:
        share = tokens / model.context_window
        shown = f"{share:.1%}" if share >= _SMALLEST else f"less than {_SMALLEST:.1%}"
        yield f"{shown} of the context window of {code(model.id)}"


def _requests(facts: PromptFacts) -> Iterator[Request]:
    yield from (each.traced.request for each in facts.renders if each.traced is not None)


def profile_text(profile: ModelProfile) -> str:
    """A profile of the configuration: its model with price and retirement."""
    head = f"profile **{code(profile.name)}**: {code(f'{profile.provider} {profile.id}')}"
    address = [f"address {code(profile.base_url)}"] if profile.base_url else []
    facts = list(_model_facts(profile.provider, profile.id, profile))
    return f"{head}\n\n{bullets([*address, *facts])}"


def model_text(provider: str, model: str) -> str:
    """A model with price and retirement; "" if it is not in the table."""
    if find(provider, model) is None:
        return ""
    return f"**{code(model)}**\n\n{bullets(_model_facts(provider, model, None))}"


def _model_facts(provider: str, model: str, profile: ModelProfile | None) -> Iterator[str]:
    facts = find(provider, model)
    price = dict(profile.price) if profile is not None else {}
    dollars = price.get("input", facts.input_usd if facts else None)
    if dollars is not None:
        out = price.get("output", facts.output_usd if facts else None)
        answers = f", output {usd(out)}" if out is not None else ""
        yield f"input {usd(dollars)}{answers} for a million tokens"
    window = (profile.context_window if profile else None) or (
        facts.context_window if facts else None
    )
    if window:
        yield f"context window {window:,} tokens"
    if facts is None:
        yield "not in the table of known models"
    elif facts.retires_on:
        successor = f"; use {code(facts.successor)}" if facts.successor else ""
        yield f"retires on {facts.retires_on}{successor}"
    if facts is not None and facts.floating:
        yield "refers to newer models over time"


def file_text(here: Here, path: str) -> str:
    """The beginning of a file that is named at the position, and its tokens."""
    found = here.file.live.catalog.files.text(path)
    if found is None:
        return ""
    ending = path.rpartition(".")[2]
    language = _LANGUAGES.get(ending, "jinja")
    size = f"{estimate(found.value):,} tokens (estimated)"
    return f"**{code(path)}**: {size}\n\n{excerpt(language, found.value)}"
