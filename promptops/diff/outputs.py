"""CHG201 to CHG212: the outputs that consumers receive. Widening them is breaking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptops.analysis.schemas.steps import Steps
from promptops.diff.changes import change, equal
from promptops.diff.rendering import PromptSide
from promptops.diff.schemas import (
    OUTPUT_NARROWED,
    OUTPUT_WIDENED,
    Owner,
    at,
    describe,
    owners,
    pairs,
    readable_name,
    values_of,
    with_extra_properties,
    without_extra_properties,
)
from promptops.json_pointer import escaped
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.prompt import Output, Schema
from promptops.model.version import Bump
from promptops.runtime.request.schema_check import message_of, validator

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference

_WIDENED = {
    **dict.fromkeys(("type", "false", "anyOf", "oneOf"), "CHG202"),
    **dict.fromkeys(("enum", "const"), "CHG204"),
}
_NARROWED = dict.fromkeys(("enum", "const"), "CHG205")
_AT = "/output/schema"


def output_changes(
    before: PromptSide, after: PromptSide, steps: Steps, *, strict: bool
) -> Iterator[Change]:
    """Changes of a prompt's output; with `strict`, new properties are breaking."""
    old, new = before.prompt.output, after.prompt.output
    if (old.format, old.schema is None) != (new.format, new.schema is None):
        was, now = _kind(old), _kind(new)
        yield change("CHG208", "/output", f"the output is {now}; it was {was}")
    elif old.schema is not None and new.schema is not None and not equal(old.schema, new.schema):
        problems = before.schema_problem, after.schema_problem
        found = [*_schema_changes(old.schema, new.schema, problems, steps, strict=strict)]
        yield from found
        if not found:
            message = "the output schema, sent to the model, is written differently but equivalent"
            yield change("CHG209", _AT, message)
    for name in ("name", "description", "strict"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            message = f"`{name}` of the output changed, which is sent to the model"
            yield change("CHG209", f"/output/{name}", message, before=was, after=now)


def _kind(output: Output) -> str:
    return f"{output.format} {'without' if output.schema is None else 'with'} a schema"


def _schema_changes(
    old: Schema, new: Schema, problems: tuple[str, str], steps: Steps, *, strict: bool
) -> Iterator[Change]:
    was, now = (
        _broken(side) or problem for side, problem in zip((old, new), problems, strict=True)
    )
    if now:
        message = f"the output can't be compared: {now}"
        yield change("CHG211", _AT, message, basis=[old, new])
        return
    if was:
        message = f"the earlier output was not valid, so it is not compared: {was}"
        yield change("CHG203", _AT, message)
        return
    yield from _compared_schemas(old, new, steps, strict=strict)


def _compared_schemas(old: Schema, new: Schema, steps: Steps, *, strict: bool) -> Iterator[Change]:
    """Changes of valid schemas: values, properties, owners of properties, descriptions."""
    from promptops.analysis.schemas.inclusion import differences  # 20 ms, and seldom needed

    widened = differences(without_extra_properties(new), with_extra_properties(old), steps)
    narrowed = differences(without_extra_properties(old), with_extra_properties(new), steps)
    known = {(pair.owner, pair.name) for pair in pairs(old, new)}
    for difference in widened:
        if (
            difference.keyword == "additionalProperties"
            and (difference.pointer, difference.name) not in known
        ):
            yield _added(difference, strict)
        yield from _breaking(difference, old, new)
    reported = {(difference.pointer, difference.keyword, difference.name) for difference in widened}
    for difference in narrowed:
        if (difference.pointer, difference.keyword, difference.name) not in reported:
            yield _narrowed(difference, old, new)
    lost = {
        (difference.pointer, difference.name)
        for difference in widened
        if difference.keyword == "required"
    }
    for pair in pairs(old, new):
        path, name = f"{_AT}{pair.pointer}", readable_name(pair.pointer, "the output")
        if pair.before is None:
            yield change("CHG207", path, f"{name} was added", **_if_strict(strict))
        elif pair.after is None and (pair.owner, pair.name) not in lost:
            yield change("CHG210", path, f"{name}, which was optional, was removed")
    for owner in owners(old, new):
        yield from _of_owner(owner, strict)
    yield from _described(old, new)


def _added(difference: SchemaDifference, strict: bool) -> Change:
    path = f"{difference.pointer}/properties/{escaped(difference.name or '*')}"
    message = f"{readable_name(path, 'the output')} was added"
    return change("CHG207", f"{_AT}{path}", message, **_if_strict(strict))


def _broken(schema: Schema) -> str:
    try:
        validator(schema)
    except ValueError as error:
        return str(error)
    return ""


def _breaking(found: SchemaDifference, old: Schema, new: Schema) -> Iterator[Change]:
    if found.keyword == "additionalProperties":
        return  # an additional property or an opened object is reported as such
    path = f"{_AT}{found.pointer}/{found.keyword}"
    facts = {"witness": _witness(found, old), **values_of(found, old, new)}
    if not found.decided:
        where = f"`{found.keyword}` of {readable_name(found.pointer, 'the output')}"
        what = "the schema, which is too large to compare," if found.keyword == "work" else where
        message = f"cannot prove that {what} excludes everything it did before"
        yield change("CHG211", path, message, basis=[old, new], **facts)
    elif found.keyword == "required" and found.name is not None:
        yield _lost(found, new, facts["witness"])
    else:
        code = _WIDENED.get(found.keyword, "CHG206")
        yield change(code, path, describe(found, OUTPUT_WIDENED), **facts)


def _lost(found: SchemaDifference, new: Schema, witness: Witness | None) -> Change:
    path = f"{found.pointer}/properties/{escaped(found.name or '')}"
    name = readable_name(path, "the output")
    still = found.name in (at(new, found.pointer).get("properties") or {})
    message = f"{name} is now optional" if still else f"{name}, required before, was removed"
    return change("CHG201", f"{_AT}{path}", message, witness=witness)


def _narrowed(found: SchemaDifference, old: Schema, new: Schema) -> Change:
    if found.keyword == "required" and found.name is not None:
        path = f"{found.pointer}/properties/{escaped(found.name)}"
        return change("CHG203", f"{_AT}{path}", f"{readable_name(path, '')} is now required")
    code = _NARROWED.get(found.keyword, "CHG203")
    path = f"{_AT}{found.pointer}/{found.keyword}"
    return change(code, path, describe(found, OUTPUT_NARROWED), **values_of(found, old, new))


def _of_owner(owner: Owner, strict: bool) -> Iterator[Change]:
    was, now = ((side.get("additionalProperties") is False) for side in (owner.before, owner.after))
    path, who = f"{_AT}{owner.pointer}", readable_name(owner.pointer, "the output")
    if was and not now:
        message = f"{who} may now have unknown properties"
        yield change("CHG212", f"{path}/additionalProperties", message, **_if_strict(strict))
    elif now and not was:
        message = f"{who} no longer has unknown properties"
        facts = {"level": "BEHAVIOR"}
        yield change("CHG212", f"{path}/additionalProperties", message, **facts)


def _if_strict(strict: bool) -> dict[str, Any]:
    return {"level": "BREAKING", "bump": Bump.MAJOR} if strict else {}


def _described(old: Schema, new: Schema) -> Iterator[Change]:
    names = [
        readable_name(owner.pointer, "the output")
        for owner in owners(old, new)
        if any(owner.before.get(key) != owner.after.get(key) for key in ("description", "title"))
    ]
    if names:
        message = f"{', '.join(names)}: the description changed, which is sent to the model"
        yield change("CHG209", _AT, message)


def _witness(found: SchemaDifference, old: Schema) -> Witness | None:
    """An output, as consumers receive it, that only the newer schema allows."""
    if found.witness is ABSENT:
        return None
    errors = validator(with_extra_properties(old)).errors(found.witness)
    first = next(map(message_of, errors), "")
    return Witness(kind="output", value=found.witness, reason=first[:200])
