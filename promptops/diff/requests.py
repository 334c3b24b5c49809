"""CHG301 to CHG305 and CHG308 to CHG311: the rendered requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.counting import counted, some
from promptops.diff.alignment import aligned
from promptops.diff.changes import OWN_POLICY, change
from promptops.diff.equality import equal
from promptops.diff.guardrails import obligation_changes
from promptops.diff.rendering import RenderedPair, refusal, sent, text_of, uncovered
from promptops.diff.side import PromptSide
from promptops.diff.templates import Sameness, compare_templates
from promptops.model.bump import Bump
from promptops.model.change import Change, Witness
from promptops.model.place import Text
from promptops.model.prompt import ForEach, MediaPart, Message, TextPart
from promptops.model.request import Request

Sent = Mapping[str, Any]


def request_changes(
    before: PromptSide,
    after: PromptSide,
    rendered: tuple[RenderedPair, ...],
    inputs: Sequence[Change],
) -> Iterator[Change]:
    """Differences of the rendered requests in the cases, or possible differences outside of them.

    `inputs` are the changes of the inputs: they explain each case whose inputs are refused.
    """
    explained = any(each.level == "BREAKING" for each in inputs)
    failing = [each for each in rendered if each.breaks and not (explained and each.refused)]
    if failing:
        yield _failing(failing)
    elif after.breakage and not before.breakage:
        message = f"it can no longer be rendered: {after.breakage}"
        yield change("CHG310", "/messages", message)
    yield from obligation_changes(before, after, rendered)
    pairs = [each.requests for each in rendered if each.differs and each.requests is not None]
    differing = [kind for both in pairs for kind in _kinds(*both)]
    total = sum(each.requests is not None for each in rendered)
    yield from _seen(differing, len(pairs), total, (before, after))
    if not pairs and not failing and not after.breakage:
        yield from _unrendered(before, after, rendered, total)


def _failing(broken: Sequence[RenderedPair]) -> Change:
    first = broken[0]
    value, reason = dict(first.inputs), refusal(first.after)
    proof = Witness(kind="input", value=value, case=first.name, reason=reason)
    names = some([f"`{each.name}`" for each in broken], 3)
    what = (
        "a case no longer renders" if len(broken) == 1 else f"{len(broken)} cases no longer render"
    )
    message = f"{what}: {names}"
    return change("CHG310", "/tests", message, witness=proof)


def _kinds(old: Request, new: Request) -> Iterator[tuple[str, str]]:
    """The code for each message that differs, with its role."""
    olds, news = sent(old), sent(new)
    if _prefill(olds) != _prefill(news):
        yield "CHG309", "assistant"
    olds, news = (each[:-1] if _prefill(each) is not None else each for each in (olds, news))
    for was, now in aligned(olds, news, lambda message: (message["role"], message)):
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
    """The beginning of the answer: a last message of the assistant."""
    return messages[-1] if messages and messages[-1]["role"] == "assistant" else None


def _is_example(messages: list[dict[str, Any]], message: Sent | None) -> bool:
    """Whether it is part of a few-shot example: the answer, or the question before it."""
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
    """Changes in the templates if every case renders the same text."""
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
    """Of all the texts; where there are other texts than before, they are different.

    Messages that were added or moved are told as such (CHG306), and only in others is looked for
    another text.
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
    """Every template and every `when`, each with its purpose."""
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
    """A `when` as an equivalent template."""
    return Text(when.path, f"{{% if {when.value} %}}x{{% endif %}}", when.locate)
