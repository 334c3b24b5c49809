"""Draft the cases of one prompt: which renderings, their names, and what each asserts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from promptops.analysis.coverage import (
    Branch,
    BranchKey,
    Coverage,
    coverage,
    never_empty,
    place_of,
    uses_of,
)
from promptops.analysis.input_schemas import InputSchemas
from promptops.catalog.catalog import Catalog
from promptops.commands.cases.conditions import conditions_of
from promptops.commands.cases.example_values import ExampleValues
from promptops.commands.cases.search import (
    BranchSearch,
    Rendering,
    branch_keys,
    cover,
    hints_of,
)
from promptops.model.prompt import DRAFT, Case, Prompt
from promptops.plurals import counted
from promptops.records import field, record, replace
from promptops.runtime.request.render import Renderer, RenderError
from promptops.runtime.template.text_rendering import Piece

_LONGEST_QUOTE = 60
_LONGEST_MESSAGE = 200
_LONGEST_NAME = 60
_LONGEST_VALUE = 24
_MOST_DIFFERENCES = 3


@record(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What was drafted for a prompt.

    Attributes:
        cases: As they are written to a case file.
        coverage: By the existing cases and the drafts.
        reasons: For branches that were searched for in vain, why.
        failure: Why no inputs could be rendered; None if some could.
    """

    cases: tuple[dict[str, Any], ...]
    coverage: Coverage
    reasons: Mapping[BranchKey, str] = field(default_factory=dict)
    failure: RenderError | None = None


def drafted(catalog: Catalog, prompt: Prompt) -> Drafts:
    """Cases for the branches that no case of a prompt covers yet; for a prompt without any, one.

    Raises RenderError if the input schema is invalid.
    """
    load = catalog.load
    found = conditions_of(prompt, load)
    values = ExampleValues(prompt.inputs, hints_of(prompt, load, found))
    renderer = Renderer(prompt, load, catalog.files.data)
    covered = branch_keys(frozenset().union(*branches_of_cases(renderer, prompt.cases)))
    wanted = [key for key in found.chains if key not in covered]
    search = BranchSearch(renderer, values, found.chains)
    if wanted or not prompt.cases:
        search.run(found.chains)
    chosen = cover(search.kept, wanted)
    if not chosen and not prompt.cases:
        chosen = search.kept[1:2] or search.kept[:1]
    drafts = with_assertions(catalog, prompt, chosen, search.kept)
    missing = (branch.key for branch in drafts.coverage.ways if not branch.covered)
    reasons = {key: search.why_not(key) for key in missing}
    failure = None if search.kept else search.failure
    return replace(drafts, reasons=reasons, failure=failure)


def branches_of_cases(renderer: Renderer, cases: Iterable[Case]) -> Iterator[frozenset[Branch]]:
    """The branches that each existing case takes; one that can't be rendered takes none."""
    for case in cases:
        if not case.unrecorded:
            with suppress(RenderError):
                yield renderer.trace(case.inputs).branches


def with_assertions(
    catalog: Catalog,
    prompt: Prompt,
    chosen: Sequence[Rendering],
    kept: Sequence[Rendering],
    tags: Sequence[str] = (),
) -> Drafts:
    """The chosen renderings as cases.

    Args:
        kept: All renderings: what an assertion quotes of a branch is in none without the branch.
        tags: Besides `draft`.
    """
    load = catalog.load
    renderer = Renderer(prompt, load, catalog.files.data)
    own = frozenset[Branch]().union(*branches_of_cases(renderer, prompt.cases))
    names = _Names(prompt.cases, chosen)
    assertions = _Assertions(kept, branch_keys(own), conditions_of(prompt, load).about_loops)
    cases = tuple(
        {
            "name": names.of(each.inputs),
            "tags": [DRAFT, *tags],
            **({"inputs": each.inputs} if each.inputs else {}),
            **assertions.of(each),
        }
        for each in chosen
    )
    full = never_empty(uses_of(prompt, load), InputSchemas(prompt.inputs))
    taken = own.union(*(each.traced.branches for each in chosen))
    return Drafts(cases=cases, coverage=coverage(prompt, load, taken, full))


# Names.


