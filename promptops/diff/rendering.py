"""A prompt on each side of a comparison, and all cases rendered on both sides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import zip_longest
from typing import Any, TypeVar

from promptops.analysis.coverage import Branch, coverage, hides_ways, never_empty, uses_of
from promptops.analysis.includes import includes
from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.models import input_cost_usd
from promptops.analysis.secrets import without_secrets
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.diff.changes import equal
from promptops.model.change import AS_IT_WAS, CaseDiff, Seen, SeenPair, TurnPair
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import (
    Case,
    CaseTurn,
    ConversationHistory,
    ForEach,
    Prompt,
    Request,
    SimulatedUser,
)
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.limits import PromptBudget
from promptops.runtime.template.template import TemplateError, parse

_REST = ("model", "params", "provider_options", "tools", "tool_choice", "response_format")


@record(frozen=True, slots=True, kw_only=True)
class RenderedPair:
    """A case, rendered on both sides; a side that fails has its error.

    Attributes:
        inputs: The inputs of the case, without defaults.
        old: Whether it is a case of the older side.
        turns: Those of the case on the older and on the newer side.
    """

    name: str
    inputs: Mapping[str, Any]
    old: bool
    before: TracedRequest | RenderError
    after: TracedRequest | RenderError
    turns: tuple[tuple[CaseTurn, ...], tuple[CaseTurn, ...]] = ((), ())

    @property
    def requests(self) -> tuple[Request, Request] | None:
        """The requests of both sides; None if one side fails."""
        if isinstance(self.before, TracedRequest) and isinstance(self.after, TracedRequest):
            return self.before.request, self.after.request
        return None

    @property
    def differs(self) -> bool:
        """Whether the messages differ in any sent part, or only one side renders."""
        both = self.requests
        if both is None:
            return type(self.before) is not type(self.after)
        return not equal(sent(both[0]), sent(both[1]))

    @property
    def scripts_differ(self) -> bool:
        """Whether other messages are said in the turns of the case."""
        before, after = (list(map(script_of, turns)) for turns in self.turns)
        return before != after

    @property
    def breaks(self) -> bool:
        """Whether a case of the older side rendered there and no longer renders."""
        return (
            self.old
            and isinstance(self.before, TracedRequest)
            and isinstance(self.after, RenderError)
        )

    @property
    def refused(self) -> bool:
        """Whether the newer side refuses the inputs themselves."""
        return isinstance(self.after, RenderError) and bool(self.after.inputs)

    @property
    def rest(self) -> tuple[str, ...]:
        """The names of fields that differ, other than the messages."""
        both = self.requests
        if both is None:
            return ()
        return tuple(n for n in _REST if not equal(getattr(both[0], n), getattr(both[1], n)))


def render_both(before: PromptSide, after: PromptSide) -> tuple[RenderedPair, ...]:
    """The cases in the order of the newer side; then those that only the older one has.

    If the older side refuses the inputs of a new case, it renders its own case of that name
    instead, so that the change of the text is visible.
    """
    cases = len(before.prompt.cases) + len(after.prompt.cases)
    renderers = _renderer(before, cases), _renderer(after, cases)
    named = {case.name: case for case in before.prompt.cases}
    new_named = {case.name: case for case in after.prompt.cases}

    def render(name: str, case: Case, same: Case | None) -> RenderedPair:
        old = same is not None
        both = [_traced(renderer, case) for renderer in renderers]
        if not old and isinstance(both[0], RenderError) and name in named:
            both[0] = _traced(renderers[0], named[name])
        is_new = new_named.get(name) is case
        counterpart = same or named.get(name)
        turns = counterpart.turns if counterpart else (), case.turns if is_new else ()
        return RenderedPair(
            name=name, inputs=case.inputs, old=old, before=both[0], after=both[1], turns=turns
        )

    return tuple(render(*each) for each in _cases(before, after))


def error_text(side: TracedRequest | RenderError) -> str:
    """Why a side can't render, or ""; secrets are masked."""
    if isinstance(side, TracedRequest):
        return ""
    where = f" ({side.place})" if side.place is not None else ""
    text = "; ".join(problem.message for problem in side.inputs) or f"{side.message}{where}"
    return without_secrets(text)


def sent(request: Request) -> list[dict[str, Any]]:
    """The messages without the provider's cache hint, which does not affect answers."""
    return [{k: v for k, v in message.items() if k != "cache"} for message in request.messages]


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message; for other content, a description."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part.get("text") or repr(part) for part in parts)


def _cases(before: PromptSide, after: PromptSide) -> Iterator[tuple[str, Case, Case | None]]:
    """Each case once by its inputs, with its name and that of the older side with these inputs."""
    old = [case for case in before.prompt.cases if not case.unrecorded]
    new = [case for case in after.prompt.cases if not case.unrecorded]
    same = _same_cases(old, new)
    for case in new:
        yield case.name, case, same.get(id(case))
    names, shown = {case.name for case in new}, set(map(id, same.values()))
    for case in old:
        if id(case) not in shown:
            yield f"{case.name}{AS_IT_WAS}" if case.name in names else case.name, case, case


