"""CHG301 to CHG305 and CHG308 to CHG311: the rendered requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.diff.alignment import align
from promptops.diff.changes import OWN_POLICY, change
from promptops.diff.equality import equal
from promptops.diff.obligations import obligation_changes
from promptops.diff.rendering import RenderedPair, error_text, sent, text_of, uncovered
from promptops.diff.side import PromptSide
from promptops.diff.templates import Sameness, compare_templates
from promptops.model.bump import Bump
from promptops.model.change import Change, Witness
from promptops.model.place import Text
from promptops.model.prompt import ForEach, MediaPart, Message, TextPart
from promptops.model.request import Request
from promptops.plurals import counted, some

Sent = Mapping[str, Any]


def request_changes(
    before: PromptSide,
    after: PromptSide,
    rendered: tuple[RenderedPair, ...],
    inputs: Sequence[Change],
) -> Iterator[Change]:
    """Changes of the rendered requests, proved by the cases or possible for other inputs.

    `inputs` are the changes of the inputs: they explain cases whose inputs are refused.
    """
    explained = any(input_change.level == "BREAKING" for input_change in inputs)
    failing = [pair for pair in rendered if pair.breaks and not (explained and pair.refused)]
    if failing:
        yield _failing(failing)
    elif after.render_problem and not before.render_problem:
        message = f"it can no longer be rendered: {after.render_problem}"
        yield change("CHG310", "/messages", message)
    yield from obligation_changes(before, after, rendered)
    pairs = [pair.requests for pair in rendered if pair.differs and pair.requests is not None]
    differing = [kind for both in pairs for kind in _kinds(*both)]
    total = sum(pair.requests is not None for pair in rendered)
    yield from _seen(differing, len(pairs), total, (before, after))
    if not pairs and not failing and not after.render_problem:
        yield from _unrendered(before, after, rendered, total)


def _failing(broken: Sequence[RenderedPair]) -> Change:
    first = broken[0]
    value, reason = dict(first.inputs), error_text(first.after)
    proof = Witness(kind="input", value=value, case=first.name, reason=reason)
    names = some([f"`{pair.name}`" for pair in broken], 3)
    what = (
        "a case no longer renders" if len(broken) == 1 else f"{len(broken)} cases no longer render"
    )
    message = f"{what}: {names}"
    return change("CHG310", "/tests", message, witness=proof)


def _kinds(old: Request, new: Request) -> Iterator[tuple[str, str]]:
    """The change code and the role of each message that differs."""
    olds, news = sent(old), sent(new)
    if _prefill(olds) != _prefill(news):
        yield "CHG309", "assistant"
    olds, news = (each[:-1] if _prefill(each) is not None else each for each in (olds, news))
    for was, now in align(olds, news, lambda message: (message["role"], message)):
        if was is not None and now is not None and equal(was, now):
            continue
        role = str((now or was or {})["role"])
        if _is_example(news, now) if now is not None else _is_example(olds, was):
            yield "CHG308", role
        elif was and now and _squeezed(was) == _squeezed(now):
            yield "CHG302", role
        else:
            yield "CHG301", role


def _prefill(messages: list[dict[str, Any]]) -> Sent | None:
    """The prefill: the last message if its role is assistant."""
    return messages[-1] if messages and messages[-1]["role"] == "assistant" else None


def _is_example(messages: list[dict[str, Any]], message: Sent | None) -> bool:
    """Whether a message is part of a few-shot example: the answer or the question before it."""
    index = next(index for index, each in enumerate(messages) if each is message)
    later = messages[index : index + 2]
    roles = [message["role"] for message in later]
    return roles[:1] == ["assistant"] or roles == ["user", "assistant"]


def _squeezed(message: Sent) -> tuple[str, str]:
    rest = {key: value for key, value in message.items() if key != "content"}
    return "".join(text_of(message).split()), repr(rest)


def _seen(
    differing: list[tuple[str, str]], cases: int, total: int, sides: tuple[PromptSide, PromptSide]
) -> Iterator[Change]:
    before, after = sides
    where = f"in {cases} of {total} cases" if total > 1 else "in the only case"
    codes = {code for code, _ in differing}
    for code in sorted(codes):
        if code == "CHG302" and "CHG301" in codes:
            continue  # if words change, white space is not reported
        roles = " and ".join(sorted({role for each, role in differing if each == code}))
        facts: dict[str, Any] = {}
        if code == "CHG302" and after.catalog.config.diff.whitespace == "patch":
            facts["bump"] = Bump.PATCH
            if before.catalog.config.diff.whitespace != "patch":
                facts["risk"] = OWN_POLICY
        yield change(code, "/messages", f"{_SEEN[code].format(roles=roles)} {where}", **facts)


_SEEN = {
    "CHG301": "the {roles} text differs",
    "CHG302": "white space of the {roles} text differs",
    "CHG308": "the few-shot examples differ",
    "CHG309": "the beginning of the answer differs",
}


def _unrendered(
    before: PromptSide, after: PromptSide, rendered: tuple[RenderedPair, ...], total: int
) -> Iterator[Change]:
    """Changes of templates that do not change the text of any case."""
    sameness = _sameness(before, after)
    if sameness == "form":
        yield change("CHG305", "/messages", "the templates differ only in formatting")
    elif sameness == "moved":
        yield change("CHG503", "/messages", "a partial moved; its content is the same")
    elif sameness == "different":
        yield _proof(before, after, rendered, total)


def _proof(
    before: PromptSide, after: PromptSide, rendered: tuple[RenderedPair, ...], total: int
) -> Change:
    if not total:
        message = "the templates changed, but no case renders on both sides"
        return change("CHG304", "/messages", message)
    missing = uncovered(before, after, rendered)
    cases = counted(total, "case")
    if not missing:
        message = f"the templates changed; {cases} render the same text and cover every branch"
        return change("CHG303", "/messages", message)
    ways = "a branch is" if missing == 1 else f"{missing} branches are"
    message = f"the templates changed; {cases} render the same text, but {ways} not covered"
    return change("CHG304", "/messages", message)


def _sameness(before: PromptSide, after: PromptSide) -> Sameness:
    """Compare all templates of the messages; `different` if one was added or removed.

    Added and moved messages are reported as such (CHG306), so they are left out here.
    """
    old, new = _texts(before), _texts(after)
    if [key for key, _ in old] != [key for key, _ in new]:
        return "different"
    found: list[Sameness] = ["equal"]
    for (_, was), (_, now) in zip(old, new, strict=True):
        found.append(_compared(was, now, before, after))
    return max(found, key=_ORDER.index)


_ORDER: list[Sameness] = ["equal", "form", "moved", "different"]


def _compared(was: Text, now: Text, before: PromptSide, after: PromptSide) -> Sameness:
    return compare_templates(was, before.catalog.load, now, after.catalog.load)


def _texts(side: PromptSide) -> list[tuple[str, Text]]:
    """Every template and every `when` with a key for its purpose."""
    found: list[tuple[str, Text]] = []
    for turn in side.prompt.messages:
        if isinstance(turn, ForEach):
            for message in turn.messages:
                found += _of_message(side, message, f"{turn.source} as {turn.name}: ")
        elif isinstance(turn, Message):
            found += _of_message(side, turn, "")
    return found


def _of_message(side: PromptSide, message: Message, prefix: str) -> Iterator[tuple[str, Text]]:
    calls = [dict(call) for call in message.tool_calls]
    what = f"{prefix}{message.role} {message.name} {message.plain} {message.tool_call_id} {calls}"
    if not message.parts:
        yield what, Text(message.at, "", lambda _: (1, 1))
    if message.when is not None:
        yield f"{what} when", _expression(message.when)
    for part in message.parts:
        if part.when is not None:
            yield f"{what} part when", _expression(part.when)
        if isinstance(part, TextPart):
            yield what, part.text
        elif isinstance(part, MediaPart):
            content = side.catalog.files.blob(part.value) if part.origin == "file" else part.value
            media = f"{part.kind} {part.origin} {content} {part.detail} {part.title}"
            yield f"{what} {media}", Text(part.at, "", lambda _: (1, 1))


def _expression(when: Text) -> Text:
    """A template that renders text exactly where a `when` holds."""
    return Text(when.path, f"{{% if {when.value} %}}x{{% endif %}}", when.locate)
