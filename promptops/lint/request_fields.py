"""The fields of a prompt file that the request format of its provider can't express."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.schema_places import is_written
from promptops.lint.subject import PromptFacts, RenderedCase, messages
from promptops.model.config import Config
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaPart,
    Message,
    Part,
    Prompt,
    Request,
    provider_name,
)
from promptops.records import record, replace
from promptops.runtime.request.api_limits import APIS, COMPATIBLE_RESPONSES, Api, apis_of
from promptops.runtime.request.media import media_type_of_path
from promptops.runtime.request.render import Renderer, message_data
from promptops.runtime.request.unsupported import (
    INSTRUCTIONS,
    Unsupported,
    unsupported,
    unsupported_conversation,
    unsupported_in,
    unsupported_settings,
)

_OWN_APIS = {api.provider: api for api in APIS.values() if api.provider != "openai"}
"""The formats of providers that are called in their own format, also at another address.

All other providers are called in OpenAI's format there, and a server with that format may accept
more than OpenAI.
"""


@record(frozen=True, slots=True, kw_only=True)
class UnsupportedField:
    """A field that a request format can't express.

    Attributes:
        at: JSON pointer into the prompt file.
        owner: JSON pointer of its message; "" for a setting.
        case: The test case whose request it was found in; None if the file itself shows it.
    """

    at: str
    owner: str
    message: str
    hint: str | None
    case: str | None = None


def request_api(prompt: Prompt, config: Config) -> Api | None:
    """The request format of the prompt's provider; None if it may use several."""
    profile = config.models.get(prompt.model.profile or "")
    chosen = prompt.model.provider_options.get("openai", {}).get("api", "chat")
    compatible = COMPATIBLE_RESPONSES if chosen == "responses" else None
    if profile is not None and profile.base_url is not None:
        return _OWN_APIS.get(provider_name(profile.provider), compatible)
    apis = apis_of(prompt.model.provider)
    if not apis:
        return compatible
    if apis[:1] == (APIS["openai"],):
        return {"chat": APIS["openai"], "responses": APIS["responses"]}.get(chosen)
    return apis[0] if len(apis) == 1 else None


def reasoning_effort(prompt: Prompt) -> Any:
    """The effort in the parameters or in the options of OpenAI; None if neither sets it."""
    options = prompt.model.provider_options.get("openai", {})
    reasoning = options.get("reasoning")
    nested = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
    effort = prompt.model.params.get("reasoning_effort")
    return options.get("reasoning_effort", nested) if effort is None else effort


def unsupported_fields(
    subject: PromptFacts, prompt: Prompt, api: Api
) -> Iterator[UnsupportedField]:
    """Each field once: those that the file shows, then those that a case's request shows."""
    seen: set[tuple[str, str]] = set()
    for field in _written(subject, prompt, api):
        seen.add((field.owner, field.message))
        yield field
    for rendered in subject.renders:
        for field in _rendered(rendered, api):
            if (field.owner, field.message) not in seen:
                seen.add((field.owner, field.message))
                yield field


def _written(subject: PromptFacts, prompt: Prompt, api: Api) -> Iterator[UnsupportedField]:
    if isinstance(subject.renderer, Renderer):
        request = Request(messages=(), **subject.renderer.fixed)
        for found in unsupported_settings(request, api):
            yield _field(found, _setting(prompt, found.at))
    for message, _ in messages(prompt):
        for found in unsupported_in(_turn(prompt, message), api, message.at):
            at = found.at if is_written(prompt.locate, found.at) else message.at
            yield _field(found, at, owner=message.at)
    yield from _order(prompt, api)


def _order(prompt: Prompt, api: Api) -> Iterator[UnsupportedField]:
    """What the order of the messages makes impossible in every request of the prompt."""
    at_best = set(_in_order(_turns(prompt, possible=True), api))
    for owner, found in _in_order(_turns(prompt, possible=False), api):
        if (owner, found) in at_best:
            place = f"{owner}/role" if is_written(prompt.locate, f"{owner}/role") else owner
            yield _field(found, place, owner=owner)


