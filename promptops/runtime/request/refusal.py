"""Refuse a request that a request format can not express."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptops.errors import InputError, UsageError
from promptops.model.prompt import Request, RequestSettings
from promptops.runtime.request.api_limits import APIS, COMPATIBLE_RESPONSES, Api, apis_of
from promptops.runtime.request.unsupported import Unsupported, is_plain_message, unsupported

_NOTHING, _CONTENT = "nothing", "content"
"""What is left to check in further requests of a prompt: messages that are not plain."""


def refuse_unsupported(
    request: Request, method: str, prompt: str, settings: Mapping[str, Any] | None = None
) -> None:
    """Refuse a request that the format of `method` can't express, or that has another format.

    `prompt` is the id that errors show. With `settings`, those of the request's prompt, they are
    checked only once. Raises UsageError for a prompt of a provider with another format, and
    InputError for a field that the format can't express.
    """
    checked = settings.checked if isinstance(settings, RequestSettings) else {}
    left = checked.get(method)
    if left == _NOTHING or (left == _CONTENT and all(map(is_plain_message, request.messages))):
        return
    provider = request.model.get("provider")
    apis = () if request.any_api else apis_of(provider)
    api = APIS[method]
    if apis and api not in apis:
        raise _another_format(api, apis, str(provider), prompt)
    if not apis and method == "openai":
        checked[method] = _NOTHING  # a compatible server may accept more than OpenAI does
        return
    if not apis and method == "responses":
        api = COMPATIBLE_RESPONSES
    errors = [_error(each, prompt) for each in unsupported(request, api)]
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]
    if not api.converts_calls:
        checked[method] = _CONTENT


def _another_format(api: Api, own: Sequence[Api], provider: str, prompt: str) -> UsageError:
    hint = f"call {' or '.join(f'`request.{each.method}()`' for each in own)}"
    if own[0].provider != "openai":
        hint += "; for a server with another API, set its `base_url` in the profile"
    message = f"`{api.method}()` does not create requests for the provider `{provider}`"
    return UsageError(message, where=prompt, hint=hint)


def _error(found: Unsupported, prompt: str) -> InputError:
    return InputError(f"{found.message}, at {found.at}", where=prompt, hint=found.hint)
