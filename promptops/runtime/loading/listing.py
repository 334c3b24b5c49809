"""Errors for refs that do not exist, with a list of those that do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.errors import NotFound, UsageError
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
    from difflib import get_close_matches

    if channels is None:
        return "a bundle has no channels: name a repository or a site, or a release; "
    near = get_close_matches(name, channels, 1)
    return f"did you mean {near[0]!r}? " if near else ""


def _there_is(releases: Mapping[str, Listed], channels: Iterable[str]) -> str:
    """A list of the channels and the highest releases."""
    names = sorted(releases.values(), key=_order, reverse=True)
    shown = [_name(each) for each in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    found = [*(f"{each!r}" for each in sorted(channels)), *shown]
    return f"there is {', '.join(found)}{more}" if found else "there are no releases"


def _order(listed: Listed) -> tuple[bool, object, str]:
    return listed.version is not None, listed.version or 0, listed.release or ""


def _name(listed: Listed) -> str:
    return f"{listed.release!r}" if listed.release is not None else f"'sha256:{listed.digest}'"
