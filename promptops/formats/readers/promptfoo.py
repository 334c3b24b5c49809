"""Configurations of promptfoo: a prompt file for each prompt, with its tests as cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss, SourceCase, SourceDocument
from promptops.formats.plain_texts import identity, stem_steps
from promptops.formats.promptfoo.assertions import Assertions, needs_its_test
from promptops.formats.promptfoo.prompts import (
    FoundPrompt,
    PromptList,
    PromptMessages,
    provider_fields,
)
from promptops.formats.promptfoo.tests import NO_TEMPLATES, FoundAssertion, FoundTest, TestReader
from promptops.formats.source_file import ReadOptions, SourceFile
from promptops.formats.translation import InputNames
from promptops.patterns import lazy_pattern

NAME = "promptfoo"
MARKS = "JSON or YAML with `prompts` and `providers` or `targets`, or with `redteam`"
RANK = 250

_CONFIGURATION = (
    "derivedMetrics",
    "extensions",
    "nunjucksFilters",
    "evaluateOptions",
    "env",
    "outputPath",
    "commandLineOptions",
)
_INSTEAD = {
    "derivedMetrics": "compute it from the scores that `promptops test --format json` reports"
}
_TAGS = lazy_pattern(
    r"\{\{(?:(?!\{\{|\}\}).)*\}\}|\{%(?:(?!\{%|%\}).)*%\}|\bvars\.\w+|\bvars\[[^\[\]]*\]", 16
)
_LONGEST_NAME = 20
_NAMES = lazy_pattern(r"[A-Za-z_]\w*")


def recognises(file: SourceFile) -> bool:
    """Whether it is a configuration."""
    if file.suffix not in (".yaml", ".yml", ".json"):
        return False
    value = file.document.value
    if not isinstance(value, Mapping):
        return False
    names_promptfoo = file.suffix != ".json" and "promptfoo" in file.text.value.lstrip()[:200]
    has_models = "providers" in value or "targets" in value
    return ("prompts" in value and (names_promptfoo or has_models)) or (
        "redteam" in value and ("targets" in value or "purpose" in value)
    )


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A document for each prompt of the configuration."""
    value = file.document.value
    if not isinstance(value, Mapping) or "prompts" not in value:
        message = "a configuration of a red team has no prompts: see `promptops probe`"
        yield Loss(code="IMP127", message=message, place=file.place(), refuses=True)
        return
    yield from _Configuration(file, options).documents()


