"""CHG101 to CHG121: the inputs that callers may pass. Narrowing them is breaking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from promptops.analysis.schemas.steps import Steps
from promptops.diff.changes import change, equal
from promptops.diff.rendering import PromptSide
from promptops.diff.schemas import (
    INPUTS_NARROWED,
    INPUTS_WIDENED,
    PropertyPair,
    accepted,
    at,
    compact,
    describe,
    is_plain,
    list_of,
    pairs,
    properties_of,
    readable_name,
    values_of,
)
from promptops.json_pointer import escaped, tokens
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.prompt import Schema
from promptops.model.version import Bump
from promptops.records import replace
from promptops.runtime.request.inputs import Inputs

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference


_NARROWED_CODES = {
    **dict.fromkeys(("type", "false", "anyOf", "oneOf"), "CHG108"),
    **dict.fromkeys(("enum", "const"), "CHG110"),
}
_WIDENED_CODES = {
    **dict.fromkeys(("type", "false", "anyOf", "oneOf"), "CHG109"),
    **dict.fromkeys(("enum", "const"), "CHG111"),
}


def input_changes(
    before: PromptSide, after: PromptSide, today: date, steps: Steps
) -> Iterator[Change]:
    """The changes of the inputs of a prompt."""
    old, new = before.prompt.inputs, after.prompt.inputs
    if equal(old, new):
        return
    if isinstance(before.input_validator, ValueError) or isinstance(
        after.input_validator, ValueError
    ):
        yield _not_compared(before, after)
        return
    if before.schema_problem or after.schema_problem:
        yield _not_compared(before, after)
        return
    found = [
        *_Inputs(before, after, before.input_validator, after.input_validator, today).changes(steps)
    ]
    yield from found
    if not found and before.schema_files != after.schema_files:
        yield change("CHG503", "/inputs", "a schema moved; the inputs accept the same values")
    elif not found:
        yield change(
            "CHG120",
            "/inputs",
            "the inputs accept the same values; their schema is written differently",
        )


def _not_compared(before: PromptSide, after: PromptSide) -> Change:
    """A new schema that can't be read is breaking; an old one was broken before."""
    why = _problem(after)
    if why:
        basis = [dict(side.prompt.inputs) for side in (before, after)]
        message = f"the inputs can't be compared: {why}"
        return change("CHG117", "/inputs", message, basis=basis)
    message = f"the earlier inputs were not valid, so they are not compared: {_problem(before)}"
    return change("CHG113", "/inputs", message)


def _problem(side: PromptSide) -> str:
    return (
        str(side.input_validator)
        if isinstance(side.input_validator, ValueError)
        else side.schema_problem
    )


