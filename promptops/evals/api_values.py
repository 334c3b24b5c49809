"""Requests that an API can't take, and values of responses."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from promptops.evals.providers import Failure, api_of
from promptops.model.prompt import Request
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


# Values of a response, any of which may be missing or have another type.


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string that UTF-8 can encode; "" for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A number of tokens; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def tool_call(name: Any, arguments: Any) -> Mapping[str, Any]:
    """A tool call; its arguments as JSON data, or as a string if they are not JSON."""
    return {"name": text(name), "arguments": _arguments(arguments)}


def _arguments(given: Any) -> Any:
    if given is None:
        return {}
    try:
        value = json.loads(given) if isinstance(given, str) else given
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text(given if isinstance(given, str) else json.dumps(given))
    return value
