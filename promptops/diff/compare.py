"""Compares two catalogs: the changes of each prompt, and the bump that they require.

Added and removed prompts, tools, the list of messages and metadata are compared here; modules
beside this one compare inputs, output, model, rendered requests and assertions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from promptops.analysis.schemas.steps import Steps
from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.diff.assertions import assertion_changes
from promptops.diff.changes import apply_waivers, change, equal, with_fingerprints
from promptops.diff.inputs import input_changes, with_new_names
from promptops.diff.models import long_context, model_changes
from promptops.diff.outputs import output_changes
from promptops.diff.rendering import Count, PromptSide, RenderedPair, case_diff, render_both
from promptops.diff.requests import request_changes
from promptops.diff.schemas import (
    OUTPUT_NARROWED,
    OUTPUT_WIDENED,
    Wording,
    describe,
    readable_name,
    values_of,
    without_extra_properties,
)
from promptops.json_pointer import escaped
from promptops.model.change import (
    ABSENT,
    NOT_COMPARED,
    Change,
    PromptDiff,
    Witness,
    number_of_cases,
)
from promptops.model.finding import Problem
from promptops.model.internal_error import CODE, CaughtBug, InternalError
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaPart,
    Message,
    Model,
    Prompt,
    Tool,
    Turn,
)
from promptops.model.version import Bump
from promptops.records import record, replace

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference

_PLACES_OF_TEXTS = ("/messages", "/tests")
_PLACES_OF_SCHEMAS = ("/inputs", "/output", "/tools")


@record(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """How to compare.

    Attributes:
        strict: An additional property of the output breaks its consumers.
        today: The date, for waivers and sunsets.
        count: Returns the function that counts the tokens of a model.
    """

    strict: bool = False
    today: date
    count: Callable[[Model], Count] = lambda _model: estimate


def compare(
    base: Catalog,
    head: Catalog,
    paths: Collection[str],
    changed: Collection[str],
    options: CompareOptions,
) -> Iterator[PromptDiff]:
    """Compare prompts; yields a result only for prompts with changes.

    Args:
        paths: Prompt files to compare, of either side.
        changed: All files that differ between the sides and so may cause a change.
    """
    for pair in prompt_pairs(base, head, paths):
        with CaughtBug() as bug:
            found = _diff_of_pair(pair, frozenset(changed), options)
        if bug.error is not None:
            found = _diff(pair, [not_compared(bug.error)], options)
        if found is not None:
            yield found


def _diff_of_pair(
    pair: PromptPair, changed: frozenset[str], options: CompareOptions
) -> PromptDiff | None:
    before, after = pair.before, pair.after
    if before is not None and after is not None and before.prompt and after.prompt:
        old = PromptSide(pair.base, before, before.prompt)
        new = PromptSide(pair.head, after, after.prompt)
        try:
            return _compared(pair, old, new, changed, options)
        except RecursionError:
            return _diff(
                pair, [change("CHG501", "", "it is nested too deeply to be compared")], options
            )
    if before is not None and after is not None:
        changes = unreadable(pair)
    else:
        changes = added(pair) if before is None else removed(pair)
    return _diff(pair, changes, options)


def _compared(
    pair: PromptPair,
    before: PromptSide,
    after: PromptSide,
    changed: frozenset[str],
    options: CompareOptions,
) -> PromptDiff | None:
    rendered = render_both(before, after)
    steps = Steps()
    inputs = [*input_changes(before, after, options.today, steps)]
    changes = [
        *inputs,
        *output_changes(before, after, steps, strict=options.strict),
        *tool_changes(before, after, steps),
        *model_changes(before, after),
        *message_changes(before, after),
        *request_changes(before, after, rendered, inputs),
        *assertion_changes(before, after),
        *metadata_changes(before, after),
    ]
    if not changes:
        return None
    count = options.count(after.prompt.model)
    cases = [case_diff(before, after, case, count) for case in rendered if _is_shown(case)]
    changes += long_context(before, after, cases)
    if before.prompt.status == "draft":  # no release contained it, so no caller relies on it
        changes = [each if each.path == "/status" else _of_draft(each) for each in changes]
    found = _diff(pair, with_causes(before, after, changes, changed), options)
    return replace(
        found,
        cases=tuple(cases),
        rendered=number_of_cases(case.name for case in rendered if case.requests is not None),
        via=tuple(sorted({path for change in found.changes for path in change.via})),
    )


def _is_shown(rendered: RenderedPair) -> bool:
    differs = rendered.differs or rendered.scripts_differ
    return rendered.breaks or (rendered.requests is not None and differs)


def _of_draft(found: Change) -> Change:
    """A prompt that no release contains breaks no caller and requires no bump."""
    message = f"{found.message} (a draft)"
    return replace(found, level="NEUTRAL", bump=Bump.NONE, message=message)


def with_causes(
    before: PromptSide, after: PromptSide, changes: Iterable[Change], changed: frozenset[str]
) -> list[Change]:
    """Changes with the changed files that the prompt uses and that may be the cause."""
    sides = before, after
    texts = changed.intersection(text.path for side in sides for text in side.reached)
    schemas = changed & (before.schema_files | after.schema_files)
    parents = changed.intersection(
        reference.target
        for side in sides
        for reference in side.loaded.references
        if reference.kind == "extends"
    )
    profiles = (side.catalog.config.path for side in sides if side.prompt.model.profile)
    config = changed.intersection(path for path in profiles if path)
    files = {_PLACES_OF_TEXTS: texts, _PLACES_OF_SCHEMAS: schemas, ("/model",): config}
    return [_with_cause(change, files, parents) for change in changes]


def _with_cause(
    change: Change, files: dict[tuple[str, ...], frozenset[str]], parents: frozenset[str]
) -> Change:
    own = (paths for starts, paths in files.items() if change.path.startswith(starts))
    via = (
        frozenset(parents).union(*own) if change.level != "NEUTRAL" or change.bump else frozenset()
    )
    return replace(change, via=tuple(sorted(via)))


def _diff(pair: PromptPair, changes: list[Change], options: CompareOptions) -> PromptDiff:
    marked = with_fingerprints(pair.id, changes)
    base, head = pair.base.config.diff.waivers, pair.head.config.diff.waivers
    settled = apply_waivers(marked, head, base, options.today)
    return PromptDiff(
        id=pair.id,
        path=pair.path,
        state=pair.state,
        bump=max((change.bump for change in settled), default=Bump.NONE),
        changes=settled,
        before_id=pair.before_id,
    )


def with_failed_answers(diff: PromptDiff, error: InternalError) -> PromptDiff:
    """The prompt, with a change for recorded answers that could not be compared."""
    (failed,) = with_fingerprints(diff.id, [not_compared(f"recorded answers: {error}")])
    return replace(diff, changes=(failed, *diff.changes), bump=max(diff.bump, failed.bump))


# CHG501, CHG502 and CHG504: the prompts of both sides, in pairs, and those that one side lacks.

State = Literal["added", "removed", "renamed", "changed", "unreadable"]


@record(frozen=True, slots=True, kw_only=True)
class PromptPair:
    """One prompt on both sides; None if a side lacks it.

    Attributes:
        likely: For a removed prompt, the id of an added one with the same content.
    """

    base: Catalog
    head: Catalog
    before: LoadedPrompt | None
    after: LoadedPrompt | None
    likely: str | None = None

    @property
    def id(self) -> str:
        """The newer id; the older one of a removed prompt."""
        return self._one.id

    @property
    def path(self) -> str:
        """The path of the newer file; the older one of a removed prompt."""
        return self._one.path

    @property
    def before_id(self) -> str | None:
        """The older id, if it differs."""
        if self.before is None or self.after is None or self.before.id == self.after.id:
            return None
        return self.before.id

    @property
    def state(self) -> State:
        """`unreadable` if one of the two sides can't be read."""
        if self.after is None:
            return "removed"
        if self.after.prompt is None:
            return "unreadable"
        if self.before is None:
            return "added"
        if self.before.prompt is None:
            return "unreadable"
        return "renamed" if self.before_id else "changed"

    @property
    def _one(self) -> LoadedPrompt:
        found = self.after or self.before
        assert found is not None
        return found