class _Inputs:
    def __init__(
        self, before: PromptSide, after: PromptSide, old_door: Inputs, new_door: Inputs, today: date
    ) -> None:
        self._sides = before, after
        self._doors = old_door, new_door
        self._today = today
        self._new: Schema = after.prompt.inputs
        # Compare under the newer names, so that a renamed input is not a difference.
        self._old, self._moved = with_new_names(before.prompt.inputs, self._new)
        self._pairs = tuple(pairs(self._old, self._new))
        self._renamed = dict(renames(self._pairs, before.names, after.names))

    def changes(self, steps: Steps) -> Iterator[Change]:
        from promptops.analysis.schemas.inclusion import differences  # 20 ms, and seldom needed

        plain = is_plain(self._old) and is_plain(self._new)
        earlier, later = (accepted(s) if plain else s for s in (self._old, self._new))
        narrowed = differences(earlier, later, steps)
        widened = differences(later, earlier, steps)
        if not plain:  # then only differences shown by both validators are certain
            narrowed = tuple(
                difference for difference in narrowed if self._witness(difference) is not None
            )
        for difference in narrowed:
            yield from self._breaking(difference)
        if not plain and self._differ():
            yield self._unproved()
        for old, new in self._renamed.items():
            yield self._rename(old, new, narrowed)
        for difference in widened:
            yield from self._additive(difference, narrowed)
        yield from alias_changes(self._sides[0].prompt.inputs, self._old, self._new)
        yield from trust_changes(self._old, self._new)
        required = {(d.pointer, d.name) for d in narrowed if d.keyword == "required"}
        for pair in self._pairs:
            if self._is_renamed(pair.owner, pair.name):
                continue
            if pair.before is not None or (pair.owner, pair.name) not in required:
                earlier_name = self._moved.get(pair.name) if pair.owner == "" else None
                yield from property_changes(pair, earlier_name)
        yield from described(self._old, self._new, self._pairs)

    def _differ(self) -> bool:
        """Whether anything but descriptions differs."""
        from promptops.analysis.schemas.document import without_annotations

        describe = (without_annotations(side) for side in (self._old, self._new))
        defaults = (
            [(side or {}).get("default", ABSENT) for side in (pair.before, pair.after)]
            for pair in self._pairs
        )
        return not equal(*describe) or any(not equal(*pair) for pair in defaults)

    def _unproved(self) -> Change:
        message = (
            "conditions depend on defaults: cannot prove that everything accepted before still is"
        )
        return change("CHG117", "/inputs", message, basis=[self._old, self._new])

    def _breaking(self, found: SchemaDifference) -> Iterator[Change]:
        if self._is_renamed(found.pointer, found.name):
            return
        path = f"/inputs{found.pointer}/{found.keyword}"
        facts = {"witness": self._witness(found), **values_of(found, self._old, self._new)}
        if not found.decided:
            message = f"cannot prove that {_what(found)} accepts everything it did before"
            yield change("CHG117", path, message, basis=[self._old, self._new], **facts)
        elif found.keyword == "required" and found.name is not None:
            yield self._required(found, facts["witness"])
        elif found.keyword == "additionalProperties" and found.name is not None:
            yield self._removed(found, facts["witness"])
        elif found.keyword == "additionalProperties":
            who = readable_name(found.pointer, "the inputs")
            yield change("CHG114", path, f"unknown names of {who} are now refused", **facts)
        else:
            code = _NARROWED_CODES.get(found.keyword, "CHG112")
            yield change(code, path, describe(found, INPUTS_NARROWED), **facts)

    def _required(self, found: SchemaDifference, witness: Witness | None) -> Change:
        was_there = found.name in (at(self._old, found.pointer).get("properties") or {})
        name = _joined(found)
        path = f"/inputs{found.pointer}/properties/{escaped(found.name or '')}"
        if was_there:
            message = f"{name} was optional and is now required"
            return change("CHG102", path, message, witness=witness)
        basis = at(self._new, f"{found.pointer}/properties/{escaped(found.name or '')}")
        message = f"{name} is now required"
        return change("CHG101", path, message, witness=witness, basis=basis)

    def _removed(self, found: SchemaDifference, witness: Witness | None) -> Change:
        below = f"{found.pointer}/properties/{escaped(found.name or '')}"
        was, path = at(self._old, below), f"/inputs{below}"
        sunset = _day(was.get("x-sunset")) if was.get("deprecated") is True else None
        if sunset is not None and sunset <= self._today:
            message = f"{_joined(found)} was removed after its sunset date, {sunset}"
            return change("CHG119", path, message, witness=witness, gated=False)
        heir = aliases(self._new).get(found.name or "") if found.pointer == "" else None
        if heir is not None:
            message = f"{_joined(found)} is now another name of `{heir}`"
            return change("CHG106", path, message)
        message = f"{_joined(found)} was removed, and passing it is refused"
        return change("CHG105", path, message, witness=witness, basis=was)

    def _rename(self, old: str, new: str, narrowed: tuple[SchemaDifference, ...]) -> Change:
        proofs = (
            self._witness(difference) for difference in narrowed if difference.name in (old, new)
        )
        return change(
            "CHG107",
            f"/inputs/properties/{escaped(new)}",
            f"`{old}` was renamed to `{new}`; `x-aliases: [{old}]` keeps it compatible",
            witness=next((proof for proof in proofs if proof is not None), None),
        )

    def _additive(
        self, found: SchemaDifference, narrowed: tuple[SchemaDifference, ...]
    ) -> Iterator[Change]:
        path = f"/inputs{found.pointer}/{found.keyword}"
        if found.keyword == "required" and self._is_kept(found.pointer, found.name):
            yield change("CHG113", path, f"{_joined(found)} is now optional")
        if (
            found.name is not None
            or _is_reported_as_breaking(found, narrowed)
            or self._is_below_gone(found)
        ):
            return  # added and removed properties are reported by name
        if found.keyword == "additionalProperties":
            who = readable_name(found.pointer, "the inputs")
            yield change("CHG115", path, f"unknown names of {who} are now accepted")
            return
        code = _WIDENED_CODES.get(found.keyword, "CHG113")
        yield change(
            code, path, describe(found, INPUTS_WIDENED), **values_of(found, self._old, self._new)
        )

    def _is_kept(self, owner: str, name: str | None) -> bool:
        on_both_sides = (
            pair for pair in self._pairs if pair.before is not None and pair.after is not None
        )
        return any((pair.owner, pair.name) == (owner, name) for pair in on_both_sides)

    def _is_below_gone(self, found: SchemaDifference) -> bool:
        gone = (pair.pointer for pair in self._pairs if pair.after is None)
        return any(f"{found.pointer}/".startswith(f"{pointer}/") for pointer in gone)

    def _is_renamed(self, owner: str, name: str | None) -> bool:
        names = (*self._renamed, *self._renamed.values())
        return owner == "" and name in names

    def _witness(self, found: SchemaDifference) -> Witness | None:
        """Inputs that the older side accepts and the newer one refuses, by both validators."""
        for case, value in self._tried(found):
            if not isinstance(value, Mapping) or self._doors[0].accept(value)[1]:
                continue
            _, problems = self._doors[1].accept(value)
            named = [
                problem for problem in problems if case is None or _is_about(problem.pointer, found)
            ]
            if named:
                return Witness(kind="input", value=value, case=case, reason=named[0].message)
        return None

    def _tried(self, found: SchemaDifference) -> Iterator[tuple[str | None, Any]]:
        """Candidates for a witness: inputs of test cases first, then short ones."""
        cases = self._sides[0].prompt.cases
        for case in sorted(cases, key=lambda case: len(repr(case.inputs))):
            yield case.name, dict(case.inputs)
        if found.witness is not ABSENT:
            yield None, self._under_old_names(found.witness)

    def _under_old_names(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {self._moved.get(name, name): item for name, item in value.items()}


def _is_about(pointer: str, found: SchemaDifference) -> bool:
    """Whether an error of a validator is about the property of a difference."""
    steps = [step for step in tokens(found.pointer) if step not in ("properties", "items")]
    about = steps[0] if steps else found.name
    return about is None or tokens(pointer)[:1] in ([], [about])


def _is_reported_as_breaking(
    found: SchemaDifference, narrowed: tuple[SchemaDifference, ...]
) -> bool:
    """A changed type, pattern or similar is reported once, as breaking."""
    if found.keyword == "enum":
        return any(
            each.keyword in ("const", "type") and each.pointer == found.pointer for each in narrowed
        )
    return any((each.pointer, each.keyword) == (found.pointer, found.keyword) for each in narrowed)


def _day(written: Any) -> date | None:
    try:
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        return None


def _joined(found: SchemaDifference) -> str:
    pointer = f"{found.pointer}/properties/{escaped(found.name or '')}"
    return readable_name(pointer, "the inputs")


def _what(found: SchemaDifference) -> str:
    if found.keyword == "work":
        return "the schema, which is too large to compare,"
    return f"`{found.keyword}` of {readable_name(found.pointer, 'the inputs')}"


# The names of inputs: `x-aliases`, earlier names that are still accepted, and renames.


def with_new_names(before: Schema, after: Schema) -> tuple[Schema, dict[str, str]]:
    """The older schema with inputs renamed as in the newer one's `x-aliases`; newer to older names.

    An open older schema stays as it is: its callers could also pass the newer name, so the two
    names do not mean the same input.
    """
    if before.get("additionalProperties") is not False:
        return before, {}
    old, new = properties_of(before), properties_of(after)
    names = {
        alias: name
        for alias, name in aliases(after).items()
        if alias in old
        and alias not in new
        and name not in (*old, *list_of(before.get("required")))
    }
    if not names:
        return before, {}
    renamed = dict(before)
    renamed["properties"] = {names.get(name, name): property_ for name, property_ in old.items()}
    renamed["required"] = [names.get(name, name) for name in list_of(before.get("required"))]
    return renamed, {name: alias for alias, name in names.items()}


def aliases(schema: Schema) -> dict[str, str]:
    """The current name of each input by its earlier names."""
    return {
        str(alias): name
        for name, property_ in properties_of(schema).items()
        if isinstance(property_, Mapping)
        for alias in list_of(property_.get("x-aliases"))
    }


def renames(
    pairs: Sequence[PropertyPair], names_before: Collection[str], names_after: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Inputs renamed without an alias: the same schema, used in the same places.

    Args:
        names_before: The names that the templates of the older side use.
        names_after: Those of the newer side.
    """
    top = [pair for pair in pairs if pair.owner == ""]
    added = [
        pair
        for pair in top
        if pair.before is None and pair.name in names_after and pair.name not in names_before
    ]
    for pair in top:
        if pair.after is None and pair.name in names_before and pair.name not in names_after:
            fits = [candidate for candidate in added if _have_equal_schemas(pair, candidate)]
            if len(fits) == 1:
                yield pair.name, fits[0].name


def _have_equal_schemas(removed: PropertyPair, added: PropertyPair) -> bool:
    ignored = (*DESCRIBING, "x-aliases")
    old, new = (
        {key: value for key, value in (schema or {}).items() if key not in ignored}
        for schema in (removed.before, added.after)
    )
    return equal(old, new) and removed.was_required == added.is_required


def alias_changes(was: Schema, old: Schema, new: Schema) -> Iterator[Change]:
    """Changes for removed names, then for added ones.

    Args:
        was: The older side under its own names; `old` has the newer ones.
    """
    after, before = aliases(new), aliases(old)
    for alias, name in before.items():
        if alias != name and after.get(alias) != name:
            yield _lost(alias, name, new)
    for alias, name in after.items():
        if alias not in before and alias not in (was.get("properties") or {}):
            path = _path(name)
            yield change("CHG104", path, f"`{name}` may be passed as `{alias}`, too")
            if old.get("additionalProperties") is not False:
                message = f"any `{alias}` was accepted and ignored; now it means `{name}`"
                yield change("CHG108", path, message, before=alias)


def _lost(alias: str, name: str, new: Schema) -> Change:
    path, was = _path(name), f"`{alias}`, an earlier name of `{name}`,"
    if alias in (new.get("properties") or {}):
        return change("CHG105", path, f"{was} is now another input", before=alias)
    restricted = {"patternProperties", "propertyNames"}.intersection(new)
    if new.get("additionalProperties", True) in (True, {}) and not restricted:
        return change("CHG106", path, f"{was} is now ignored", before=alias)
    return change("CHG105", path, f"{was} is now refused or has another meaning", before=alias)


def _path(name: str) -> str:
    return f"/inputs/properties/{escaped(name)}/x-aliases"


# CHG103, CHG104, CHG106, CHG116 to CHG121: changes that do not narrow or widen inputs.

DESCRIBING = ("description", "title", "examples", "$comment")
"""Keywords that are only for human readers."""


def property_changes(pair: PropertyPair, earlier_name: str | None) -> Iterator[Change]:
    """Changes of one property; `had` is its earlier name, which is now an alias."""
    path, name = f"/inputs{pair.pointer}", readable_name(pair.pointer, "the inputs")
    if earlier_name is not None:
        message = f"`{earlier_name}` was renamed to {name}, and the old name is still accepted"
        yield change("CHG104", path, message)
    if pair.before is None:
        yield _added(pair, path, name)
    elif pair.after is not None:
        yield from _kept(pair, path, name)
    elif pair.after_owner.get("additionalProperties") is not False:
        yield change("CHG106", path, f"{name} was removed, and passing it has no effect")


def described(old: Schema, new: Schema, pairs: Iterable[PropertyPair]) -> Iterator[Change]:
    """One change for all differences in descriptions."""
    both = (pair for pair in pairs if pair.before is not None and pair.after is not None)
    names = [
        readable_name(pair.pointer, "")
        for pair in both
        if any(not equal(*pair.values(key)) for key in DESCRIBING)
    ]
    if any(not equal(old.get(key), new.get(key)) for key in DESCRIBING):
        names.append("the inputs")
    if names:
        shown = ", ".join(dict.fromkeys(names))
        yield change("CHG120", "/inputs", f"{shown}: the description changed")


def trust_changes(old: Schema, new: Schema) -> Iterator[Change]:
    """Changes for parts, at any depth and below any keyword, that are no longer untrusted."""
    labels_now = dict(_labels(new, ""))
    for pointer, marked in _labels(old, ""):
        if marked and labels_now.get(pointer) is False:
            message = f"{readable_name(pointer, 'the inputs')} is no longer marked as untrusted"
            yield change("CHG121", f"/inputs{pointer}/x-untrusted", message)


def _labels(schema: Any, pointer: str) -> Iterator[tuple[str, bool]]:
    """By JSON pointer, whether each schema is marked as untrusted."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _labels(item, f"{pointer}/{index}")
    elif isinstance(schema, Mapping):
        yield pointer, schema.get("x-untrusted") is True
        for key, value in schema.items():
            if key not in _DATA_KEYWORDS:
                yield from _labels(value, f"{pointer}/{escaped(key)}")


_DATA_KEYWORDS = frozenset(("const", "default", "enum", "examples", "required"))


def _added(pair: PropertyPair, path: str, name: str) -> Change:
    if pair.is_required:
        shown = compact((pair.after or {}).get("default"))
        return change("CHG103", path, f"{name} was added with the default `{shown}`")
    return change("CHG104", path, f"{name} was added as an optional input")


def _kept(pair: PropertyPair, path: str, name: str) -> Iterator[Change]:
    before, after = pair.before or {}, pair.after or {}
    was, now = before.get("default", ABSENT), after.get("default", ABSENT)
    if not equal(was, now) and not (now is ABSENT and pair.is_required):
        message = f"{name} {_default(was, now)}"
        yield change("CHG116", f"{path}/default", message, before=was, after=now)
    if after.get("deprecated") is True and before.get("deprecated") is not True:
        yield change("CHG118", f"{path}/deprecated", f"{name} is deprecated")
    yield from _format(pair, path, name)


def _default(was: Any, now: Any) -> str:
    if now is ABSENT:
        return "no longer has a default"
    return "now has a default" if was is ABSENT else "has a different default"


def _format(pair: PropertyPair, path: str, name: str) -> Iterator[Change]:
    was, now = pair.values("format")
    if was == now:
        return
    if now is None:
        yield change("CHG113", f"{path}/format", f"{name} no longer has a `format`", before=was)
        return
    message = f"{name} now has the format `{now}`, which is not validated"
    found = change("CHG112", f"{path}/format", message, after=now)
    yield replace(found, level="BEHAVIOR", bump=Bump.MINOR, warning=True)
