"""CHG101 to CHG121: the inputs that callers may pass. Narrowing them is breaking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from promptops.analysis.schemas.steps import Steps
from promptops.diff.changes import change
from promptops.diff.effective_schema import accepted, is_plain
from promptops.diff.equality import equal
from promptops.diff.input_names import alias_changes, aliases, renames, with_new_names
from promptops.diff.input_properties import described, property_changes, trust_changes
from promptops.diff.properties import at, pairs, values_of
from promptops.diff.side import PromptSide
from promptops.diff.wording import INPUTS_NARROWED, INPUTS_WIDENED, describe, readable_name
from promptops.json_pointer import escaped, tokens
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.prompt import Schema
from promptops.runtime.request.inputs import Inputs

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference

_NARROWED = {
    **dict.fromkeys(("type", "false", "anyOf", "oneOf"), "CHG108"),
    **dict.fromkeys(("enum", "const"), "CHG110"),
}
_WIDENED = {
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
            code = _NARROWED.get(found.keyword, "CHG112")
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
        code = _WIDENED.get(found.keyword, "CHG113")
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
