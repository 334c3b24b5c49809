"""Facts about one prompt, computed lazily, that lint rules request by parameter name.

| parameter | what it is |
|---|---|
| `prompt` | the prompt, `model.prompt.Prompt` |
| `document` | its YAML file, `source.document.Document` |
| `problems` | what parsing found: `model.finding.Problem` with the code of its rule |
| `references` | the files it names, `model.loaded.Reference` |
| `written` | all text in its files, parsed or not: `lint.searchable_text.Written` |
| `scopes` | for each template and each `when`: what it reads, defines, includes, calls |
| `cases` | the test cases |
| `renders` | for each case its request, or the error |
| `passages` | texts to check, rendered and literal, each character with its place |
| `subject` | all of these |
| `surroundings` | other prompts that need a file; files that the tree lacks |
| `catalog`, `config`, `today` | all prompts at this revision; the configuration; the date |
| `run` | for a rule over the catalog: which part of it is linted, `LintRun` |

A rule without a parameter about one prompt runs once, over the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.template_walk import walk, walk_expression
from promptops.analysis.uses import ITEM, TemplateFacts
from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.errors import BAD_INPUT, PromptopsError
from promptops.lint.passages import Passage, literal_passage, rendered_passages
from promptops.lint.searchable_text import Written, written
from promptops.model.config import Config
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference, LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import Case, ForEach, Message, Prompt, TextPart
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.request.schema_check import measured
from promptops.runtime.template.limits import PromptBudget, TookTooLong
from promptops.source.document import Document


@record(frozen=True, slots=True, kw_only=True)
class TemplateScope:
    """The names and calls of one template of a prompt.

    Attributes:
        role: The role of its message.
        at: JSON pointer of the text or the `when`.
        condition: Whether it is a `when`.
        items: The names that `for_each` defines, each with its input.
    """

    text: Text
    role: str
    at: str
    condition: bool
    scope: TemplateFacts
    items: dict[str, str]


@record(frozen=True, slots=True)
class RenderedCase:
    """One case, rendered.

    Either `traced` or `error` is set; neither after the case at which MAX_RENDERED_CHARS are used.
    """

    case: Case
    traced: TracedRequest | None
    error: RenderError | None


MAX_RENDERED_CHARS = 6_000_000
"""The limit of rendered characters for one prompt, in addition to CASE_CHARS and the inputs."""

CASE_CHARS = 16_000
"""Characters that a case may render without counting against MAX_RENDERED_CHARS."""


@record(frozen=True, slots=True, kw_only=True)
class LintRun:
    """Which part of a catalog is linted, and what it is compared with.

    Attributes:
        complete: Every prompt was linted by every rule: a rule may read every file, and what
            matched nothing is unused.
        concerned: Only findings in or about these paths are reported; None for all.
        base: Reads a file of the commit that the catalog is compared with; None if the file or
            the commit is missing.
    """

    today: date
    complete: bool = True
    concerned: frozenset[str] | None = None
    base: Callable[[str], bytes | None] = lambda _path: None


class NotRendered(PromptopsError):
    """A rule requests the rendered cases of facts that render none yet."""

    exit_code = BAD_INPUT


class PromptFacts:
    """Facts about one prompt; each is computed on first use.

    Attributes:
        renders_cases: If false, `renders` and `renderer` raise NotRendered.
    """

    def __init__(
        self,
        catalog: Catalog,
        loaded: LoadedPrompt,
        today: date,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.catalog = catalog
        self.loaded = loaded
        self.today = today
        self.surroundings = surroundings or catalog.surroundings()
        self.renders_cases = True
        self._paused: tuple[list[RenderedCase], Iterator[RenderedCase]] | None = None

    @property
    def subject(self) -> PromptFacts:
        """The object itself, for rules that request it by this name."""
        return self

    @cached_property
    def of_templates(self) -> PromptFacts:
        """The same of a prompt of which only the templates can be read."""
        loaded = replace(self.loaded, prompt=self.loaded.templates)
        return PromptFacts(self.catalog, loaded, self.today, self.surroundings)

    @property
    def config(self) -> Config:
        """The configuration of the tree that is linted."""
        return self.catalog.config

    @property
    def prompt(self) -> Prompt | None:
        """The resolved prompt; None if the file can't be read."""
        return self.loaded.prompt

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong while the file was read, for the rules that report it."""
        return self.loaded.problems

    @property
    def references(self) -> tuple[FileReference, ...]:
        """The files that the prompt names, found or not."""
        return self.loaded.references

    @property
    def cases(self) -> tuple[Case, ...]:
        """The test cases, those of case files included; empty if the prompt can't be read."""
        return self.loaded.prompt.cases if self.loaded.prompt else ()

    @cached_property
    def document(self) -> Document:
        """The YAML file: values, places and comments."""
        return self.catalog.document(self.loaded.path)

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """All text in the files of the prompt, those of cases and partials included."""
        return tuple(written(self.catalog, self.document, self.references))

    @cached_property
    def input_schemas(self) -> InputSchemas:
        """The schemas of the inputs by path, for rules that take the subject."""
        return InputSchemas(self.prompt.inputs if self.prompt else {})

    @cached_property
    def scopes(self) -> tuple[TemplateScope, ...]:
        """The names that each template and each `when` reads, defines and calls, in order."""
        return tuple(self._scopes())

    def _scopes(self) -> Iterator[TemplateScope]:
        for message, items in messages(self.prompt):
            parts = [part for part in message.parts if isinstance(part, TextPart)]
            for part in parts:
                yield self._scope(part.text, message.role, part.at, items, condition=False)
            parts_at = ((part.when, part.at.removesuffix("/text")) for part in message.parts)
            for when, at in ((message.when, message.at), *parts_at):
                if when is not None:
                    yield self._scope(when, message.role, f"{at}/when", items, condition=True)

    def _scope(
        self, text: Text, role: str, at: str, items: dict[str, str], *, condition: bool
    ) -> TemplateScope:
        locals_ = {name: (source, (ITEM,)) for name, source in items.items()}
        scope = (
            walk_expression(text, locals_=locals_)
            if condition
            else walk(text, self.catalog.load, locals_=locals_)
        )
        return TemplateScope(
            text=text, role=role, at=at, condition=condition, scope=scope, items=items
        )

    @property
    def renderer(self) -> Renderer | RenderError | None:
        """The renderer of the cases; the error if the schema of the inputs is not valid."""
        if not self.renders_cases:
            raise NotRendered("no case is rendered yet")
        return self._renderer

    @cached_property
    def _renderer(self) -> Renderer | RenderError | None:
        if self.prompt is None:
            return None
        try:
            budget = PromptBudget(len(self.cases))
            return Renderer(self.prompt, self.catalog.load, self.catalog.files.data, budget)
        except RenderError as error:
            return error

    @property
    def renders(self) -> tuple[RenderedCase, ...]:
        """The rendered cases; raises TookTooLong again for each rule that requests them."""
        if isinstance(self._renders, TookTooLong):
            raise self._renders
        return self._renders

    @cached_property
    def _renders(self) -> tuple[RenderedCase, ...] | TookTooLong:
        for _ in self.render_in_parts():
            pass
        return self._renders

    def render_in_parts(self) -> Iterator[None]:
        """Render the cases for `renders`; pauses after each, where a later call goes on."""
        found, cases = self._paused or ([], self._rendering())
        self._paused = None
        try:
            for each in cases:
                found.append(each)
                self._paused = found, cases
                yield
                self._paused = None
        except TookTooLong as error:
            # Rendering again would exceed the budget and cause a finding.
            self._renders = error
        else:
            self._renders = tuple(found)

    def _rendering(self) -> Iterator[RenderedCase]:
        renderer = self.renderer
        return _rendered_cases(renderer, self.cases) if isinstance(renderer, Renderer) else iter(())

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """From the name of each case that can be rendered to the digest of its request."""
        from promptops.runtime.request.canonical import request_digest

        rendered = ((each.case.name, each.traced) for each in self.renders)
        return {
            name: request_digest(found.request) for name, found in rendered if found is not None
        }

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """The texts of messages: as each case renders them, then as written, each once."""
        return tuple(self._passages())

    def _passages(self) -> Iterator[Passage]:
        for rendered in self.renders:
            if rendered.traced is not None:
                yield from rendered_passages(rendered.case.name, rendered.traced)
        seen: set[tuple[str, int, int]] = set()
        for role, text in self._template_texts():
            line, column = text.locate(0)
            if (text.path, line, column) not in seen:
                seen.add((text.path, line, column))
                yield literal_passage(text, self.catalog.template(text), role)

    def _template_texts(self) -> Iterator[tuple[str, Text]]:
        for message, _ in messages(self.prompt):
            for part in message.parts:
                if isinstance(part, TextPart):
                    yield message.role, part.text
                    for text in self.catalog.included(part.text):
                        yield "", text


