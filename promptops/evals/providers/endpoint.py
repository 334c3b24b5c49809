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
from promptops.evals.providers import COMPATIBLE
from promptops.evals.providers.redaction import redacted
from promptops.model.config import ModelProfile
from promptops.model.prompt import provider_name
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.untrusted import IS_SET, is_untrusted

OFFLINE = "echo"
"""The provider that sends nothing."""

ADDRESS_VARIABLE = "OPENAI_BASE_URL"
"""The environment variable with the address of `openai`."""

_LONGEST = 80
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
        """It sends nothing, or a provider's key to this provider, so it needs no approval."""
        return self in _DEFAULTS.values()

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal; headers may contain secrets, which can't be read from it."""
        parts = (self.provider, self.address, self.variable, self.headers, self.options)
        return sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


_DEFAULTS: Mapping[str, Endpoint] = {
    endpoint.provider: endpoint
    for endpoint in (
        Endpoint(provider=OFFLINE, address="", variable=""),
        Endpoint(
            provider=COMPATIBLE, address="https://api.openai.com/v1", variable="OPENAI_API_KEY"
        ),
        Endpoint(
            provider="anthropic",
            address="https://api.anthropic.com",
            variable="ANTHROPIC_API_KEY",
        ),
        Endpoint(
            provider="gemini",
            address="https://generativelanguage.googleapis.com",
            variable="GEMINI_API_KEY",
        ),
    )
}
"""The endpoints of the built-in providers, for profiles that have no endpoint of their own."""


def endpoint_of(profile: ModelProfile, options: Mapping[str, Any] | None = None) -> Endpoint:
    """The endpoint of a profile; `options` are the `provider_options` of one request of it."""
    options = profile.provider_options if options is None else options
    name = provider_name(profile.provider)
    redirects = () if name in _DEFAULTS else _redirects(options, "")
    return Endpoint(
        provider=name,
        address=address_of(profile),
        variable=key_variable(profile) or "",
        headers=tuple(sorted(profile.headers.items())),
        options=tuple(sorted(redirects)),
    )


def address_of(profile: ModelProfile) -> str:
    """The address of a profile; "" if only the code of a plug-in knows it."""
    default = _DEFAULTS.get(provider_name(profile.provider))
    return profile.base_url or (default.address if default is not None else "")


def addressed(profile: ModelProfile, environment: Mapping[str, str]) -> ModelProfile:
    """The profile with the address in OPENAI_BASE_URL, if it applies.

    It applies to profiles of `openai` without an address of their own, after their approval: the
    environment is the user's and not a part of any change.
    """
    address = environment.get(ADDRESS_VARIABLE, "").strip()
    is_openai = provider_name(profile.provider) == COMPATIBLE
    if not address or not is_openai or profile.base_url is not None:
        return profile
    return replace(profile, base_url=address, api_key_env=key_variable(profile))


def key_variable(profile: ModelProfile) -> str | None:
    """The environment variable with the API key of a profile; None if none is sent."""
    if profile.api_key_env is None and profile.base_url is None:
        # Only for a default address; any other needs a profile with `api_key_env`.
        default = _DEFAULTS.get(provider_name(profile.provider))
        return (default.variable or None) if default is not None else None
    return profile.api_key_env


def shown_endpoint(profile: ModelProfile) -> str:
    """Such as `https://api.example.com/v1 with the API key in EXAMPLE_KEY`; contains no secret."""
    endpoint = endpoint_of(profile)
    key = f"the API key in {endpoint.variable}" if endpoint.variable else "no API key"
    headers = f", headers {', '.join(sorted(profile.headers))}" if profile.headers else ""
    options = f", options {', '.join(at for at, _ in endpoint.options)}" if endpoint.options else ""
    plugin = "" if endpoint.provider in _DEFAULTS else f", provider `{endpoint.provider}`"
    more = _cut(redacted(f"{plugin}{headers}{options}", ()))
    return f"{_shown_address(endpoint)} with {key}{more}"


def shown_address(profile: ModelProfile) -> str:
    """The address of a profile without user and query; for one without, the provider's name."""
    endpoint = endpoint_of(profile)
    return _shown_address(endpoint) if endpoint.address else f"the provider `{profile.provider}`"


def _shown_address(endpoint: Endpoint) -> str:
    """The address without user and query, with its host as used by the network.

    The host is shown unredacted, because people must see where the API key goes.
    """
    if not endpoint.address:
        return "the plug-in's own address" if endpoint.provider not in _DEFAULTS else "no address"
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
    # The end of a host name shows its owner.
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


def refuse_untrusted(hint: str = "replay: promptops test") -> None:
    """Raise UsageError if the environment forbids every API call; `hint` is what works."""
    if is_untrusted():
        raise UsageError(
            f"no API calls for an untrusted change: {IS_SET}",
            hint=hint,
        )