class _Names:
    """Names that say how the inputs of a case differ from those of the first case."""

    def __init__(self, cases: Sequence[Case], drafts: Sequence[Rendering]) -> None:
        self._given = {case.name for case in cases}
        first = [case.inputs for case in cases[:1]] or [each.inputs for each in drafts[:1]]
        self._first: Mapping[str, Any] = first[0] if first else {}

    def of(self, inputs: Mapping[str, Any]) -> str:
        """A name that no case has yet."""
        differences = list(_differences(self._first, inputs))
        name = ", ".join(differences[:_MOST_DIFFERENCES]) or _whole(inputs)
        name = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        number, unique = 2, name
        while unique in self._given:
            unique, number = f"{name} {number}", number + 1
        self._given.add(unique)
        return unique


def _whole(inputs: Mapping[str, Any]) -> str:
    return f"with {', '.join(list(inputs)[:_MOST_DIFFERENCES])}" if inputs else "as it is"


def _differences(first: Any, other: Any, name: str = "") -> Iterator[str]:
    if isinstance(first, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*first, *other]):
            yield from _of_key(first, other, key, f"{name} {key}".strip())
    elif isinstance(first, list) and isinstance(other, list) and first != other:
        if not other:
            yield f"empty {name}"
        elif len(first) != len(other):
            yield f"{name} with {counted(len(other), 'item')}"
        else:
            for mine, own in zip(first, other, strict=True):
                yield from _differences(mine, own, name)
    elif first != other:
        yield _with_value(name, other)


def _with_value(name: str, value: Any) -> str:
    if value in ("", [], {}):
        return f"empty {name}".strip()
    shown = str(value).lower() if isinstance(value, bool) or value is None else str(value)
    words = " ".join(shown.split())
    is_short = not isinstance(value, (list, dict)) and len(words) <= _LONGEST_VALUE
    return f"{name} {words}".strip() if is_short else f"other {name}".strip()


def _of_key(
    first: Mapping[str, Any], other: Mapping[str, Any], key: str, name: str
) -> Iterator[str]:
    if key not in other:
        yield f"no {name}"
    elif key not in first:
        named = _with_value(name, other[key])
        yield f"with {name}" if named.startswith("other ") else named
    else:
        yield from _differences(first[key], other[key], name)


# Assertions.


class _Assertions:
    """What the renderings of a prompt show of its branches and values, each asserted once."""

    def __init__(
        self,
        kept: Sequence[Rendering],
        covered: frozenset[BranchKey],
        about_loops: frozenset[BranchKey],
    ) -> None:
        self._kept = kept
        self._about_loops = about_loops
        self._done = set(covered)
        self._values: set[tuple[str, int, int]] = set()
        self._quotes: dict[BranchKey, tuple[str, str]] = {}
        self._texts = [dict(_texts_by_role(each)) for each in kept]

    def of(self, rendering: Rendering) -> dict[str, Any]:
        """The key `rendered`, or nothing if there is nothing to assert."""
        found: list[dict[str, Any]] = []
        for key in sorted(rendering.branches - self._done):
            self._done.add(key)
            assertion = self._of_branch(rendering, key)
            if assertion is not None and assertion not in found:
                found.append(assertion)
        found += self._of_values(rendering)
        found = [each for each in found if not _is_repeated(each, found)] or self._whole(rendering)
        return {"rendered": found}

    def _of_branch(self, rendering: Rendering, key: BranchKey) -> dict[str, Any] | None:
        if key[3] in ("holds", "fails"):
            count = len(rendering.traced.request.messages)
            others = (each for each in self._kept if key not in each.branches)
            if all(len(each.traced.request.messages) != count for each in others):
                return {"type": "message-count", "value": count}
        quote = self._quote(rendering, key)
        if quote is not None:
            self._quotes[key] = quote
            role, line = quote
            value = self._with_next(rendering, role, line) if key in self._about_loops else line
            return {"type": "contains", "role": role, "value": value}
        for sibling in self._siblings(key):
            role, line = sibling
            text = dict(_texts_by_role(rendering)).get(role)
            if text is not None and line not in text:
                return {"type": "not-contains", "role": role, "value": line}
        return None

    def _with_next(self, rendering: Rendering, role: str, line: str) -> str:
        """A line and the next one, which shows the element of a loop that it belongs to."""
        text = dict(_texts_by_role(rendering))[role]
        lines = text[text.index(line) :].split("\n")
        number = next((n for n, each in enumerate(lines[1:], 2) if each.strip()), len(lines))
        return "\n".join(lines[:number]).rstrip()

    def _quote(self, rendering: Rendering, key: BranchKey) -> tuple[str, str] | None:
        """A text of a rendering that none without the branch has: of the branch itself if any."""
        without = [
            texts
            for texts, each in zip(self._texts, self._kept, strict=True)
            if key not in each.branches
        ]
        for role, line in _quotes(rendering, key):
            if not any(line in texts.get(role, "") for texts in without):
                return role, line
        return None

    def _siblings(self, key: BranchKey) -> list[tuple[str, str]]:
        """Quotes of the other branches of a tag, also of those that no draft takes."""
        found = [quote for own, quote in self._quotes.items() if own[:3] == key[:3] and own != key]
        for each in self._kept:
            for other in each.branches:
                if other[:3] == key[:3] and other != key and other not in self._quotes:
                    quote = self._quote(each, other)
                    if quote is not None:
                        found.append(quote)
        return found

    def _of_values(self, rendering: Rendering) -> Iterator[dict[str, Any]]:
        """For each printed value that no draft asserts yet, the line around it."""
        for text in rendering.traced.texts:
            whole, offset = text.text, 0
            for piece in text.pieces:
                place = place_of(piece.frame.text, piece.start)
                if not piece.literal and piece.text.strip() and place not in self._values:
                    self._values.add(place)
                    line = _line_around(whole, offset, piece.text)
                    yield {"type": "contains", "role": text.role, "value": line}
                offset += len(piece.text)

    def _whole(self, rendering: Rendering) -> list[dict[str, Any]]:
        for role, text in _texts_by_role(rendering):
            if text and len(text) < _LONGEST_MESSAGE:
                return [{"type": "equals", "role": role, "value": text}]
        return [{"type": "message-count", "value": len(rendering.traced.request.messages)}]