def prompt_pairs(base: Catalog, head: Catalog, paths: Collection[str]) -> Iterator[PromptPair]:
    """Prompts of both sides, paired by id, or else by their earlier names."""
    chosen = set(paths)
    olds = {name: path for name, path in base.paths.items() if path in chosen}
    news = {name: path for name, path in head.paths.items() if path in chosen}
    # A file may be given for one side only: the other one is found by its id.
    olds |= {name: base.paths[name] for name in news if name in base.paths}
    news |= {name: head.paths[name] for name in olds if name in head.paths}
    renamed = _renamed(news, base, head)
    olds |= {name: base.paths[name] for name in renamed}
    base.files.prefetch(olds.values())
    head.files.prefetch(news.values())
    taken = {after for after in renamed.values() if after not in base.paths}
    for name in sorted(olds.keys() | news.keys()):
        if name in taken:
            continue
        after = renamed.get(name, name)
        yield _pair(base, head, olds.get(name), news.get(after), news)


def _renamed(news: dict[str, str], base: Catalog, head: Catalog) -> dict[str, str]:
    """From each removed id to the prompt that has it as an alias."""
    found: dict[str, str] = {}
    for name, path in news.items():
        prompt = head.loaded(path).prompt
        for alias in prompt.aliases if prompt is not None else ():
            if alias in base.paths and alias not in head.paths:
                found.setdefault(alias, name)
    return found