def messages(prompt: Prompt | None) -> Iterator[tuple[Message, dict[str, str]]]:
    """Every message, with the name of the `for_each` item and its input, if any."""
    for turn in prompt.messages if prompt else ():
        if isinstance(turn, Message):
            yield turn, {}
        elif isinstance(turn, ForEach):
            for message in turn.messages:
                yield message, {turn.name: turn.source}


def _rendered_cases(renderer: Renderer, cases: Sequence[Case]) -> Iterator[RenderedCase]:
    """Limit memory: small inputs can cause large requests."""
    left = MAX_RENDERED_CHARS
    for index, case in enumerate(cases):
        rendered = _rendered(renderer, case)
        if rendered.traced is not None:
            left -= sum(len(p.text) for text in rendered.traced.texts for p in text.pieces)
            left += CASE_CHARS + 2 * measured(case.inputs)[2]
        yield rendered
        if left < 0 and index + 1 < len(cases):
            yield RenderedCase(cases[index + 1], None, _too_much(cases[index + 1]))
            yield from (RenderedCase(each, None, None) for each in cases[index + 2 :])
            return


def _too_much(case: Case) -> RenderError:
    millions = MAX_RENDERED_CHARS // 1_000_000
    message = f"the cases before this one render to over {millions} million characters in all"
    return RenderError(message, place=case.locate(f"{case.at}/name", False), refused=True)


def _rendered(renderer: Renderer, case: Case) -> RenderedCase:
    if case.unrecorded:
        return RenderedCase(case, None, None)
    try:
        return RenderedCase(case, renderer.trace(case.inputs), None)
    except RenderError as error:
        return RenderedCase(case, None, error)


# Format versions other than the current one.

CURRENT_FORMAT = 1
_FORMAT_MARK = lazy_pattern(r"promptops/(\d{1,9})")


def format_number(document: Document) -> int | None:
    """The number in `format: promptops/N`; None if there is no such key."""
    value = document.value.get("format") if isinstance(document.value, dict) else None
    mark = _FORMAT_MARK.fullmatch(value) if isinstance(value, str) else None
    return int(mark[1]) if mark else None


def has_other_format(document: Document) -> bool:
    """Whether the version is not the current one; SCH008 reports it, SCH002 does not."""
    return format_number(document) not in (None, CURRENT_FORMAT)