def _same_cases(old: Sequence[Case], new: Sequence[Case]) -> dict[int, Case]:
    """From the `id` of newer cases to the older one with equal inputs: of its name, or renamed.

    A renamed conversation has equal turns, too: many conversations have equal inputs.
    """
    named = {case.name: case for case in old}
    pairs = {
        id(case): named[case.name]
        for case in new
        if case.name in named and equal(named[case.name].inputs, case.inputs)
    }
    shown = set(map(id, pairs.values()))
    left = [case for case in old if id(case) not in shown]
    for case in new:
        if id(case) not in pairs and (same := _renamed(case, left)) is not None:
            pairs[id(case)] = same
            left = [each for each in left if each is not same]
    return pairs


def _renamed(case: Case, old: Iterable[Case]) -> Case | None:
    said = [turn.said for turn in case.turns]
    same = (each for each in old if equal(each.inputs, case.inputs))
    return next((each for each in same if [turn.said for turn in each.turns] == said), None)


def _renderer(side: PromptSide, cases: int) -> Renderer | RenderError:
    try:
        files = side.catalog.files
        return Renderer(side.prompt, side.catalog.load, files.data, PromptBudget(cases))
    except RenderError as error:
        return error


def _traced(renderer: Renderer | RenderError, case: Case) -> TracedRequest | RenderError:
    if isinstance(renderer, RenderError):
        return renderer
    try:
        return renderer.trace(case.inputs)
    except RenderError as error:
        return error


def uncovered(before: PromptSide, after: PromptSide, rendered: tuple[RenderedPair, ...]) -> int:
    """The number of branches on both sides that no case covers or that can't be analysed."""
    olds = [each.before for each in rendered]
    news = [each.after for each in rendered]
    return _uncovered(before, olds) + _uncovered(after, news)


def _uncovered(side: PromptSide, rendered: list[TracedRequest | RenderError]) -> int:
    traced = [result for result in rendered if isinstance(result, TracedRequest)]
    taken = frozenset[Branch]().union(*(request.branches for request in traced))
    load = side.catalog.load
    full = never_empty(uses_of(side.prompt, load), InputSchemas(side.prompt.inputs))
    found = coverage(side.prompt, load, taken, full)
    hidden = sum(map(hides_ways, side.templates))
    return found.total - found.covered + hidden + len(_never_repeated(side))


def _never_repeated(side: PromptSide) -> list[ForEach]:
    """`for_each` messages whose list is empty in every case."""
    loops = [turn for turn in side.prompt.messages if isinstance(turn, ForEach)]
    if not loops or isinstance(side.input_validator, ValueError):
        return loops
    accepted = [side.input_validator.accept(case.inputs)[0] for case in side.prompt.cases]
    return [turn for turn in loops if not any(inputs.get(turn.source) for inputs in accepted)]


# Rendered cases for people: messages side by side, with tokens and prices.

Count = Callable[[str], int]
"""Counts the tokens of a text."""


def case_diff(
    before: PromptSide, after: PromptSide, rendered: RenderedPair, count: Count
) -> CaseDiff:
    """One case with all its messages, changed and unchanged.

    Without messages if a side can't render it, because then there is nothing to compare.
    """
    sides = (rendered.before, rendered.after) if rendered.requests is not None else ()
    old, new = [_messages(each, count) for each in sides] or ([], [])
    diff = CaseDiff(
        name=rendered.name,
        messages=tuple(SeenPair(*pair) for pair in align(old, new, _role_and_text)),
        rest=rendered.rest,
        turns=tuple(_turns(*rendered.turns, count)) if sides else (),
        before_error=error_text(rendered.before),
        after_error=error_text(rendered.after),
    )
    return replace(
        diff,
        before_usd=_price(before, diff.before_tokens) if diff.messages else None,
        after_usd=_price(after, diff.after_tokens) if diff.messages else None,
    )


def _turns(old: Sequence[CaseTurn], new: Sequence[CaseTurn], count: Count) -> Iterator[TurnPair]:
    """The messages of the turns, in the order of the turns."""
    for number, (before, after) in enumerate(zip_longest(old, new), start=1):
        scripts = [script_of(turn) if turn else () for turn in (before, after)]
        sides = [[Seen(role=r, text=t, tokens=count(t)) for r, t in each] for each in scripts]
        for pair in align(sides[0], sides[1], _role_and_text):
            yield TurnPair(number, SeenPair(*pair))


def script_of(turn: CaseTurn) -> tuple[tuple[str, str], ...]:
    """Role and text of what a case says in a turn; a simulated user is described."""
    if isinstance(turn.user, SimulatedUser):
        user = turn.user
        text = f"[simulated: {user.character}; goal: {user.goal}; max-turns: {user.max_turns}]"
        return (("user", text),)
    said = () if turn.user is None else (("user", turn.user),)
    return (*said, *(("tool", f"{result.name}: {result.text}") for result in turn.results))