def _in_order(
    turns: Sequence[tuple[str, Mapping[str, Any]]], api: Api
) -> Iterator[tuple[str, Unsupported]]:
    """Each problem after the pointer of its message, and without a pointer of its own."""
    for found in unsupported_conversation([message for _, message in turns], api):
        index = found.at.removeprefix("/messages").strip("/").partition("/")[0]
        yield turns[int(index)][0] if index else "/messages", replace(found, at="")


def _turns(prompt: Prompt, *, possible: bool) -> list[tuple[str, Mapping[str, Any]]]:
    """The messages of every request with their pointers.

    With `possible`, each other turn is there, too, as a user message: no format refuses one.
    """
    found: list[tuple[str, Mapping[str, Any]]] = []
    for turn in prompt.messages:
        if isinstance(turn, Message) and turn.when is None:
            found.append((turn.at, _turn(prompt, turn)))
        elif possible:
            found.extend(("", {**each, "role": "user"}) for each in _possible(prompt, turn))
    return found


def _possible(
    prompt: Prompt, turn: Message | ForEach | ConversationHistory
) -> Iterator[Mapping[str, Any]]:
    if isinstance(turn, ConversationHistory):
        yield {"content": "text"}
        return
    for message in turn.messages if isinstance(turn, ForEach) else (turn,):
        if message.role not in INSTRUCTIONS:
            yield _turn(prompt, message)


def _rendered(rendered: RenderedCase, api: Api) -> Iterator[UnsupportedField]:
    """A caller's own messages have no place in the file, and are left out."""
    if rendered.traced is None:
        return
    owners = {text.message: text.at.rpartition("/content")[0] for text in rendered.traced.texts}
    for found in unsupported(rendered.traced.request, api):
        kind, _, rest = found.at.removeprefix("/").partition("/")
        index = rest.partition("/")[0]
        owner = owners.get(int(index), "") if index.isdecimal() else ""
        if kind == "messages" and (owner or not rest):
            at = owner or "/messages"
            yield _field(found, at, owner=at, case=rendered.case.name)


def _field(
    found: Unsupported, at: str, owner: str = "", case: str | None = None
) -> UnsupportedField:
    return UnsupportedField(at=at, owner=owner, message=found.message, hint=found.hint, case=case)


def _setting(prompt: Prompt, at: str) -> str:
    """The pointer in the prompt file; of the profile, if the profile sets the value."""
    kind, _, rest = at.removeprefix("/").partition("/")
    if kind == "tools":
        index, _, below = rest.partition("/")
        tool = prompt.tools[int(index)].at
        return f"{tool}/{below}" if is_written(prompt.locate, f"{tool}/{below}") else tool
    if kind == "response_format":
        places = (f"/output/{rest}" if rest else "/output/format", "/output/schema", "/output")
        return next(place for place in places if is_written(prompt.locate, place))
    places = (*((f"/model/{kind}/{rest}",) if rest else ()), "/model/profile")
    return next((place for place in places if is_written(prompt.locate, place)), "/model")


def _turn(prompt: Prompt, message: Message) -> dict[str, Any]:
    """The message as far as the file determines it; its texts are not empty."""
    parts = [_part(prompt, part) for part in message.parts]
    return message_data(message, "text" if message.plain else parts)


def _part(prompt: Prompt, part: Part) -> dict[str, Any]:
    if not isinstance(part, MediaPart):
        return {"type": "text", "text": "text"}
    found = {"type": part.kind, "detail": part.detail, "title": part.title}
    return {
        **{key: value for key, value in found.items() if value is not None},
        **_source(prompt, part),
    }


def _source(prompt: Prompt, part: MediaPart) -> dict[str, str]:
    """An input may be an address whatever its schema says, so that only a test case shows it."""
    if part.origin == "url":
        return {"url": part.value}
    schema = (prompt.inputs.get("properties") or {}).get(part.value)
    kind: Any = media_type_of_path(part.value)
    if part.origin == "input":
        kind = schema.get("contentMediaType") if isinstance(schema, Mapping) else None
    return {"url": f"data:{kind};base64,"} if kind else {}