def _texts_by_role(rendering: Rendering) -> Iterator[tuple[str, str]]:
    roles: dict[str, list[str]] = {}
    for text in rendering.traced.texts:
        roles.setdefault(text.role, []).append(text.text)
    return ((role, "\n\n".join(texts)) for role, texts in roles.items())


def _quotes(rendering: Rendering, key: BranchKey) -> Iterator[tuple[str, str]]:
    """Lines of a rendering that may show a branch: first literal ones after its tag."""
    for literal, after in ((True, True), (False, True), (True, False), (False, False)):
        for text in rendering.traced.texts:
            for piece in text.pieces:
                if piece.literal == literal and _is_after(piece, key) == after:
                    yield from ((text.role, line) for line in _lines(piece.text))


def _is_after(piece: Piece, key: BranchKey) -> bool:
    text = piece.frame.text
    return text.path == key[0] and text.locate(piece.start) >= key[1:3]


def _lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        words = _shortened(line.strip())
        if len(words) > 1:
            yield words


def _shortened(line: str) -> str:
    """At most `_LONGEST_QUOTE` characters of a line, to the end of a word."""
    if len(line) <= _LONGEST_QUOTE:
        return line
    words = line[:_LONGEST_QUOTE].rsplit(" ", 1)[0].rstrip()
    return words or line[:_LONGEST_QUOTE]


def _line_around(text: str, offset: int, value: str) -> str:
    """The line with a printed value, or the part of a long line from shortly before the value."""
    start = text.rfind("\n", 0, offset) + 1
    first = value.strip().split("\n")[0]
    at = offset + value.index(first)
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end].strip()
    if len(line) <= _LONGEST_QUOTE + len(first):
        return line
    before = text[max(start, at - 30) : at]
    before = before if max(start, at - 30) == start else before.partition(" ")[2]
    return f"{before.lstrip()}{first[: 2 * _LONGEST_QUOTE]}".strip()


def _is_repeated(assertion: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an earlier assertion is the same, or another one fails whenever this one does."""
    at = next(index for index, each in enumerate(found) if each is assertion)
    for index, each in enumerate(found):
        if {**each, "value": None} == {**assertion, "value": None} and index != at:
            same = each["value"] == assertion["value"]
            longer = assertion["type"] == "contains" and assertion["value"] in each["value"]
            if (same and index < at) or (longer and not same):
                return True
    return False
