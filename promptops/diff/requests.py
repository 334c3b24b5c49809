"""CHG301 to CHG305, CHG308 to CHG311 and CHG503: the rendered requests and their templates.

If all cases render the same text, the templates decide: whether they are equivalent, and whether
the cases cover them. Sentences that oblige or forbid are compared by themselves.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from promptops.diff.changes import OWN_POLICY, change, equal
from promptops.diff.rendering import (
    PromptSide,
    RenderedPair,
    align,
    error_text,
    sent,
    text_of,
    uncovered,
)
from promptops.diff.sentences import Force, Sentence, Words, forbids, sentences
from promptops.model.change import Change, Witness
from promptops.model.place import Text
from promptops.model.prompt import ForEach, MediaPart, Message, Request, TextPart
from promptops.model.version import Bump
from promptops.patterns import lazy_pattern
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, parse
from promptops.runtime.template.template_program import targets
from promptops.runtime.template.text_rendering import Load

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
    differing = [kind for both in pairs for kind in _kinds_of_change(*both)]
    total = sum(pair.requests is not None for pair in rendered)
    yield from _observed_changes(differing, len(pairs), total, (before, after))
    if not pairs and not failing and not after.render_problem:
        yield from _template_changes(before, after, rendered, total)


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


def _kinds_of_change(old: Request, new: Request) -> Iterator[tuple[str, str]]:
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
        elif was and now and _without_white_space(was) == _without_white_space(now):
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


def _without_white_space(message: Sent) -> tuple[str, str]:
    rest = {key: value for key, value in message.items() if key != "content"}
    return "".join(text_of(message).split()), repr(rest)


def _observed_changes(
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
        yield change(
            code, "/messages", f"{_OBSERVED_MESSAGES[code].format(roles=roles)} {where}", **facts
        )


_OBSERVED_MESSAGES = {
    "CHG301": "the {roles} text differs",
    "CHG302": "white space of the {roles} text differs",
    "CHG308": "the few-shot examples differ",
    "CHG309": "the beginning of the answer differs",
}


def _template_changes(
    before: PromptSide, after: PromptSide, rendered: tuple[RenderedPair, ...], total: int
) -> Iterator[Change]:
    """Changes of templates that do not change the text of any case."""
    sameness = _templates_sameness(before, after)
    if sameness == "form":
        yield change("CHG305", "/messages", "the templates differ only in formatting")
    elif sameness == "moved":
        yield change("CHG503", "/messages", "a partial moved; its content is the same")
    elif sameness == "different":
        yield _coverage_change(before, after, rendered, total)


def _coverage_change(
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


def _templates_sameness(before: PromptSide, after: PromptSide) -> Sameness:
    """Compare all templates of the messages; `different` if one was added or removed.

    Added and moved messages are reported as such (CHG306), so they are left out here.
    """
    old, new = _templates_by_purpose(before), _templates_by_purpose(after)
    if [key for key, _ in old] != [key for key, _ in new]:
        return "different"
    found: list[Sameness] = ["equal"]
    for (_, was), (_, now) in zip(old, new, strict=True):
        found.append(_compared(was, now, before, after))
    return max(found, key=_SAMENESS_ORDER.index)


_SAMENESS_ORDER: list[Sameness] = ["equal", "form", "moved", "different"]


def _compared(was: Text, now: Text, before: PromptSide, after: PromptSide) -> Sameness:
    return compare_templates(was, before.catalog.load, now, after.catalog.load)


def _templates_by_purpose(side: PromptSide) -> list[tuple[str, Text]]:
    """Every template and every `when` with a key for its purpose."""
    found: list[tuple[str, Text]] = []
    for turn in side.prompt.messages:
        if isinstance(turn, ForEach):
            for message in turn.messages:
                found += _templates_of_message(side, message, f"{turn.source} as {turn.name}: ")
        elif isinstance(turn, Message):
            found += _templates_of_message(side, turn, "")
    return found


def _templates_of_message(
    side: PromptSide, message: Message, prefix: str
) -> Iterator[tuple[str, Text]]:
    calls = [dict(call) for call in message.tool_calls]
    what = f"{prefix}{message.role} {message.name} {message.plain} {message.tool_call_id} {calls}"
    if not message.parts:
        yield what, Text(message.at, "", lambda _: (1, 1))
    if message.when is not None:
        yield f"{what} when", _template_of_when(message.when)
    for part in message.parts:
        if part.when is not None:
            yield f"{what} part when", _template_of_when(part.when)
        if isinstance(part, TextPart):
            yield what, part.text
        elif isinstance(part, MediaPart):
            content = side.catalog.files.blob(part.value) if part.origin == "file" else part.value
            media = f"{part.kind} {part.origin} {content} {part.detail} {part.title}"
            yield f"{what} {media}", Text(part.at, "", lambda _: (1, 1))


def _template_of_when(when: Text) -> Text:
    """A template that renders text exactly where a `when` holds."""
    return Text(when.path, f"{{% if {when.value} %}}x{{% endif %}}", when.locate)


# Whether two templates are equivalent.

Sameness = Literal["equal", "form", "moved", "different"]
"""`equal`: all characters of both and of all they use. `form`: only the formatting differs.
`moved`: they name other files with the same content. `different`, or not proved."""

MAX_LOADED_TEMPLATES = 2_000
"""Limit for templates loaded in one comparison; above it the result is `different`."""

_Loads = tuple[Load, Load]
_TextPair = tuple[Text, Text]
_FILE_TAGS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@record(frozen=True, slots=True)
class _TemplateShape:
    """The meaning of a template, apart from the files it names.

    Attributes:
        parts: Its syntax tree without places, as one string.
        named: For each tag that names files, in order, the names; the first existing one is used.
    """

    parts: str
    named: tuple[tuple[str, ...], ...]


def compare_templates(before: Text, load_before: Load, after: Text, load_after: Load) -> Sameness:
    """Compare the texts of two messages, and all that they include, import and extend.

    Unless the result is `different`, both render the same text, or both fail, for all inputs. Two
    things are ignored: trailing newlines, which every message loses, and the limits of work.
    Never raises: two templates that can't be parsed are equal if their sources are.
    """
    loads = load_before, load_after
    moved, rewritten, left = False, before.value != after.value, MAX_LOADED_TEMPLATES
    waiting = [(_as_sent(before), _as_sent(after))]
    seen: set[tuple[str, str, str, str]] = set()
    while waiting:
        one, other = waiting.pop()
        old, new = _template_shape(one.value), _template_shape(other.value)
        left -= len(old.named)
        reached = _loaded_pairs((one, other), loads, (old, new)) if left >= 0 else None
        if reached is None:
            return "different"
        rewritten = rewritten or one.value != other.value
        moved = moved or old.named != new.named
        # Recursive templates are equal if nothing in the cycle differs.
        fresh = {_pair_key(pair): pair for pair in reached if _pair_key(pair) not in seen}
        seen.update(fresh)
        waiting.extend(fresh.values())
    return "moved" if moved else "form" if rewritten else "equal"


def _as_sent(text: Text) -> Text:
    # No tag covers the newlines after it, so cutting them first gives the same result.
    return replace(text, value=text.value.rstrip("\n"))


def _pair_key(pair: _TextPair) -> tuple[str, str, str, str]:
    one, other = pair
    return one.path, one.value, other.path, other.value


def _loaded_pairs(
    pair: _TextPair, loads: _Loads, shapes: tuple[_TemplateShape, _TemplateShape]
) -> list[_TextPair] | None:
    """Pairs of the templates that the tags of both sides load; None if the sides differ."""
    old, new = shapes
    if old.parts != new.parts:
        return None
    found: list[_TextPair] = []
    for names, other_names in dict.fromkeys(zip(old.named, new.named, strict=True)):
        one = _first_loaded(loads[0], pair[0].path, names)
        other = _first_loaded(loads[1], pair[1].path, other_names)
        if one is not None and other is not None:
            found.append((one, other))
        elif one is not other or names != other_names:
            return None
    return found


def _first_loaded(load: Load, path: str, names: Sequence[str]) -> Text | None:
    return next((text for name in names if (text := load(path, name)) is not None), None)


@lru_cache(maxsize=512)
def _template_shape(source: str) -> _TemplateShape:
    try:
        tree = parse(source).tree
        named = [node for node in _tree_parts(tree) if isinstance(node, _FILE_TAGS)]
        names = tuple(tuple(targets(node.template)) for node in named)
    except TemplateError:
        return _TemplateShape(f"unreadable {source!r}", ())
    return _TemplateShape("\n".join(_text_of_tree_part(part) for part in _tree_parts(tree)), names)


def _tree_parts(tree: nodes.Node) -> Iterator[Any]:
    """Nodes, lists and values of a tree in order, without places and names of files."""
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            part = _without_outputs(part)
            waiting.extend(reversed(part))
        elif isinstance(part, nodes.Node):
            named = part.template if isinstance(part, _FILE_TAGS) else None
            waiting.extend(each for each in reversed([*part.parts()]) if each is not named)
        yield part


def _without_outputs(body: Sequence[Any]) -> tuple[Any, ...]:
    """Statements with each `Output` replaced by its parts, and adjacent texts joined."""
    parts: list[Any] = []
    for node in body:
        for part in node.nodes if isinstance(node, nodes.Output) else (node,):
            last = parts[-1] if parts else None
            if isinstance(part, nodes.TemplateData) and isinstance(last, nodes.TemplateData):
                parts[-1] = nodes.TemplateData(last.at, last.data + part.data)
            else:
                parts.append(part)
    return tuple(parts)


def _text_of_tree_part(part: Any) -> str:
    """A list as its length, a node as its type, a value as its repr: `1` is not `1.0`."""
    if isinstance(part, tuple):
        return f"[{len(part)}"
    return type(part).__name__ if isinstance(part, nodes.Node) else repr(part)


# CHG311: obligations and prohibitions of one side that the other lacks or reverses.

_TAG_OR_COMMENT = lazy_pattern(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VALUE_TAG = lazy_pattern(r"\{\{.*?\}\}", re.DOTALL)
_ANY_VALUE = "…"
"""Placeholder for a value in a sentence of a template."""

_LOSS_PHRASES = {
    "gone": "was removed",
    "reversed": "was reversed",
    "weakened": "was weakened",
    "reworded": "was reworded",
}


def obligation_changes(
    before: PromptSide, after: PromptSide, rendered: Sequence[RenderedPair]
) -> Iterator[Change]:
    """One change per lost sentence, as a case renders it or else as the templates contain it.

    Templates are compared, too, because a guardrail can be lost in text that no case renders.
    A change can't lower its own policy: it is a risk if the settings of either side make it one.
    """
    settings = {side.catalog.config.diff.obligations for side in (before, after)}
    risk = "a guardrail was removed or reworded" if "risk" in settings else ""
    reported: list[str] = []
    for pair in rendered:
        if pair.differs and pair.requests is not None:
            old, new = ([text_of(message) for message in sent(r)] for r in pair.requests)
            yield from _not_yet_reported(lost_obligations(old, new), reported, risk)
    if before.sources != after.sources:
        old, new = ([_without_tags(source) for source in side.sources] for side in (before, after))
        yield from _not_yet_reported(lost_obligations(old, new), reported, risk)


def _not_yet_reported(
    losses: Sequence[LostObligation], reported: list[str], risk: str
) -> Iterator[Change]:
    for loss in losses:
        if not any(_is_same_sentence(loss.before, sentence) for sentence in reported):
            reported.append(loss.before)
            facts = {} if loss.after is None else {"after": loss.after}
            message = f"an obligation {_LOSS_PHRASES[loss.how]}"
            yield change("CHG311", "/messages", message, before=loss.before, risk=risk, **facts)


def _without_tags(source: str) -> str:
    """A template without tags; a placeholder replaces each value."""
    return _VALUE_TAG.sub(_ANY_VALUE, _TAG_OR_COMMENT.sub(" ", source))


def _is_same_sentence(sentence: str, rendered: str) -> bool:
    """Whether a sentence of a template equals a rendered one."""
    if sentence == rendered:
        return True
    parts = [re.escape(part) for part in sentence.split(_ANY_VALUE)]
    return len(parts) > 1 and re.fullmatch(".*".join(parts), rendered, re.DOTALL) is not None


LossKind = Literal["gone", "reversed", "reworded", "weakened"]

MIN_SIMILARITY = 0.5
"""Sentences with at least this share of common words are rewordings of each other."""
MAX_RARE_WORDS, MAX_HOLDERS, MAX_CANDIDATES = 8, 32, 6
"""Limits: rare words of a sentence, sentences that contain one, and candidates compared."""


@record(frozen=True, slots=True, kw_only=True)
class LostObligation:
    """A sentence that obliges or forbids, and is missing on the other side.

    Attributes:
        before: The sentence with white space collapsed; a list item without its bullet.
        after: The nearest sentence of the other side; None if it was removed.
        how: `weakened` with less force or an exception; `reworded` with the same force.
    """

    before: str
    after: str | None
    how: LossKind


def lost_obligations(before: Sequence[str], after: Sequence[str]) -> tuple[LostObligation, ...]:
    """The lost sentences of a request, each once, in the order of `before`.

    A sentence is not lost if it moved, became stricter, or differs only in white space, lists,
    Markdown, case, punctuation, contractions, number format or a typo. Takes linear time.
    """
    olds = [sentence for text in dict.fromkeys(before) for sentence in sentences(text)]
    news = [sentence for text in dict.fromkeys(after) for sentence in sentences(text)]
    known = {sentence.words for sentence in olds}
    present = {words for sentence in news for words in (sentence.words, *sentence.lines)}
    # A comma that became a full stop splits a sentence.
    present |= {one.words + other.words for one, other in pairwise(news)}
    missing = {
        sentence.words: sentence
        for sentence in olds
        if sentence.words not in present and not present.issuperset(sentence.lines)
    }
    forces = [(sentence, sentence.force) for sentence in missing.values()]
    # The items below a bare `Never:` are compared themselves.
    binding = [(sentence, force) for sentence, force in forces if force.strength and force.content]
    if not binding:
        return ()
    others = _SentenceIndex([sentence for sentence in news if sentence.words not in known])
    found = (_loss_of(sentence, force, others) for sentence, force in binding)
    return tuple(each for each in found if each is not None)


def _loss_of(sentence: Sentence, force: Force, others: _SentenceIndex) -> LostObligation | None:
    nearest = others.nearest(force)
    if nearest is None:
        return LostObligation(before=sentence.text, after=None, how="gone")
    other, new = nearest
    how = _loss_kind(force, new)
    stricter = new.strength > force.strength and new.content == force.content
    if how == "reworded" and (stricter or _is_slip(sentence.words, other.words)):
        return None
    return LostObligation(before=sentence.text, after=other.text, how=how)


def _loss_kind(old: Force, new: Force) -> LossKind:
    bounds = [(bound in old.kinds) != (bound in new.kinds) for bound in ("most", "least")]
    if forbids(old.kinds) != forbids(new.kinds) or all(bounds):
        return "reversed"
    if new.strength < old.strength or new.softeners - old.softeners:
        return "weakened"
    return "reworded"


def _is_slip(old: Words, new: Words) -> bool:
    """Whether two sentences differ only by typos in long words."""
    if len(old) != len(new):
        return False
    return all(
        one == other or _is_spelling(one, other) for one, other in zip(old, new, strict=True)
    )


def _is_spelling(one: str, other: str) -> bool:
    """Accepts `seperate`, `separate`; not `employer`, `employee` or `include`, `exclude`."""
    one, other = one.removesuffix("s"), other.removesuffix("s")
    shorter = min(len(one), len(other))
    if shorter < 7 or max(len(one), len(other)) > 30 or not (one + other).isalpha():
        return False
    if one[:3] != other[:3] or one[-1] != other[-1]:
        return False
    if shorter < 8 and sorted(one) != sorted(other):
        return False
    return _edits(one, other) <= (2 if shorter >= 10 else 1)


def _edits(one: str, other: str) -> int:
    """The number of letters added, removed, replaced, or swapped with a neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (left != right)))
            if i > 1 and j > 1 and left == other[j - 2] and right == one[i - 2]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


