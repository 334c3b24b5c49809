"""Spans about calls of models, by the OpenTelemetry conventions for generative AI, v0.1.0.

Nothing is configured here: the application chooses providers and exporters. Without OpenTelemetry
nothing happens, and an error in here never reaches the application.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError
from promptops.model.prompt import provider_name

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType
    from typing import Self

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
    from opentelemetry.trace import Span as AnySpan
    from opentelemetry.trace import Tracer

    from promptops.runtime.request.rendered import RenderedRequest
else:
    SpanProcessor = object  # the extra has no SDK, and the SDK does not ask for the class

_KEY = "promptops-call"
"""Of the call in OpenTelemetry's context."""

_PROVIDERS = {"gemini": "gcp.gemini"}
"""Names of providers in the conventions, where they are not the ones of prompts."""


def traced(request: RenderedRequest, *, content: bool = False) -> Call:
    """A context in which the model is called with this request, as a span `chat MODEL`.

        with promptops.traced(request) as call:
            call.answer = client.chat.completions.create(**request.openai())

    The span has `request.attributes()`, and the model, id, finish reasons, tokens and fingerprint
    of the answer. An exception sets `error.type` and the status, not its message, which may contain
    content. Without `opentelemetry-api` nothing is recorded; with a `PromptAttributes` in the
    process no span is opened, because an instrumentation opens one.

    Args:
        request: The rendered request.
        content: Whether inputs, messages and the answer are recorded. They may be personal data.
    """
    tracer = _tracer()
    if tracer is None:
        return Call()
    if PromptAttributes.active:
        return _AnnotatedCall(request, content)
    return _SpanCall(tracer, request, content)


class Call:
    """A call of a model.

    Attributes:
        answer: What the client returned: set it inside the context. In a stream, set it to each
            chunk, or at least to the last one with the token counts.
    """

    answer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class PromptAttributes(SpanProcessor):
    """A span processor that adds `request.attributes()` to spans that begin within `traced`.

    For applications with an instrumentation of their client. Register it before the processor that
    exports: `provider.add_span_processor(promptops.PromptAttributes())`. In this process `traced`
    then opens no span of its own, until the provider is shut down.

    Raises UsageError if `opentelemetry-api` is not installed.
    """

    active: frozenset[PromptAttributes] = frozenset()
    """Those that are not shut down."""

    def __init__(self) -> None:
        if _tracer() is None:
            from promptops.model.distribution import install_command

            message = "`PromptAttributes` needs the package `opentelemetry-api`"
            raise UsageError(message, hint=install_command("otel"))
        PromptAttributes.active |= {self}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Add the attributes."""
        from opentelemetry.context import get_value

        call = get_value(_KEY, parent_context)
        if isinstance(call, _AnnotatedCall):
            with suppress(Exception):
                span.set_attributes(call.attributes)

    def _on_ending(self, span: Span) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing is exported here."""

    def shutdown(self) -> None:
        """From now on, `traced` opens its own spans if no other processor exists."""
        PromptAttributes.active -= {self}

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: nothing waits to be exported."""
        return True


class _AnnotatedCall(Call):
    """A call in the span of an instrumentation."""

    def __init__(self, request: RenderedRequest, content: bool) -> None:
        self._request = request
        self._content = content

    @cached_property
    def attributes(self) -> dict[str, str]:
        return self._request.attributes(inputs=self._content)

    def __enter__(self) -> Self:
        from opentelemetry.context import set_value

        self._enter(set_value(_KEY, self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()

    def _enter(self, context: Context) -> None:
        from opentelemetry.context import attach

        self._token: Token[Context] = attach(context)

    def _leave(self) -> None:
        """Not in another context, such as that of the last step of a generator."""
        from opentelemetry.context import detach, get_value

        if get_value(_KEY) is self:
            detach(self._token)


class _SpanCall(_AnnotatedCall):
    """A call in a span of its own."""

    def __init__(self, tracer: Tracer, request: RenderedRequest, content: bool) -> None:
        super().__init__(request, content)
        self._tracer = tracer
        self._answer: Any = None
        self._response: dict[str, Any] = {}
        self._span: AnySpan | None = None

    @property
    def answer(self) -> Any:
        return self._answer

    @answer.setter
    def answer(self, answer: Any) -> None:
        self._answer = answer
        if self._span is not None and self._span.is_recording():
            with suppress(Exception):
                self._response |= _of_answer(answer, self._content)

    def __enter__(self) -> Self:
        from opentelemetry.context import set_value
        from opentelemetry.trace import SpanKind, set_span_in_context

        model = self._request.model
        name = f"chat {model['id']}" if model.get("id") else "chat"
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=_of_model(model))
        if span.is_recording():
            with suppress(Exception):
                span.set_attributes(self.attributes)
                span.set_attributes(_of_messages(self._request, self._content))
        self._span = span
        self._enter(set_value(_KEY, self, set_span_in_context(span)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()
        if self._span is None:
            return
        self._span.set_attributes(self._response)
        if kind is not None and not issubclass(kind, GeneratorExit):  # a reader that stops early
            _set_error(self._span, kind)
        self._span.end()


@cache
def _tracer() -> Tracer | None:
    try:
        from opentelemetry.trace import get_tracer
    except ImportError:
        return None
    return get_tracer("promptops")


def _of_model(model: Any) -> dict[str, str]:
    provider = model.get("provider")
    named = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(provider_name(provider), provider),
        "gen_ai.request.model": model.get("id"),
    }
    return {name: value for name, value in named.items() if value is not None}


def _of_messages(request: RenderedRequest, content: bool) -> dict[str, str]:
    if not content:
        return {}
    from promptops.runtime.request.span_attributes import input_messages

    return {"gen_ai.input.messages": input_messages(request.messages)}


def _of_answer(answer: Any, content: bool) -> dict[str, Any]:
    from promptops.runtime.request.span_attributes import output_messages, response_attributes

    found = response_attributes(answer)
    message = output_messages(answer) if content else None
    return found if message is None else {**found, "gen_ai.output.messages": message}


def _set_error(span: AnySpan, kind: type[BaseException]) -> None:
    from opentelemetry.trace import Status, StatusCode

    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    span.set_attribute("error.type", f"{module}{kind.__qualname__}")
    span.set_status(Status(StatusCode.ERROR))
