"""CHG501, CHG502, CHG701 and CHG702: metadata of a prompt, and its names."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.diff.changes import change
from promptops.diff.equality import equal
from promptops.diff.side import PromptSide
from promptops.model.change import Change

_FREE = ("title", "description", "owners", "tags", "metadata", "budget", "replaced_by", "sunset")


def metadata_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes of a prompt that the model never receives."""
    old, new = before.prompt, after.prompt
    for name in _FREE:
        was, now = getattr(old, name), getattr(new, name)
        if not equal(was, now):
            facts = {"before": _plain(was), "after": _plain(now)}
            yield change("CHG701", f"/{name}", f"`{name}` differs", **facts)
    if old.status != new.status:
        yield _status(before, after)
    yield from _names(before, after)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _status(before: PromptSide, after: PromptSide) -> Change:
    was, now = before.prompt.status, after.prompt.status
    facts = {"before": was, "after": now}
    if now == "draft":
        message = "it is a draft again, so releases do not contain it"
        return change("CHG501", "/status", message, **facts)
    if was == "draft":
        message = "it is no longer a draft, so releases contain it"
        return change("CHG502", "/status", message, **facts)
    if now == "deprecated":
        use = f"; `{after.prompt.replaced_by}` replaces it" if after.prompt.replaced_by else ""
        return change("CHG702", "/status", f"the prompt is deprecated{use}", **facts)
    return change("CHG701", "/status", "it is no longer deprecated", **facts)


def _names(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes of the names by which callers load a prompt; removing one breaks them."""
    old = {before.prompt.id, *before.prompt.aliases}
    new = {after.prompt.id, *after.prompt.aliases}
    for name in sorted(old - new):
        yield change("CHG501", "/aliases", f"it can no longer be loaded as `{name}`")
    if before.prompt.id != after.prompt.id and before.prompt.id in new:
        message = f"`{before.prompt.id}` was renamed to `{after.prompt.id}` and keeps its old name"
        yield change("CHG502", "/aliases", message)
    for name in sorted(new - old - {after.prompt.id}):
        yield change("CHG502", "/aliases", f"it can be loaded as `{name}`, too")