def _pair(
    base: Catalog, head: Catalog, old: str | None, new: str | None, news: dict[str, str]
) -> PromptPair:
    before = base.loaded(old) if old is not None else None
    after = head.loaded(new) if new is not None else None
    likely = None
    if old is not None and new is None:
        blob = base.files.blob(old)
        same = (n for n, p in news.items() if n not in base.paths and head.files.blob(p) == blob)
        likely = next(same, None)
    return PromptPair(base=base, head=head, before=before, after=after, likely=likely)


def added(pair: PromptPair) -> list[Change]:
    """The change for a prompt that only the newer side has."""
    prompt = pair.after.prompt if pair.after else None
    if prompt is None:
        return _unreadable_now(pair.after)
    if prompt.status == "draft":
        return [change("CHG502", "", "a draft was added, which is not released", bump=Bump.NONE)]
    what = "variant" if prompt.extends else "prompt"
    return [change("CHG502", "", f"the {what} was added")]


def removed(pair: PromptPair) -> list[Change]:
    """The change for a prompt that only the older side has."""
    prompt = pair.before.prompt if pair.before else None
    if prompt is not None and prompt.status == "draft":
        return [change("CHG701", "", "a draft was removed, which was not released", bump=Bump.NONE)]
    moved = f"; `{pair.likely}` has the same content: give it `aliases: [{pair.id}]`"
    hint = moved if pair.likely else ""
    if prompt is not None and prompt.extends:
        return [change("CHG504", "", f"the variant was removed{hint}")]
    return [change("CHG501", "", f"the prompt was removed{hint}")]


def unreadable(pair: PromptPair) -> list[Change]:
    """A prompt that a side can't parse; if the newer side can, it counts as new."""
    if pair.after is not None and pair.after.prompt is None:
        return _unreadable_now(pair.after)
    failed = _internal_problem(pair.before)
    if failed is not None:
        return [not_compared(failed.message)]
    why = _first_problem(pair.before)
    return [change("CHG502", "", f"the earlier version can't be parsed, not compared: {why}")]


def _unreadable_now(loaded: LoadedPrompt | None) -> list[Change]:
    failed = _internal_problem(loaded)
    if failed is not None:
        return [not_compared(failed.message)]
    return [change("CHG501", "", f"it can't be parsed: {_first_problem(loaded)}")]


def _internal_problem(loaded: LoadedPrompt | None) -> Problem | None:
    problems = loaded.problems if loaded is not None else ()
    return next((each for each in problems if each.code == CODE), None)


def _first_problem(loaded: LoadedPrompt | None) -> str:
    problem = next(iter(loaded.problems), None) if loaded is not None else None
    return f"{problem.message} ({problem.at})" if problem is not None else "it is not a prompt file"


