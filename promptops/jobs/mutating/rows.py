"""The mutants of one prompt or shared partial, tried one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from promptops.analysis.masking import masked
from promptops.catalog.catalog import Catalog
from promptops.jobs.mutating.edits import PromptEdit, TemplateText, TextEdit
from promptops.jobs.mutating.mutated_prompt import Variant, with_span
from promptops.jobs.mutating.operators.registry import prompt_edits, text_edits
from promptops.jobs.mutating.prose import template_text
from promptops.jobs.mutating.sources import Source
from promptops.jobs.mutating.suggestions import suggestion
from promptops.jobs.mutating.tested_prompt import Effect, TestedPrompt
from promptops.jobs.mutating.trial import Trial, try_prompt, try_text
from promptops.jobs.testing.plan import with_hint
from promptops.model.internal_error import CaughtBug
from promptops.model.mutant import OPERATORS, Mutant, MutantStatus, MutationRow, Operator
from promptops.model.place import Place
from promptops.records import field, record, replace


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
        """Try all ways to break a text, unless no prompt that uses it has a case."""
        with CaughtBug() as bug:
            self._add_text(source)
        self._note(bug)

    def add_prompt(self, tested: TestedPrompt) -> None:
        """Try all ways to break a prompt other than in its texts."""
        with CaughtBug() as bug:
            self._add_prompt(tested)
        self._note(bug)

    def _note(self, bug: CaughtBug) -> None:
        if bug.error is not None:
            problem = bug.error.problem(self.place)
            self.failure = with_hint(problem.message, problem.hint)

    def _add_text(self, source: Source) -> None:
        self._use(source.users)
        if not any(user.cases for user in source.users):
            return
        prepared = _prepared(source)
        for operator, edit in text_edits(prepared, self.operators) if prepared else ():
            place = _place(source, edit)
            if self.is_ignored(place):
                self.ignored += 1
            elif (trial := try_text(source, edit)) is not None:
                self._add_text_mutant(source, operator, edit, trial)

    def _add_prompt(self, tested: TestedPrompt) -> None:
        self._use([tested])
        edits = prompt_edits(tested.prompt, self.catalog, self.operators) if tested.cases else ()
        for operator, edit in edits:
            if edit.place.path != tested.prompt.path:
                continue  # it is inherited, and belongs to the prompt that has it
            if self.is_ignored(edit.place):
                self.ignored += 1
            else:
                self._add_prompt_mutant(tested, operator, edit, try_prompt(tested, edit))

    def _use(self, users: Iterable[TestedPrompt]) -> None:
        self.tested |= {user.prompt.id: user for user in users}

    def _add_text_mutant(
        self, source: Source, operator: Operator, edit: TextEdit, trial: Trial
    ) -> None:
        mutant = self._mutant(
            trial,
            operator=operator,
            place=_place(source, edit),
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
        self, tested: TestedPrompt, operator: Operator, edit: PromptEdit, trial: Trial
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
        """Variants are needed again only for survivors."""
        kept = tuple(variants) if mutant.status == "survived" else ()
        self.mutants.append(TriedMutant(mutant=mutant, variants=kept))

    def _mutant(
        self,
        trial: Trial,
        *,
        operator: Operator,
        place: Place,
        before: str,
        after: str,
        change: str,
        suggestion: Callable[[], str],
    ) -> Mutant | None:
        """The mutant; None for an equivalent one, which is counted."""
        status = _status(trial)
        if status is None:
            self.equivalent += 1
            return None
        masks = self.catalog.masked(place.path).text != _text(self.catalog, place.path)
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
        return MutationRow(
            name=self.name,
            partial=self.partial,
            prompts=tuple(user.prompt.id for user in users if user.cases),
            cases=cases,
            mutants=tuple(tried.mutant for tried in sorted(self.mutants, key=_order)),
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


def _place(source: Source, edit: TextEdit) -> Place:
    """The place of a span, without white space around it."""
    written = source.text.value[edit.start : edit.end]
    start = edit.start + len(written) - len(written.lstrip())
    end = edit.start + len(written.rstrip())
    return source.text.place(start, max(end, start + 1))


def _status(trial: Trial) -> MutantStatus | None:
    if trial.kill is not None:
        return "killed"
    if trial.effect is Effect.NONE and not trial.seen:
        return "unseen"
    return "survived" if trial.effect is Effect.WORDS else None


def _order(tried: TriedMutant) -> tuple[Place, int]:
    return tried.mutant.place, OPERATORS.index(tried.mutant.operator)


def _text(catalog: Catalog, path: str) -> str:
    data = catalog.files.data(path) or b""
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


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
    lines = list(_lines(catalog, place))
    if len(lines) == 1:
        return lines[0][place.column - 1 : place.end_column - 1]
    lines[0], lines[-1] = lines[0][place.column - 1 :], lines[-1][: place.end_column - 1]
    return "\n".join(lines)


def _lines(catalog: Catalog, place: Place) -> Iterator[str]:
    last = max(place.line, place.end_line)
    return (catalog.line(place.path, number) for number in range(place.line, last + 1))
