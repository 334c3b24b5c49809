"""Finds inputs without a size limit that reach a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from promptops.analysis.uses import ITEM, TemplateSpan, Use
from promptops.lint.bounds import Bounds, Unbounded
from promptops.lint.subject import TemplateScope
from promptops.model.prompt import ConversationHistory, ForEach, Prompt
from promptops.patterns import lazy_pattern

_SHORTENING = frozenset(("truncate", "length", "count", "wordcount"))
_ONE_OF_MANY = frozenset(("first", "last", "min", "max"))
_SLICED = lazy_pattern(r"\s*\[[^\[\]:]*:\s*-?\d+\s*(?::[^\[\]:]*)?\]")


def unbounded_inputs(
    prompt: Prompt, scopes: Sequence[TemplateScope], of_file: Callable[[str], bool]
) -> Iterator[Unbounded]:
    """Each unlimited string and list that a model may receive uncut, once."""
    bounds = Bounds(prompt.inputs, of_file)
    yield from dict.fromkeys(_unbounded(prompt, scopes, bounds))


def _unbounded(
    prompt: Prompt, scopes: Sequence[TemplateScope], bounds: Bounds
) -> Iterator[Unbounded]:
    for turn in prompt.messages:
        if isinstance(turn, ForEach) or (
            isinstance(turn, ConversationHistory) and turn.last is None
        ):
            yield from bounds.length(turn.source)
    seen: set[tuple[object, ...]] = set()
    for scope in scopes:
        for use in scope.scope.uses if not scope.condition else ():
            key = (use.name, use.path, use.role, use.filters)
            if use.reached and not _is_cut(use) and key not in seen:
                seen.add(key)
                yield from _unbounded_in_use(use, bounds)


def _unbounded_in_use(use: Use, bounds: Bounds) -> Iterator[Unbounded]:
    if use.role == "loop":
        yield from bounds.length(use.name, use.path)
    elif use.role in ("output", "filtered"):
        one = bool(use.filters) and use.filters[0] in _ONE_OF_MANY
        yield from bounds.within(use.name, (*use.path, ITEM) if one else use.path)


def _is_cut(use: Use) -> bool:
    """Whether a filter or a slice limits the printed or looped value."""
    read = use.path_sites[-1] if use.path_sites else use.site
    return bool(_SHORTENING & set(use.filters)) or any(
        _is_sliced(site) for site in (read, *use.aliases)
    )


def _is_sliced(site: TemplateSpan) -> bool:
    return _SLICED.match(site.text.value, site.end) is not None