def not_compared(reason: object) -> Change:
    """The change for an internal error during the comparison."""
    return change(NOT_COMPARED, "", f"the sides were not compared: {reason}")


# CHG405 to CHG408: the tools that the model may call with arguments that the host reads.


def tool_changes(before: PromptSide, after: PromptSide, steps: Steps) -> Iterator[Change]:
    """Changes in the tools of a prompt."""
    old = {tool.name: tool for tool in before.prompt.tools}
    new = {tool.name: tool for tool in after.prompt.tools}
    for name, tool in new.items():
        if name not in old:
            yield change("CHG405", tool.at, f"the model may call `{name}`: hosts must implement it")
        else:
            problem = after.schema_problem or before.schema_problem
            yield from _changes_of_tool(old[name], tool, problem, steps)
    for name in old:
        if name not in new:
            yield change("CHG406", "/tools", f"the model can no longer call `{name}`")
    shared = [name for name in old if name in new]
    if shared != [name for name in new if name in old]:
        yield change("CHG408", "/tools", "the tools were reordered")
    yield from _tool_choice_changes(before, after)


def _changes_of_tool(old: Tool, new: Tool, problem: str, steps: Steps) -> Iterator[Change]:
    if not equal(old.parameters, new.parameters):
        found = [*_parameter_changes(old, new, problem, steps)]
        yield from found
        if not found:
            message = f"parameter descriptions of `{new.name}` changed: they are sent to the model"
            yield change("CHG209", f"{new.at}/parameters", message)
    if old.description != new.description:
        message = f"the description of `{new.name}` changed: it is sent to the model"
        facts = {"before": old.description, "after": new.description}
        yield change("CHG209", f"{new.at}/description", message, **facts)
    if old.strict != new.strict:
        message = f"`strict` of `{new.name}` changed"
        yield change("CHG408", f"{new.at}/strict", message, before=old.strict, after=new.strict)
    if not equal(old.returns, new.returns):
        yield change("CHG701", f"{new.at}/returns", f"`returns` of `{new.name}` changed")


def _parameter_changes(old: Tool, new: Tool, problem: str, steps: Steps) -> Iterator[Change]:
    path, name = f"{new.at}/parameters", new.name
    if problem:
        message = f"the parameters of `{name}` can't be compared: {problem}"
        yield change("CHG407", path, message, basis=[old.parameters, new.parameters])
        return
    from promptops.analysis.schemas.inclusion import differences  # 20 ms, and seldom needed

    widened = differences(
        without_extra_properties(new.parameters), without_extra_properties(old.parameters), steps
    )
    narrowed = differences(
        without_extra_properties(old.parameters), without_extra_properties(new.parameters), steps
    )
    for difference in widened:
        yield _widened_parameters(difference, path, old, new)
    reported = {(difference.pointer, difference.keyword, difference.name) for difference in widened}
    for difference in narrowed:
        if (difference.pointer, difference.keyword, difference.name) not in reported:
            message = f"`{name}`: {_parameter_sentence(difference, OUTPUT_NARROWED, 'was removed')}"
            facts = {"level": "BEHAVIOR", "bump": Bump.MINOR}
            yield change(
                "CHG407", f"{path}{difference.pointer}/{difference.keyword}", message, **facts
            )


def _widened_parameters(found: SchemaDifference, path: str, old: Tool, new: Tool) -> Change:
    witness = None
    if found.witness is not ABSENT:
        reason = "the older schema refuses these arguments"
        witness = Witness(kind="arguments", value=found.witness, reason=reason)
    what = _parameter_sentence(found, OUTPUT_WIDENED, "may now be passed")
    doubt = "" if found.decided else " (not proved)"
    message = f"`{new.name}`: {what}{doubt}"
    facts = values_of(found, old.parameters, new.parameters)
    if not found.decided:
        facts["basis"] = [old.parameters, new.parameters]
    at = f"{path}{found.pointer}/{found.keyword}"
    return change("CHG407", at, message, witness=witness, **facts)