def _messages(side: TracedRequest | RenderError, count: Count) -> list[Seen]:
    if isinstance(side, RenderError):
        return []
    texts = [(str(message["role"]), _text(message)) for message in sent(side.request)]
    return [Seen(role=role, text=text, tokens=count(text)) for role, text in texts]


def _role_and_text(message: Seen) -> tuple[str, str]:
    return message.role, message.text


def _text(message: Mapping[str, Any]) -> str:
    """The text of a message; each part that is not text becomes a line."""
    content = message.get("content")
    lines = [content] if isinstance(content, str) else [*_parts(content or ())]
    lines += [f"[call {_json(call)}]" for call in message.get("tool_calls") or ()]
    lines += [f"[{key} {message[key]}]" for key in ("name", "tool_call_id") if key in message]
    return "\n".join(line for line in lines if line)


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        if part["type"] == "text":
            yield str(part["text"])
            continue
        rest = {key: value for key, value in part.items() if key != "type"}
        yield f"[{part['type']} {_json(rest)}]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _price(side: PromptSide, tokens: int) -> float | None:
    model = side.prompt.model
    profile = side.catalog.config.models.get(model.profile or "")
    return input_cost_usd(tokens, model.provider, model.id, profile.price if profile else None)


# Aligns messages: equal ones first, then those with the same role, in order.

M = TypeVar("M")


def align(
    old: Sequence[M], new: Sequence[M], key: Callable[[M], tuple[str, Any]]
) -> Iterator[tuple[M | None, M | None]]:
    """Pairs in order; None if a side has no counterpart.

    Args:
        key: The role and the text of a message.
    """
    for _, start, end, new_start, new_end in _matched(
        [repr(key(each)) for each in old], [repr(key(each)) for each in new]
    ):
        yield from _by_role(old[start:end], new[new_start:new_end], key)


def _by_role(
    old: Sequence[M], new: Sequence[M], key: Callable[[M], tuple[str, Any]]
) -> Iterator[tuple[M | None, M | None]]:
    olds, news = ([key(message)[0] for message in side] for side in (old, new))
    for tag, start, end, new_start, new_end in _matched(olds, news):
        if tag == "equal":
            yield from zip(old[start:end], new[new_start:new_end], strict=True)
            continue
        yield from ((message, None) for message in old[start:end])
        yield from ((None, message) for message in new[new_start:new_end])


def _matched(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


# A prompt on one side of a comparison, with its catalog.

_NEEDED = ("template", "body", "extends", "tool", "media")
_TAG = lazy_pattern(r"\{[{%].*?[%}]\}", re.DOTALL)
_NAME = lazy_pattern(r"[^\W\d]\w*")


@record(frozen=True)
class PromptSide:
    """A prompt on one side; `prompt` is the parsed prompt of `loaded`."""

    catalog: Catalog
    loaded: LoadedPrompt
    prompt: Prompt

    @cached_property
    def reached(self) -> tuple[Text, ...]:
        """The body files and partials that its messages use."""
        return self.catalog.reached(self.prompt)

    @property
    def templates(self) -> tuple[Text, ...]:
        """The texts of its messages, then all templates that they use."""
        return (*texts(self.prompt), *self.reached)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The source of each of its templates; equal prompts have the same order."""
        return tuple(text.value for text in self.templates)

    @cached_property
    def names(self) -> frozenset[str]:
        """The words in the tags of its templates, and the inputs that fill messages."""
        tags = (tag for source in self.sources for tag in _TAG.findall(source))
        turns = (
            turn.source
            for turn in self.prompt.messages
            if isinstance(turn, ForEach | ConversationHistory)
        )
        return frozenset(turns).union(*(_NAME.findall(tag) for tag in tags))

    @cached_property
    def input_validator(self) -> Inputs | ValueError:
        """The validator of inputs; the error if their schema is not valid."""
        try:
            return Inputs(self.prompt.inputs)
        except ValueError as error:
            return error

    @cached_property
    def schema_problem(self) -> str:
        """Why one of its schemas is not completely known, with the place; "" if it is."""
        for problem in self.loaded.problems:
            if problem.code in ("SCH002", "SCH003", "SEC010"):
                return f"{problem.message} ({problem.at})"
        return ""

    @cached_property
    def render_problem(self) -> str:
        """Why it can't render completely, with the place; "" if it can."""
        for reference in self.loaded.references:
            if not reference.found and reference.kind in _NEEDED:
                return f"there is no file `{reference.written}` ({reference.place})"
        for text in self.templates:
            try:
                parse(text.value)
            except TemplateError as error:
                return f"{error.message} ({text.place(error.start)})"
            for include in includes(text):
                if self.catalog.load(text.path, include.name) is None:
                    place = text.place(include.start, include.end)
                    return f"there is no template `{include.name}` ({place})"
        return ""

    @property
    def schema_files(self) -> frozenset[str]:
        """Paths of the schemas and tools that it uses."""
        kinds = ("schema", "tool")
        return frozenset(each.target for each in self.loaded.references if each.kind in kinds)
