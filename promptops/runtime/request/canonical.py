"""Canonical JSON (RFC 8785) and the digest of a request."""

from __future__ import annotations

from typing import Any

from promptops.model.prompt import REQUEST_FORMAT, Request
from promptops.patterns import lazy_pattern
from promptops.runtime.request.json_text import json_writer


def canonical_json(value: Any) -> str:
    """JSON with exactly one form for each value: RFC 8785.

    Keys are sorted by UTF-16 code units; numbers are written as in ECMAScript, so 1.0 and 1 are the
    same. Raises ValueError for NaN, infinities and lone surrogates.
    """
    text = _sorted_by_python(value)
    if text is None:
        text = _by_rfc8785(value)
    text.encode("utf-8")
    return text


_BEYOND_16_BITS = lazy_pattern("[\U00010000-\U0010ffff]")
_BEHIND_SURROGATES = lazy_pattern("[\ue000-\uffff]")


def _sorted_by_python(value: Any) -> str | None:
    """The output of the standard library, many times faster; None if the canonical form may differ.

    It may differ for fractions and for numbers of 21 digits. Its order, by code points, differs
    from that by UTF-16 code units only between characters of both ranges. The whole text is
    searched, also where these characters make no difference, so that none is missed.
    """
    if not isinstance(value, (dict, list)):
        return None
    try:
        text = _write_sorted(value)
    except TypeError:
        return None
    if _has_another_spelling(value):
        return None
    if not text.isascii() and _BEYOND_16_BITS.search(text) and _BEHIND_SURROGATES.search(text):
        return None
    return text


def _has_another_spelling(value: Any) -> bool:
    """Whether canonical JSON may write any number in a value differently.

    The value was encoded before, so it is finite. Visiting each item takes a quarter of the time of
    searching the text.
    """
    waiting = [value]
    for part in waiting:
        kind = type(part)
        if kind is str:
            continue
        if kind is dict:
            waiting.extend(part.values())
        elif kind is list or kind is tuple:
            waiting.extend(part)
        elif kind is int:
            if not -_SPELLED_ALIKE < part < _SPELLED_ALIKE:
                return True
        elif kind is not bool and part is not None:
            return True  # a float, or a type derived from those above
    return False


_SPELLED_ALIKE = 10**20
_write_sorted = json_writer(sort_keys=True, allow_nan=True)


def _by_rfc8785(value: Any) -> str:
    from rfc8785 import IntegerDomainError, dumps

    try:
        return dumps(value).decode()
    except IntegerDomainError:
        return _with_large_integers(value)


def _with_large_integers(value: Any) -> str:
    """The RFC rejects integers beyond 2**53, as inputs and settings do.

    Answers of models and data from earlier digests may contain them: they keep their digits,
    because rounding would make two values equal.
    """
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        members = (f"{_by_rfc8785(key)}:{_by_rfc8785(value[key])}" for key in keys)
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_by_rfc8785, value)) + "]"
    if abs(value) < 10**21:
        return str(int(value))
    try:
        return _by_rfc8785(float(value))
    except OverflowError:
        raise ValueError("this is not a JSON number") from None


def request_digest(request: Request) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of `digested_form`."""
    import hashlib

    return hashlib.sha256(canonical_json(digested_form(request)).encode()).hexdigest()


def digested_form(request: Request) -> dict[str, Any]:
    """A request in the provider-neutral form.

    `cache` is left out: it is a hint that does not affect the answer.
    """
    return {
        "format": REQUEST_FORMAT,
        "messages": [
            {key: value for key, value in message.items() if key != "cache"}
            for message in request.messages
        ],
        "model": dict(request.model),
        "params": dict(request.params),
        "provider_options": dict(request.provider_options),
        "response_format": request.response_format,
        "tool_choice": request.tool_choice,
        "tools": list(request.tools),
    }
