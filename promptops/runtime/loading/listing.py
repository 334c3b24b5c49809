"""Errors for refs that do not exist, with a list of those that do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.counting import some
from promptops.errors import NotFound, UsageError
from promptops.nearest import did_you_mean
from promptops.runtime.loading.refs import NamedRef, parse_ref
from promptops.runtime.loading.source import Listed

_SHOWN = 8


def no_ref(
    where: str, releases: Mapping[str, Listed], channels: Iterable[str] | None
) -> UsageError:
    """No ref was given, and there is no default."""
    message = "name a release: there is no implicit latest one"
    return UsageError(message, where=where, hint=_there_is(releases, channels or ()))


def not_found(
    ref: str, where: str, releases: Mapping[str, Listed], channels: Iterable[str] | None
) -> NotFound:
    """No release or channel has this name."""
    hint = _there_is(releases, channels or ())
    if isinstance(parse_ref(ref), NamedRef):
        hint = f"{_of_channel(ref, channels)}{hint}"
    return NotFound(f"there is no {ref!r}", where=where, hint=hint)


def _of_channel(name: str, channels: Iterable[str] | None) -> str:
    if channels is None:
        return "a bundle has no channels: name a repository or a site, or a release; "
    hint = did_you_mean(name, channels)
    return f"{hint} " if hint else ""


def _there_is(releases: Mapping[str, Listed], channels: Iterable[str]) -> str:
    """A list of the channels and the highest releases."""
    names = sorted(releases.values(), key=_order, reverse=True)
    found = [*(f"{each!r}" for each in sorted(channels)), *map(_name, names)]
    shown = some(found, len(found) - len(names) + _SHOWN)
    return f"there is {shown}" if found else "there are no releases"


def _order(listed: Listed) -> tuple[bool, object, str]:
    return listed.version is not None, listed.version or 0, listed.release or ""


def _name(listed: Listed) -> str:
    return f"{listed.release!r}" if listed.release is not None else f"'sha256:{listed.digest}'"
