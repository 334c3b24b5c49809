"""What must not be sent: options that contradict the prompt, and fields without an expression."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from promptops.evals.providers import Failure, api_of
from promptops.evals.providers.http_api.values import mapping
from promptops.model.request import Request
from promptops.runtime.request.api_limits import Api
from promptops.runtime.request.unsupported import unsupported


def refuse_options(
    provider: str,
    options: Mapping[str, Any],
    *,
    contradict: Collection[str],
    managed: Collection[str],
) -> None:
    """Raises Failure for options, also in `extra_body`, that may not be set.

    `contradict` names what the prompt has, on which the budget is based; `managed` names
    what promptops sets itself.
    """
    named = {_spelled(name) for name in (*options, *mapping(options.get("extra_body")))}
    for name in (*contradict, *managed):
        if _spelled(name) in named:
            why = "contradicts the prompt" if name in contradict else "is not supported"
            message = f"`{name}` in `provider_options.{provider}` {why}"
            raise Failure(message=message, kind="refused")


def _spelled(name: object) -> str:
    """Equal for `base_url` and `baseUrl`: some clients accept both."""
    return str(name).replace("_", "").lower()


def refuse_inexpressible(request: Request, api: Api) -> None:
    """Raises Failure for the first field that an API can't express."""
    for found in unsupported(request, api):
        raise Failure(message=f"{found.message}, at {found.at}", kind="refused")


def refuse_other_apis(request: Request, provider: str) -> None:
    """Raises Failure for a request for embeddings or moderations."""
    api = api_of(request)
    if api not in ("chat", "responses"):
        raise Failure(message=f"the provider `{provider}` has no {api}", kind="refused")