class _Configuration:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._source = file.document
        self._value: Mapping[str, Any] = self._source.value
        self._options = options
        self._losses: list[Loss] = []
        self._fields: Mapping[str, Any] = {}
        self._used: frozenset[str] = frozenset()
        self._names: frozenset[str] = frozenset()

    def documents(self) -> Iterator[SourceDocument | Loss]:
        """The prompts; what belongs to the whole configuration is a loss of the first.

        An error for each prompt that can't be read.
        """
        listed = PromptList(self._file, self._source)
        prompts = list(listed.prompts())
        yield from listed.losses
        self._names = frozenset(identity(prompt.name) for prompt in prompts if prompt.name)
        reader = TestReader(self._file)
        tests = reader.tests()
        self._losses += reader.losses
        self._fields = self._fields_of_all()
        of_our_export = not prompts and self._value.get("env") == NO_TEMPLATES
        for key in _CONFIGURATION:
            if key in self._value and not (key == "env" and of_our_export):
                place = self._source.place(f"/{key}", True)
                message = f"`{key}` is not carried"
                hint = _INSTEAD.get(key)
                self._losses.append(Loss(code="IMP129", message=message, place=place, hint=hint))
        self._used = _names_in(prompt.text.value for prompt in prompts) | _names_in(
            str(one.value) for test in tests for one in (*reader.of_default, *test.assertions)
        )
        for number, prompt in enumerate(prompts, 1):
            chosen = [test for test in tests if _is_for(test, prompt)]
            several = number if len(prompts) > 1 else 0
            yield self._built(prompt, chosen, reader.of_default, several)
            self._losses = []
        if not prompts:
            yield from self._losses
            yield Loss(code="IMP003", message="no prompt can be read", place=self._file.place())

    def _fields_of_all(self) -> dict[str, Any]:
        description = self._value.get("description")
        described = {"description": description} if isinstance(description, str) else {}
        return {**described, **provider_fields(self._source, self._losses)}

    def _built(
        self,
        prompt: FoundPrompt,
        tests: Sequence[FoundTest],
        defaults: Sequence[FoundAssertion],
        number: int,
    ) -> SourceDocument:
        names = InputNames()
        sample = {**_of_one_type(tests), **self._options.sample}
        messages = PromptMessages(names, lambda: prompt.place, sample)
        turns = messages.turns(prompt.text, self._options.role)
        losses = [*self._losses, *messages.losses]
        read = _names_in([prompt.text.value])
        together = all(test.threshold is None and test.defaults for test in tests)
        together = together and not any(test.transform for test in tests)
        shared = [one for one in defaults if together and not needs_its_test(one.value)]
        evaluation = _evaluation(shared, losses)
        own = [one for one in defaults if one not in shared]
        cases = self._cases(tests, own, names, read, losses)
        primary = _primary_score(evaluation, cases)
        if primary:
            evaluation = {"evaluation": {"score": primary, **evaluation.get("evaluation", {})}}
            losses.append(self._note_primary(primary))
        return SourceDocument(
            id=self._identity(prompt, number),
            format=NAME,
            place=prompt.place,
            fields={**self._fields, **evaluation},
            messages=turns,
            aliases=names.aliases,
            samples=(*(case.inputs for case in cases), *self._options.samples),
            lenient=True,
            cases=cases,
            losses=tuple(losses),
        )

    def _note_primary(self, score: str) -> Loss:
        message = f"of several metrics, `{score}` becomes the primary score"
        hint = "choose another one: `score` below `evaluation`"
        return Loss(code="IMP228", message=message, place=self._file.place(), hint=hint)

    def _cases(
        self,
        tests: Sequence[FoundTest],
        defaults: Sequence[FoundAssertion],
        names: InputNames,
        read: frozenset[str],
        losses: list[Loss],
    ) -> tuple[SourceCase, ...]:
        """The tests of a prompt that reads the names `read`; adds what is lost to `losses`.

        A variable that another prompt or an assertion reads is not lost.
        """
        cases = []
        for test in tests:
            output, lost = Assertions(test.variables, read).of_test(test, defaults)
            losses += (loss for loss in lost if loss not in losses)
            kept = [name for name in test.variables if name in read or name not in self._used]
            inputs = {names.name(name): test.variables[name] for name in kept}
            tags = ("adversarial",) if test.adversarial else ()
            cases.append(
                SourceCase(
                    name=test.name, inputs=inputs, output=output, tags=tags, place=test.place
                )
            )
        return tuple(cases)

    def _identity(self, prompt: FoundPrompt, number: int) -> str:
        steps = list(stem_steps(self._file.path))
        if steps[-1] != "promptfooconfig":
            return identity(*steps, (prompt.name or f"prompt-{number}") if number else "")
        steps.pop()
        name = prompt.name
        if not name and (number or not steps):
            of_all = "" if steps else self._short_description()
            names = (identity(f"{one or 'prompt'}-{number or ''}") for one in (of_all, ""))
            name = next((one for one in names if one not in self._names), f"prompt-{number}")
        return identity(*steps, name)

    def _short_description(self) -> str:
        """What the configuration is called, if it is no more than a name."""
        found = str(self._value.get("description") or "")
        return found if len(found) <= _LONGEST_NAME and not found.isdigit() else ""


def _of_one_type(tests: Sequence[FoundTest]) -> dict[str, Any]:
    """A value of each variable whose values in all tests have one type."""
    found: dict[str, Any] = {}
    kinds: dict[str, set[type]] = {}
    for test in tests:
        for name, value in test.variables.items():
            found[name] = value
            kinds.setdefault(name, set()).add(type(value))
    return {name: value for name, value in found.items() if len(kinds[name]) == 1}


def _evaluation(shared: Sequence[FoundAssertion], losses: list[Loss]) -> dict[str, Any]:
    """`evaluation` with the assertions that hold for all tests alike."""
    read = [Assertions({}).translated(one) for one in shared]
    losses += (loss for one in read for loss in one.losses)
    found = [dict(one.value) for one in read if one.value is not None]
    return {"evaluation": {"assertions": found}} if found else {}


def _primary_score(evaluation: Mapping[str, Any], cases: Sequence[SourceCase]) -> str | None:
    """The first of several scores, unless one is `quality`, which is the primary one anyway."""
    outputs = [evaluation.get("evaluation", {}).get("assertions", ()), *(c.output for c in cases)]
    scores = {str(one["score"]): None for listed in outputs for one in listed if "score" in one}
    return next(iter(scores)) if len(scores) > 1 and "quality" not in scores else None


def _names_in(texts: Any) -> frozenset[str]:
    """The names in the tags of templates, and in expressions such as `context.vars.name`."""
    tags = (tag for text in texts for tag in _TAGS.findall(text))
    return frozenset(name for tag in tags for name in _NAMES.findall(tag))


def _is_for(test: FoundTest, prompt: FoundPrompt) -> bool:
    """Whether a test is for a prompt: by name, the beginning of names, or `name*`."""
    if test.prompts is None:
        return True
    return any(
        name == wanted or name.startswith(f"{wanted}:") or _begins(name, wanted)
        for wanted in test.prompts
        for name in prompt.names
    )


def _begins(name: str, wanted: str) -> bool:
    return wanted.endswith("*") and name.startswith(wanted[:-1])