def _parameter_sentence(found: SchemaDifference, wording: Wording, property_: str) -> str:
    """A sentence about a property, by its name if it has one."""
    if found.name is None:
        return describe(found, wording)
    name = readable_name(f"{found.pointer}/properties/{escaped(found.name)}", "")
    if found.keyword == "required":
        state = "may now be missing" if wording is OUTPUT_WIDENED else "is now always present"
        return f"{name} {state}"
    return f"{name} {property_}"


def _tool_choice_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    was, now = before.prompt.tool_choice, after.prompt.tool_choice
    if not equal(was, now):
        message = "`tool_choice` changed"
        yield change("CHG408", "/tool_choice", message, before=was, after=now)
    key = "parallel_tool_calls"
    was, now = (side.prompt.model.params.get(key, ABSENT) for side in (before, after))
    if not equal(was, now):
        message = "`parallel_tool_calls` changed"
        yield change("CHG408", f"/model/params/{key}", message, before=was, after=now)


# CHG306 and CHG307: the messages of a prompt, and the data that callers pass into them.


def message_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes in the list of messages."""
    old, new = ([_turn_summary(turn) for turn in side.prompt.messages] for side in (before, after))
    if old != new:
        facts = {"before": ", ".join(old), "after": ", ".join(new)}
        yield change("CHG306", "/messages", _message_list_change(old, new), **facts)
    _, moved = with_new_names(before.prompt.inputs, after.prompt.inputs)
    remaining = _caller_data(after.prompt, moved)
    for slot, path in _caller_data(before.prompt, {}).items():
        if slot not in remaining:
            yield change("CHG307", path, f"{slot} no longer reaches the model")
    if old == new and _cache_marks(before.prompt) != _cache_marks(after.prompt):
        message = "the messages to be cached by the provider changed"
        yield change("CHG701", "/messages", message)


def _turn_summary(turn: Turn) -> str:
    """A message in a few words: its role, or the input it comes from."""
    if isinstance(turn, ConversationHistory):
        return f"history {turn.source}" + (f" (the last {turn.last})" if turn.last else "")
    if isinstance(turn, ForEach):
        roles = " and ".join(message.role for message in turn.messages)
        return f"for each of {turn.source}: {roles}"
    return turn.role


def _message_list_change(old: list[str], new: list[str]) -> str:
    if sorted(old) == sorted(new):
        return "the messages were reordered"
    if len(old) == len(new):
        return "messages have another role or come from another input"
    return "messages were added" if len(new) > len(old) else "messages were removed"


def _caller_data(prompt: Prompt, earlier: Mapping[str, str]) -> Mapping[str, str]:
    """Data that callers pass on to the model, under the earlier names of the inputs."""
    found: dict[str, str] = {}
    for turn in prompt.messages:
        if isinstance(turn, ConversationHistory):
            found[f"the conversation `{earlier.get(turn.source, turn.source)}`"] = turn.at
        for message in _messages_of_turn(turn):
            for part in message.parts:
                if isinstance(part, MediaPart) and part.origin == "input":
                    found[f"the {part.kind} `{earlier.get(part.value, part.value)}`"] = part.at
    return found


def _messages_of_turn(turn: Turn) -> tuple[Message, ...]:
    if isinstance(turn, ForEach):
        return turn.messages
    return (turn,) if isinstance(turn, Message) else ()


def _cache_marks(prompt: Prompt) -> list[bool]:
    return [message.cache for turn in prompt.messages for message in _messages_of_turn(turn)]


# CHG501, CHG502, CHG701 and CHG702: metadata of a prompt, and its names.

_METADATA_FIELDS = (
    "title",
    "description",
    "owners",
    "tags",
    "metadata",
    "budget",
    "replaced_by",
    "sunset",
)


def metadata_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes of a prompt that the model never receives."""
    old, new = before.prompt, after.prompt
    for name in _METADATA_FIELDS:
        was, now = getattr(old, name), getattr(new, name)
        if not equal(was, now):
            facts = {"before": _as_list(was), "after": _as_list(now)}
            yield change("CHG701", f"/{name}", f"`{name}` differs", **facts)
    if old.status != new.status:
        yield _status_change(before, after)
    yield from _name_changes(before, after)


def _as_list(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _status_change(before: PromptSide, after: PromptSide) -> Change:
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


def _name_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
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
