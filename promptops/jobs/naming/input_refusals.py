"""Why an input can't get a new name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, UsageError
from promptops.jobs.moving.mentions import names_in
from promptops.jobs.moving.reference_edits import is_plain
from promptops.jobs.moving.references import References
from promptops.jobs.naming.families import declared
from promptops.jobs.naming.input_places import input_places
from promptops.lint.subject import PromptFacts
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import series
from promptops.runtime.template.node_facts import SPECIAL
from promptops.runtime.template.text_rendering import RESERVED

_IDENTIFIER = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_BUILT_IN = frozenset(("range", "namespace", "super"))
_OTHERS_SHOWN = 3


def refuse_rename(
    catalog: Catalog, subjects: Sequence[PromptFacts], places: Sequence[Place], old: str, new: str
) -> None:
    """Raise UsageError or InputError if the prompts of a family can't rename an input."""
    refuse_word(new)
    _refuse_undeclared(subjects[0], old)
    for subject in subjects:
        _refuse_taken(subject, new)
        _refuse_set(subject, old)
    _refuse_other_prompts(catalog, subjects, places)
    _refuse_judge(catalog, subjects, old)
    _refuse_python(catalog, subjects, old)


def refuse_word(new: str) -> None:
    """Raise UsageError for a word that can't be a name in templates and in YAML."""
    if _IDENTIFIER.fullmatch(new) is None:
        hint = "a name has letters, digits and `_`, and does not begin with a digit"
        raise UsageError(f"`{new}` can't be a name", hint=hint)
    if new in RESERVED | SPECIAL | _BUILT_IN or not is_plain(new):
        raise UsageError(f"`{new}` is a reserved word", hint="choose another name")


def _refuse_undeclared(first: PromptFacts, old: str) -> None:
    catalog, path = first.catalog, first.loaded.path
    if old not in declared(catalog, path):
        hint = "add it under `inputs.properties` first"
        raise UsageError(f"`{old}` is not an input", where=path, hint=hint)
    assert first.prompt is not None, "a family consists of readable prompts"
    if not any(each.declares for each in input_places(first, old)):
        raise UsageError(
            f"`{old}` is declared in a schema file",
            where=str(first.prompt.locate(f"/inputs/properties/{old}", True)),
            hint="rename it there and in its prompts by hand: other prompts may use the file",
        )


def _refuse_taken(subject: PromptFacts, new: str) -> None:
    prompt = subject.prompt
    assert prompt is not None, "a family consists of readable prompts"
    for name, schema in declared(subject.catalog, prompt.path).items():
        aliases = schema.get("x-aliases") if isinstance(schema, dict) else None
        if name == new or new in (aliases or ()):
            what = "is an input already" if name == new else f"is a former name of `{name}`"
            at = prompt.locate(f"/inputs/properties/{name}", True)
            raise UsageError(f"`{new}` {what}", where=str(at), hint="choose another name")
    for place, what in _bound(subject, new):
        raise UsageError(f"`{new}` is {what}", where=str(place), hint="choose another name")


def _bound(subject: PromptFacts, new: str) -> Iterator[tuple[Place, str]]:
    """Where a template uses a name already, and for what."""
    for scope in subject.scopes:
        if new in scope.items:
            yield scope.text.place(0), "the item of `for_each` in this message"
        for definition in scope.scope.definitions:
            if definition.name == new:
                yield definition.site.place, "defined in a template"
        for use in scope.scope.uses:
            if use.name == new and use.site.source == new:
                yield use.site.place, "used in a template"


def _refuse_set(subject: PromptFacts, old: str) -> None:
    """A read after a `set` that may not have run is a read of both."""
    for scope in subject.scopes:
        for use in scope.scope.uses:
            if use.name == old and use.origin == "branch":
                raise UsageError(
                    f"`{old}` is also the name of a variable that the template sets",
                    where=str(use.site.place),
                    hint="give the variable another name first",
                )


def _refuse_other_prompts(
    catalog: Catalog, subjects: Sequence[PromptFacts], places: Sequence[Place]
) -> None:
    """Edits must not change what other prompts read."""
    family = [subject.loaded.path for subject in subjects]
    for path in dict.fromkeys(place.path for place in places):
        if path in family:
            continue
        own = (path,) if path in catalog.ids else ()
        users = (*own, *catalog.includers(path))
        others = sorted(each for each in users if each not in family)
        if others:
            place = next(place for place in places if place.path == path)
            named = series([f"`{catalog.ids[each]}`" for each in others], "and", _OTHERS_SHOWN)
            raise UsageError(
                f"other prompts use this file, too: {named}",
                where=str(place),
                hint="rename the input in each prompt by hand, or copy the file first",
            )


def _refuse_judge(catalog: Catalog, subjects: Sequence[PromptFacts], old: str) -> None:
    """Promptops passes the inputs of a judge by their names."""
    for subject in subjects:
        identity = subject.loaded.id
        for path in References(catalog).mentioning((identity.rpartition("/")[2],)):
            prompt = catalog.loaded(path).prompt if path in catalog.ids else None
            if prompt is not None and prompt.evaluation.get("judge") == identity:
                raise UsageError(
                    f"`{identity}` is the judge of `{prompt.id}`, and a judge gets `{old}` by name",
                    where=str(prompt.locate("/evaluation/judge", False)),
                    hint="keep the name",
                )


def _refuse_python(catalog: Catalog, subjects: Sequence[PromptFacts], old: str) -> None:
    """Functions of assertions and of `evaluation.retrieve` read inputs by name."""
    quoted = re.compile(rf"""(["']){re.escape(old)}\1""")
    for path in dict.fromkeys(_functions(catalog, subjects)):
        text = catalog.files.text(path)
        found = quoted.search(text.value) if text is not None else None
        if text is not None and found is not None:
            raise InputError(
                f"may read the input `{old}` by its name",
                where=str(text.place(found.start())),
                hint="rename the input by hand, there too",
            )


def _functions(catalog: Catalog, subjects: Sequence[PromptFacts]) -> Iterator[str]:
    """The Python files that the prompts and their case files name."""
    for subject in subjects:
        cases = (each.target for each in subject.references if each.kind == "cases" and each.found)
        for path in (subject.loaded.path, *cases):
            for mention in names_in(catalog, path).mentions:
                if mention.kind != "template" or not mention.name.endswith(".py"):
                    continue
                found = catalog.resolver.follow("template", mention.name, mention.place, path)
                if not isinstance(found, Problem):
                    yield found.target
