"""The mutants of one prompt or shared partial: each tried on the cases, with what to assert."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from promptops.analysis.secrets import masked, without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.mutate.operators import prompt_edits, template_text, text_edits
from promptops.commands.mutate.tested_prompt import (
    Effect,
    Observation,
    PromptEdit,
    Source,
    TemplateText,
    TestedPrompt,
    TextEdit,
    Variant,
    reworded_includes,
    reworded_prompt,
    reworded_text,
    shortened,
    with_span,
)
from promptops.evals.subject import text_of
from promptops.model.internal_error import CaughtBug
from promptops.model.mutant import OPERATORS, Mutant, MutationRow, Operator
from promptops.model.place import Offsets, Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace
from promptops.runtime.template.template import TemplateError, is_template, parse
from promptops.testing.plan import with_hint


@record(frozen=True, slots=True, kw_only=True)
class TriedMutant:
    """A mutant, and each prompt that it breaks.

    Attributes:
        variants: With the cases of the prompt.
    """

    mutant: Mutant
    variants: tuple[tuple[TestedPrompt, Variant], ...] = ()


@record(slots=True, kw_only=True)
class RowTrials:
    """What is known of a row so far.

    Attributes:
        is_ignored: Whether a comment leaves out a place.
        is_changed: Whether a changed line contains a place.
        tested: The prompts whose cases are tried, by id.
        failure: The bug of promptops that prevented some mutants, or "".
    """

    name: str
    place: Place
    partial: bool = False
    catalog: Catalog
    operators: Sequence[Operator]
    is_ignored: Callable[[Place], bool]
    is_changed: Callable[[Place], bool]
    tested: dict[str, TestedPrompt] = field(default_factory=dict)
    mutants: list[TriedMutant] = field(default_factory=list)
    equivalent: int = 0
    ignored: int = 0
    failure: str = ""

    def add_text(self, source: Source) -> None:
        """Try all ways to break a text; without a case, all are unseen."""
        self.tested |= {user.prompt.id: user for user in source.users}
        if not all(user.left_out for user in source.users):
            with self._noted_bugs():
                self._add_text(source)

    def add_prompt(self, tested: TestedPrompt) -> None:
        """Try all ways to break a prompt other than in its texts."""
        self.tested[tested.prompt.id] = tested
        if not tested.left_out:
            with self._noted_bugs():
                self._add_prompt(tested)

    @contextmanager
    def _noted_bugs(self) -> Iterator[None]:
        with CaughtBug() as bug:
            yield
        if bug.error is not None:
            problem = bug.error.problem(self.place)
            self.failure = with_hint(problem.message, problem.hint)

    def _add_text(self, source: Source) -> None:
        prepared = _prepared(source)
        for operator, edit in text_edits(prepared, self.operators) if prepared else ():
            place = _place_of_edit(source, edit)
            if self.is_ignored(place):
                self.ignored += 1
            elif (trial := try_text(source, operator, edit)) is not None:
                self._add_text_mutant(source, operator, edit, trial)

    def _add_prompt(self, tested: TestedPrompt) -> None:
        for operator, edit in prompt_edits(tested.prompt, self.catalog, self.operators):
            if edit.place.path != tested.prompt.path:
                continue  # it is inherited, and belongs to the prompt that has it
            if self.is_ignored(edit.place):
                self.ignored += 1
            else:
                self._add_prompt_mutant(tested, operator, edit, try_prompt(tested, edit))

    def _add_text_mutant(
        self, source: Source, operator: Operator, edit: TextEdit, trial: Observation
    ) -> None:
        mutant = self._mutant(
            trial,
            operator=operator,
            place=_place_of_edit(source, edit),
            before=source.text.value[edit.start : edit.end],
            after=edit.after,
            change=edit.change,
            suggestion=lambda: suggestion(source, operator, edit),
        )
        if mutant is not None:
            text = with_span(source.text, edit.start, edit.end, edit.after)
            variants = ((user, source.variant(user, text)) for user in source.users)
            self._keep(mutant, variants)

    def _add_prompt_mutant(
        self, tested: TestedPrompt, operator: Operator, edit: PromptEdit, trial: Observation
    ) -> None:
        place = _whole_place(self.catalog, edit)
        mutant = self._mutant(
            trial,
            operator=operator,
            place=place,
            before=_written(self.catalog, place),
            after=edit.after,
            change=edit.change,
            suggestion=lambda: edit.suggestion,
        )
        if mutant is not None:
            self._keep(mutant, [(tested, Variant(edit.prompt, tested.original.load))])

    def _keep(self, mutant: Mutant, variants: Iterable[tuple[TestedPrompt, Variant]]) -> None:
        """Variants are needed again only where a model could notice more."""
        kept = tuple(variants) if mutant.status == "survived" or mutant.quoted else ()
        self.mutants.append(TriedMutant(mutant=mutant, variants=kept))

    def _mutant(
        self,
        trial: Observation,
        *,
        operator: Operator,
        place: Place,
        before: str,
        after: str,
        change: str,
        suggestion: Callable[[], str],
    ) -> Mutant | None:
        """The mutant; None for an equivalent one, which is counted."""
        status = trial.status
        if status is None:
            self.equivalent += 1
            return None
        data = self.catalog.files.data(place.path) or b""
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        masks = self.catalog.masked(place.path).text != text
        shown: Callable[[str], str] = (lambda text: masked(text).text) if masks else str
        return Mutant(
            operator=operator,
            place=place,
            before=shown(before),
            after=shown(after),
            change=shown(change),
            status=status,
            by=trial.kill,
            suggestion=shown(suggestion()) if status == "survived" else "",
            in_changed_lines=self.is_changed(place),
            source_line=self.catalog.masked_line(place.path, place.line),
        )

    @property
    def result(self) -> MutationRow:
        """The row for reports."""
        users = [self.tested[identity] for identity in sorted(self.tested)]
        cases = sum(len(user.cases) for user in users)
        mutants = sorted(
            (tried.mutant for tried in self.mutants),
            key=lambda mutant: (mutant.place, OPERATORS.index(mutant.operator)),
        )
        return MutationRow(
            name=self.name,
            partial=self.partial,
            prompts=tuple(user.prompt.id for user in users if user.cases),
            cases=cases,
            mutants=tuple(mutants),
            failing=0 if self.partial else sum(user.failing for user in users),
            equivalent=self.equivalent,
            ignored=self.ignored,
            nothing=self.failure or self._why_nothing(users, cases),
            internal=bool(self.failure),
            place=self.place,
        )

    def _why_nothing(self, users: Sequence[TestedPrompt], cases: int) -> str:
        if not any(user.prompt.cases for user in users):
            return "there are no test cases: nothing was tested"
        if all(user.left_out for user in users):
            return "none of its test cases is named by `--case`"
        if not cases:
            why = next(filter(None, (user.unretrieved for user in users)), "")
            shown = why or "`promptops test` shows why"
            return f"no test case can be rendered and checked: {shown}"
        if self.mutants or self.equivalent or self.ignored:
            return ""
        return "nothing in it can be broken with these operators"


def _prepared(source: Source) -> TemplateText | None:
    if source.is_expression:
        return TemplateText(text=source.text, is_expression=True)
    return template_text(source.text)


def _place_of_edit(source: Source, edit: TextEdit) -> Place:
    """The place of a span, without white space around it."""
    written = source.text.value[edit.start : edit.end]
    start = edit.start + len(written) - len(written.lstrip())
    end = edit.start + len(written.rstrip())
    return source.text.place(start, max(end, start + 1))


def _whole_place(catalog: Catalog, edit: PromptEdit) -> Place:
    """The place of an edit, up to the last line of what it drops."""
    if not edit.dropped:
        return edit.place
    document = catalog.document(edit.place.path)
    first, last = document.whole(edit.dropped[0]), document.whole(edit.dropped[-1])
    if (first.line, first.column) != (edit.place.line, edit.place.column):
        return edit.place
    return replace(first, end_line=last.end_line, end_column=last.end_column)


def _written(catalog: Catalog, place: Place) -> str:
    """The characters of a place."""
    last = max(place.line, place.end_line)
    lines = [catalog.line(place.path, number) for number in range(place.line, last + 1)]
    if len(lines) == 1:
        return lines[0][place.column - 1 : place.end_column - 1]
    lines[0], lines[-1] = lines[0][place.column - 1 :], lines[-1][: place.end_column - 1]
    return "\n".join(lines)


# Try one mutant on the cases of all prompts that use its text.


def try_text(source: Source, operator: Operator, edit: TextEdit) -> Observation | None:
    """Replace a span of a text; None if that is not a valid template any more."""
    text = with_span(source.text, edit.start, edit.end, edit.after)
    if not source.is_expression and is_template(text.value):
        try:
            parse(text.value)
        except TemplateError:
            return None
    found = _observed(source, operator, edit, text)
    if found.kill is not None or found.effect is not Effect.NONE:
        return found
    # Nothing changed: is the text not rendered, or is the change without an effect?
    poison = with_span(source.text, edit.start, edit.end, edit.poison)
    poisoned = _observed(source, operator, edit, poison)
    return replace(found, seen=poisoned.effect is not Effect.NONE)


def _observed(source: Source, operator: Operator, edit: TextEdit, text: Text) -> Observation:
    """The first kill by behaviour, or else the first quote and the largest effect, of all users."""
    effect, quote = Effect.NONE, None
    for user in source.users:
        variant = source.variant(user, text)
        found = user.observe(variant, _reworded(source, user, operator, edit, variant))
        if found.kill is not None and not found.kill.quotes:
            return found
        effect, quote = max(effect, found.effect), quote or found.kill
    return Observation(effect, quote)


def _reworded(
    source: Source, user: TestedPrompt, operator: Operator, edit: TextEdit, broken: Variant
) -> Variant | None:
    """The prompt of a user with other words at the place of an edit; None if it has no words."""
    if operator in ("value", "condition", "loop"):
        return None
    if operator == "obligation":
        return broken  # it changes nothing but words
    if operator == "include":
        return reworded_includes(user.original)
    reworded = source.variant(user, reworded_text(source.text, edit.start, edit.end))
    has_tags = "{%" in source.text.value[edit.start : edit.end]
    return reworded_includes(reworded) if has_tags else reworded


def try_prompt(tested: TestedPrompt, edit: PromptEdit) -> Observation:
    """Try a broken prompt; if the request shows nothing to assertions, with its witness."""
    variant = Variant(edit.prompt, tested.original.load)
    if edit.on_request:
        reworded = reworded_prompt(tested.original, edit.dropped)
    else:
        reworded = Variant(edit.reworded or edit.prompt, tested.original.load)
    found = tested.observe(variant, reworded)
    kill = found.kill
    if (kill is None or kill.quotes) and edit.witness is not None:
        kill = tested.refuses(edit.prompt, edit.witness) or kill
    return replace(found, kill=kill, seen=found.effect is not Effect.NONE)


# What to assert, so that a mutant is noticed.

_VALUE_TAG = lazy_pattern(r"\{\{.*?\}\}", re.DOTALL)
_TEMPLATE_TAG = lazy_pattern(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_TEMPLATE_TAG_OR_LINE_END = lazy_pattern(r"\{[{%#].*?[}%#]\}|\n", re.DOTALL)
_LONGEST_VALUE = 60


def suggestion(source: Source, operator: Operator, edit: TextEdit) -> str:
    """A sentence with code in backticks; a rule is tested by what the answer is, first."""
    text = source.text.value
    if operator in ("condition", "loop"):
        written = shortened(text[edit.start : edit.end])
        return f"a case in which `{written}` differs, with an assertion on its text"
    if operator == "value":
        return _on_request(source, *_printed_value(source, edit))
    answer = f"{_on_answer(_rule(text, operator, edit))} below `output`, tried with `--live`"
    value, case = _value_in_rule(source, operator, edit)
    if value:
        return f"{answer}; or on the value, {_on_request(source, value, case)}"
    if operator == "include":
        quote = _on_request(source, *_printed_value(source, edit))
    else:
        quote = _on_request(source, _literal_value(text, edit))
    return f"{answer}; or, as a quote, {quote}"


def _on_request(source: Source, value: str, case: str = "") -> str:
    if not value.strip():
        return "an assertion below `rendered` on the text that it adds"
    roles = source.roles(source.users[0]) if source.users else ()
    role = f"role: {roles[0]}, " if roles else ""
    written = json.dumps(value, ensure_ascii=False)
    of_case = f" of `{case}`" if case else ""
    return f"`{{type: contains, {role}value: {written}}}` below `rendered`{of_case}"


def _rule(text: str, operator: Operator, edit: TextEdit) -> str:
    """The words of the rule that an edit breaks; "" where they are in another file."""
    if operator == "include":
        return ""
    start, end = edit.subject or (edit.start, edit.end)
    return " ".join(text[start:end].split())


_MOST = lazy_pattern(
    r"(?i)\b(?:most|more than|maximum|höchstens|maximal)\b\D{0,20}?(\d+) (word|wört|char|zeichen)"
)
_WORD_JSON = lazy_pattern(r"\bJSON\b")
_LONGEST_RULE = 200  # characters; a suggestion is copied, so it is never cut


def _on_answer(rule: str) -> str:
    """An assertion on the answer that may hold only where the rule is kept."""
    if _WORD_JSON.search(rule):
        return "`{type: is-json}`"
    if (most := _MOST.search(rule)) is not None:
        if most[2].lower() in ("word", "wört"):
            return f"`{{type: word-count, value: {{max: {most[1]}}}}}`"
        return f"`{{type: max-chars, value: {most[1]}}}`"
    if not rule or "{" in rule:
        return "an assertion on what the answer must then be"
    words = " ".join(rule.split())
    if len(words) > _LONGEST_RULE:
        return "an `llm-rubric` about this rule"
    criterion = json.dumps(f"The answer keeps to: {words}", ensure_ascii=False)
    return f"`{{type: llm-rubric, value: {criterion}}}`"


def _literal_value(text: str, edit: TextEdit) -> str:
    """The literal part of a template with the replaced words, else the longest one."""
    start, end = edit.subject or (edit.start, edit.end)
    changed = max(edit.start, start), min(edit.end, end)
    lines = _literal_parts(_TEMPLATE_TAG_OR_LINE_END, text, start, end)
    for part in (*lines, *_literal_parts(_TEMPLATE_TAG, text, start, end)):
        if part[0] <= changed[0] and changed[1] <= part[1]:
            return _window(text, part, changed)
    longest = max(lines, key=lambda part: part[1] - part[0], default=(start, end))
    return _window(text, longest, changed)


def _literal_parts(between: re.Pattern[str], text: str, start: int, end: int) -> list[Offsets]:
    """The parts of a span, without the white space around them."""
    tags = [match.span() for match in between.finditer(text, start, end)]
    starts = [start, *(after for _, after in tags)]
    ends = [*(before for before, _ in tags), end]
    return [_stripped(text, span) for span in zip(starts, ends, strict=True)]


def _stripped(text: str, span: Offsets) -> Offsets:
    written = text[slice(*span)]
    start = span[0] + len(written) - len(written.lstrip())
    return start, max(start, span[0] + len(written.rstrip()))


def _window(text: str, part: Offsets, changed: Offsets) -> str:
    """Of a long part, whole words around what changed, or at its start if that is long, too."""
    start, end = part
    first, last = max(changed[0], start), min(changed[1], end)
    if last - first > _LONGEST_VALUE:
        last = first
    left = max(start, min(first - (_LONGEST_VALUE - (last - first)) // 2, end - _LONGEST_VALUE))
    right = min(end, left + _LONGEST_VALUE)
    if left > start:
        left = next((at + 1 for at in range(left - 1, first) if text[at] == " "), left)
    if right < end:
        blank = text.rfind(" ", last, right + 1)
        right = blank if blank >= 0 else right
    return text[left:right].strip()


def _printed_value(source: Source, edit: TextEdit) -> tuple[str, str]:
    """What a case prints in place of the dropped value, with words around it.

    And the name of the case.
    """
    text = with_span(source.text, edit.start, edit.end, edit.after)
    for case, was, now in _changed_texts(source, text):
        return without_secrets(_missing_words(was, now)), case
    return "", ""


def _value_in_rule(source: Source, operator: Operator, edit: TextEdit) -> tuple[str, str]:
    """What a case prints for the first value in a deleted rule, if it is there only once.

    And the name of the case.
    """
    found = None
    if operator in ("sentence", "item"):
        found = _VALUE_TAG.search(source.text.value, *(edit.subject or (edit.start, edit.end)))
    if found is None:
        return "", ""
    for case, was, now in _changed_texts(source, with_span(source.text, *found.span(), "")):
        start, end = _missing_span(was, now)
        value = was[start:end].strip()
        if len(value) > 1 and "\n" not in value and was.count(value) == 1:
            return without_secrets(value), case
    return "", ""


def _changed_texts(source: Source, text: Text) -> Iterator[tuple[str, str, str]]:
    """The name of a case, and a text of its request without and with the changed source."""
    for user in source.users:
        for planned, broken in user.changed_cases(source.variant(user, text)):
            assert planned.request is not None
            assert broken.request is not None
            name = without_secrets(planned.case.name)
            pairs = zip(planned.request.messages, broken.request.messages, strict=False)
            for old, new in pairs:
                was, now = text_of(old.get("content")), text_of(new.get("content"))
                if was != now:
                    yield name, was, now


def _missing_span(was: str, now: str) -> Offsets:
    """The part of a text that is missing in the other one."""
    shorter = min(len(was), len(now))
    start = next((at for at in range(shorter) if was[at] != now[at]), shorter)
    rest = shorter - start
    same = next((at for at in range(rest) if was[-1 - at] != now[-1 - at]), rest)
    return start, len(was) - same


def _missing_words(was: str, now: str) -> str:
    """The part of a line that is missing in the other text, with words around it."""
    start, end = _missing_span(was, now)
    written = was[start:end]
    start += len(written) - len(written.lstrip())
    line_end = was.find("\n", start)
    line = was.rfind("\n", 0, start) + 1, line_end if line_end >= 0 else len(was)
    return _window(was, _stripped(was, line), (start, min(end, line[1])))
