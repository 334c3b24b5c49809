"""The endpoint of a profile's requests, and the approval to call it.

`provider_of` accepts only an `Approved`, and only `approve` creates one: no command can call a
model without comparing its endpoint with the trusted ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit

from promptops.errors import UsageError
from promptops.evals.providers.apis import ADDRESS, COMPATIBLE
from promptops.evals.providers.redaction import redacted
from promptops.model.config import ModelProfile
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.untrusted import IS_SET, is_untrusted

OFFLINE = "echo"
"""The provider that sends nothing."""

_KEY = "OPENAI_API_KEY"
_LONGEST = 80
_BUILT_IN = (COMPATIBLE, OFFLINE)
_REDIRECTS = lazy_pattern(
    r"ur[li]|host|endpoint|address|proxy|server|domain|base|header|api_?key|secret|credential|env",
    re.IGNORECASE,
)


@record(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address with everything that is sent to it besides requests; equal for equal profiles.

    Attributes:
        provider: The name of the provider, whose code sends the requests.
        address: "" for an address that only the code of a plug-in knows.
        variable: The environment variable whose value is sent as the API key, or "".
        headers: Names with values, sorted.
        options: Other options that can name an address, a key or a header: JSON pointers into
            `provider_options` with values as JSON, sorted. Only a plug-in can use them: the
            built-in providers send their options in the body.
    """

    provider: str
    address: str
    variable: str
    headers: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_default(self) -> bool:
        """Nothing is sent, or OpenAI's key to OpenAI: no configuration has to name it."""
        return self in (_OPENAI, _ECHO)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal; headers may contain secrets, which can't be read from it."""
        parts = (self.provider, self.address, self.variable, self.headers, self.options)
        return sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


_OPENAI = Endpoint(provider=COMPATIBLE, address=ADDRESS, variable=_KEY)
_ECHO = Endpoint(provider=OFFLINE, address="", variable="")


def endpoint_of(profile: ModelProfile, options: Mapping[str, Any] | None = None) -> Endpoint:
    """The endpoint of a profile; `options` are the `provider_options` of one request of it."""
    own = profile.provider == COMPATIBLE and profile.base_url is None
    options = profile.provider_options if options is None else options
    redirects = () if profile.provider in _BUILT_IN else _redirects(options, "")
    return Endpoint(
        provider=profile.provider,
        address=ADDRESS if own else profile.base_url or "",
        variable=key_variable(profile) or "",
        headers=tuple(sorted(profile.headers.items())),
        options=tuple(sorted(redirects)),
    )


def key_variable(profile: ModelProfile) -> str | None:
    """The environment variable with the API key of a profile; None if none is sent."""
    if profile.api_key_env is None and profile.provider == COMPATIBLE and profile.base_url is None:
        return _KEY  # only for its own address: no other one gets it unless a profile names it
    return profile.api_key_env


def shown_endpoint(profile: ModelProfile) -> str:
    """Such as `https://api.example.com/v1 with the API key in EXAMPLE_KEY`; contains no secret."""
    endpoint = endpoint_of(profile)
    key = f"the API key in {endpoint.variable}" if endpoint.variable else "no API key"
    headers = f", headers {', '.join(sorted(profile.headers))}" if profile.headers else ""
    options = f", options {', '.join(at for at, _ in endpoint.options)}" if endpoint.options else ""
    plugin = "" if endpoint.provider in _BUILT_IN else f", provider `{endpoint.provider}`"
    more = _cut(redacted(f"{plugin}{headers}{options}", ()))
    return f"{_shown_address(endpoint)} with {key}{more}"


def _shown_address(endpoint: Endpoint) -> str:
    """Without user and query, and with its host as used by the network.

    Nothing in the host is hidden, because people must see where a key goes.
    """
    if not endpoint.address:
        return "the plug-in's own address" if endpoint.provider not in _BUILT_IN else "no address"
    try:
        parts = urlsplit(endpoint.address)
    except ValueError:
        return "an address that can't be read"
    host = parts.netloc.rpartition("@")[2]
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            host = host.encode("ascii", "backslashreplace").decode()
    # The end of a host says whose it is.
    host = host if len(host) <= _LONGEST else f"…{host[-_LONGEST:]}"
    return f"{parts.scheme}://{host}{_cut(redacted(parts.path, ()))}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _redirects(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            at = f"{pointer}/{key}"
            if _REDIRECTS.search(str(key)):
                yield at, json.dumps(item, sort_keys=True, default=str)
            else:
                yield from _redirects(item, at)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _redirects(item, f"{pointer}/{index}")
    elif isinstance(value, str) and "://" in value:
        yield pointer, json.dumps(value)


class Approved:
    """A profile that may be called; see `approve`."""

    __slots__ = ("profile",)
    _made_here: ClassVar[object] = object()

    profile: ModelProfile

    def __init__(self, profile: ModelProfile, made_by: object) -> None:
        if made_by is not Approved._made_here:
            raise TypeError("only `approve` creates an approval")
        self.profile = profile


def approve(
    profile: ModelProfile, trusted: Collection[Endpoint], options: Mapping[str, Any] | None = None
) -> Approved:
    """Approve a profile whose endpoint is trusted; `options` are those of one request.

    Raises UsageError if it is not, and always if PROMPTOPS_UNTRUSTED is set.
    """
    refuse_untrusted()
    endpoint = endpoint_of(profile, options)
    if not endpoint.is_default and endpoint not in trusted:
        raise UsageError(
            f"the endpoint of `{profile.name}` is not approved: {shown_endpoint(profile)}",
            hint="compare it with the default branch, then approve it: --trust-config",
        )
    return Approved(profile, Approved._made_here)


def refuse_untrusted() -> None:
    """Raise UsageError if the environment forbids every API call."""
    if is_untrusted():
        raise UsageError(
            f"no API calls for an untrusted change: {IS_SET}",
            hint="replay: promptops test",
        )
