"""Lengths, amounts, costs and times within limits, and how an answer ended."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from promptops.evals.checked_values import (
    LONGEST_S,
    MOST_CHARS,
    MOST_MESSAGES,
    MOST_TOKENS,
    MOST_USD,
    check_limit,
)
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Skipped, Unjudgeable, Verdict
from promptops.evals.wording import listed, shown
from promptops.json_pointer import escaped
from promptops.model.answer import Answer
from promptops.plurals import counted
from promptops.records import record
from promptops.source.explain import type_name
from promptops.suggestions import did_you_mean


class _AtMost:
    """A limit above."""

    __slots__ = ()

    value: float

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return 0, self.value


@assertion("max-chars")
@record(frozen=True, slots=True, kw_only=True)
class MaxChars(_AtMost):
    """The checked text has at most this many characters.

    Attributes:
        value: Unicode characters, including newlines. Without `role` or `path`, those of all
            messages and of the blank lines between them.

    Holds:
        messages: [{role: user, content: Where is it?}]
        rendered: [{type: max-chars, value: 12}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: max-chars, value: 12}]
    """

    value: int

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_CHARS, "text has over 10,000,000 characters")

    def check(self, subject: Subject) -> Verdict:
        length = len(subject.text)
        return Verdict(
            passed=length <= self.value,
            expected=f"at most {counted(self.value, 'character')}",
            opposite=f"more than {counted(self.value, 'character')}",
            where=subject.where,
            got=f"{length:,}",
        )


@assertion("max-tokens")
@record(frozen=True, slots=True, kw_only=True)
class MaxTokens(_AtMost):
    """The checked text has at most this many tokens.

    For a whole answer, the provider's count is used, including reasoning tokens. Otherwise it is an
    estimate, which is the same on every machine and for every model; for 19 of 20 prompts it is off
    by 11% or less. The estimate leaves out tools, schemas and what a provider adds to each message.

    Attributes:
        value: Tokens.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: max-tokens, value: 10}]

    Fails:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: max-tokens, value: 2}]
    """

    value: int

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_TOKENS, "model reads or writes over 10,000,000 tokens")

    def check(self, subject: Subject) -> Verdict:
        from promptops.analysis.tokens import estimate

        # The provider's token count of the whole checked text, or None.
        answer = subject.record.answer
        reported = None if subject.narrowed or answer is None else answer.usage.output or None
        tokens = estimate(subject.text) if reported is None else reported
        return Verdict(
            passed=tokens <= self.value,
            expected=f"at most {counted(self.value, 'token')}",
            opposite=f"more than {counted(self.value, 'token')}",
            where=subject.where,
            got=f"about {tokens:,} (an estimate)" if reported is None else f"{tokens:,}",
        )


@assertion("max-cost", on=("answer", "conversation"), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class MaxCost(_AtMost):
    """The request and its answer cost at most this much.

    The cost is computed from the recorded token counts of the provider and the current price: that
    of the model's profile, otherwise that of the built-in price table. If neither has a price, the
    assertion is in error. On a conversation it is the cost of all turns.

    Attributes:
        value: US dollars.

    Holds:
        price: {input: 0.25, output: 2.0}
        answer: {text: Done., usage: {input: 1000, output: 100}}
        output: [{type: max-cost, value: 0.001}]

    Fails:
        price: {input: 0.25, output: 2.0}
        answer: {text: Done., usage: {input: 1000, output: 1000}}
        output: [{type: max-cost, value: 0.001}]
    """

    value: float

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_USD, "answer costs over $1,000")

    def check(self, subject: Subject) -> Verdict:
        cost = _cost(subject)
        return Verdict(
            passed=cost <= self.value,
            expected=f"at most {_dollars(self.value)}",
            opposite=f"more than {_dollars(self.value)}",
            where="for the request and the answer",
            got=_dollars(cost),
        )


def _cost(subject: Subject) -> float:
    from promptops.evals.cost import answer_cost_usd

    record = subject.record
    usage = record.answer.usage if record.answer else None
    if usage is None or not (usage.input or usage.output):
        raise Unjudgeable("the provider counted no tokens")
    provider, model = (str(record.request.model.get(key, "")) for key in ("provider", "id"))
    cost = answer_cost_usd(usage, provider, model, record.beside.price)
    if cost is None:
        message = f"the price of `{model}` is not known: set `price` of its profile"
        raise Unjudgeable(message)
    return cost


def _dollars(amount: float) -> str:
    return f"${amount:.6f}".rstrip("0").rstrip(".")


@assertion("max-latency", on=("answer", "conversation"), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class MaxLatency(_AtMost):
    """The answer arrived within this many seconds.

    Only the successful request counts, without earlier attempts and without waiting for rate
    limits. Latency is not recorded: the assertion is skipped for a recorded answer, and for one
    that this machine was too busy to time. Skipped does not mean passed; a case with no other
    assertion is in error then. On a conversation it is the sum over all turns.

    Attributes:
        value: Seconds.

    Holds:
        answer: {text: Done., latency_s: 0.8}
        output: [{type: max-latency, value: 2}]

    Fails:
        answer: {text: Done., latency_s: 3.5}
        output: [{type: max-latency, value: 2}]
    """

    value: float

    def __post_init__(self) -> None:
        check_limit(self.value, LONGEST_S, "answer takes over 3,600 s")

    def check(self, subject: Subject) -> Verdict:
        answer = subject.record.answer
        latency = answer.latency_s if answer else None
        if latency is None:
            raise Skipped("the answer was not timed: latency is not recorded")
        return Verdict(
            passed=latency <= self.value,
            expected=f"at most {self.value:g} s",
            opposite=f"more than {self.value:g} s",
            where="for the answer",
            got=f"{latency:.2f} s",
        )


@assertion("message-count", on=("request",), narrowed_by=("role",))
@record(frozen=True, slots=True, kw_only=True)
class MessageCount:
    """The request has exactly this many messages.

    With `role`, this many messages of that role, which may be 0.

    Attributes:
        value: The number of messages.

    Holds:
        messages: [{role: system, content: Be brief.}, {role: user, content: Hello}]
        rendered: [{type: message-count, value: 2}, {type: message-count, role: user, value: 1}]

    Fails:
        messages: [{role: system, content: Be brief.}, {role: user, content: Hello}]
        rendered: [{type: message-count, role: user, value: 2}]
    """

    value: int

    def __post_init__(self) -> None:
        check_limit(self.value, MOST_MESSAGES, "request has over 1,000 messages")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        return self.value, self.value

    def check(self, subject: Subject) -> Verdict:
        count = len(subject.messages)
        role = f"{subject.role} " if subject.role else ""
        expected = counted(self.value, f"{role}message")
        return Verdict(
            passed=count == self.value,
            expected=expected,
            opposite=f"any number but {expected}",
            where=f"in the {subject.record.on}",
            got=f"{count:,}",
        )


@assertion("word-count")
@record(frozen=True, slots=True, kw_only=True)
class WordCount:
    """The checked text has this many words.

    Words are separated by whitespace, so the count is not useful for Chinese, Japanese and Thai.

    Attributes:
        value: The number of words, or `{min, max}`, either of which may be left out.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: word-count, value: {min: 2, max: 5}}, {type: word-count, value: 4}]

    Fails:
        messages: [{role: user, content: Where?}]
        rendered: [{type: word-count, value: {min: 2}}]
    """

    value: int | Mapping[str, Any]

    def __post_init__(self) -> None:
        limits = {"": self.value} if isinstance(self.value, int) else self.value
        for name, limit in limits.items():
            at = f"/value/{escaped(name)}" if name else "/value"
            if name not in ("", "min", "max"):
                hint = did_you_mean(name, ("min", "max")) or "known here: min, max"
                raise Refused(f"`{name}` is not a limit", hint=hint, at=at)
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
                raise Refused(f"expected a whole number, got {type_name(limit)}", at=at)
            check_limit(limit, MOST_CHARS, "text has over 10,000,000 words", at)
        low, high = self._limits
        if low == 0 and high is None:
            raise Refused("every text is within these limits", hint="set `max`, or `min` above 0")
        if high is not None and high < low:
            raise Refused("no text is within these limits: `max` is below `min`")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        low, high = self._limits
        return low, inf if high is None else high

    def check(self, subject: Subject) -> Verdict:
        low, high = self._limits
        count = len(subject.text.split())
        return Verdict(
            passed=low <= count and (high is None or count <= high),
            expected=_range(low, high),
            opposite=f"not {_range(low, high)}",
            where=subject.where,
            got=f"{count:,}",
        )

    @property
    def _limits(self) -> tuple[int, int | None]:
        if isinstance(self.value, int):
            return self.value, self.value
        return self.value.get("min", 0), self.value.get("max")


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"at least {counted(low, 'word')}"
    if low == high:
        return counted(low, "word")
    return f"{low:,} to {counted(high, 'word')}" if low else f"at most {counted(high, 'word')}"


_REASONS = ("stop", "length", "tool_calls", "content_filter")


@assertion("finish-reason", on=("answer",), narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class FinishReason:
    """The answer ended for this reason.

    `stop`: the model finished. `length`: `max_output_tokens` cut the answer off. `tool_calls`: the
    model waits for the results of tools. `content_filter`: the provider removed content.

    Attributes:
        value: The reason.

    Holds:
        answer: {text: All done., finish_reason: stop}
        output: [{type: finish-reason, value: stop}]

    Fails:
        answer: {text: "All do", finish_reason: length}
        output: [{type: finish-reason, value: stop}]
    """

    value: str

    def __post_init__(self) -> None:
        if self.value not in _REASONS:
            hint = did_you_mean(self.value, _REASONS) or f"known here: {', '.join(_REASONS)}"
            raise Refused(f"{shown(self.value)} is not a finish reason", hint=hint)

    def check(self, subject: Subject) -> Verdict:
        answer = subject.record.answer
        if answer is None:
            raise Unjudgeable(f"expected an answer that ends with {listed(_REASONS, 'or')}")
        return Verdict(
            passed=answer.finish_reason == self.value,
            expected=f"the end {shown(self.value)}",
            opposite=f"any end but {shown(self.value)}",
            where="of the answer",
            got=shown(answer.finish_reason),
        )

    def judges_flaw(self, answer: Answer) -> bool:
        """Whether it is about the incomplete end of an answer; also with `not-`."""
        is_incomplete = answer.finish_reason in ("length", "content_filter")
        return is_incomplete and self.value in ("stop", answer.finish_reason)