class _SentenceIndex:
    """The new sentences of the other side, indexed by their words."""

    def __init__(self, sentences: list[Sentence]) -> None:
        self.sentences = [(sentence, sentence.force) for sentence in sentences]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for index, (_, force) in enumerate(self.sentences):
            for word in dict.fromkeys(force.content):
                self._holders[word].append(index)

    def nearest(self, force: Force) -> tuple[Sentence, Force] | None:
        """The most similar sentence, the first of several; None if none is similar enough."""
        wanted = frozenset(force.content)
        indexed = sorted((word for word in wanted if word in self._holders), key=self._rarity)
        counts = Counter(
            i for word in indexed[:MAX_RARE_WORDS] for i in self._holders[word][:MAX_HOLDERS]
        )
        likely = sorted(counts, key=lambda index: (-counts[index], index))[:MAX_CANDIDATES]
        scored = [
            (_similarity(wanted, frozenset(self.sentences[i][1].content)), -i) for i in likely
        ]
        best, index = max(scored, default=(0.0, 0))
        return self.sentences[-index] if best >= MIN_SIMILARITY else None

    def _rarity(self, word: str) -> tuple[int, str]:
        return len(self._holders[word]), word


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    # One sentence may have been joined with another, or split.
    within = MIN_SIMILARITY if shared > 1 and shared == min(len(one), len(other)) else 0.0
    return max(2 * shared / (len(one) + len(other)), within)
