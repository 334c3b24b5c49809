"""Where a name is defined and used, and its rename."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from re import fullmatch

from lsprotocol import types

from promptops.analysis.local_names import local_names
from promptops.analysis.template_walk import walk
from promptops.catalog.catalog import Catalog, toml_places
from promptops.catalog.recordings import recorded_as
from promptops.commands.lsp.cursor import PROFILE_POINTER, Here
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.edits import workspace_edit
from promptops.commands.lsp.symbols import (
    Family,
    Symbol,
    Words,
    declared,
    definitions_of,
    facts_of,
    family_of,
    input_places,
    name_lookup,
    nearby_places_of,
    places_of,
    symbol_at,
    texts_of,
)
from promptops.commands.mv.references import References, is_plain, names_in, recorded_judge_edits
from promptops.errors import InputError, UsageError
from promptops.json_pointer import escaped
from promptops.lint.subject import PromptFacts
from promptops.model.finding import Edit, Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import series
from promptops.records import record
from promptops.runtime.template.node_facts import SPECIAL
from promptops.runtime.template.text_rendering import RESERVED
from promptops.workspace.edits import edited_contents, request_digests, with_changes
from promptops.workspace.workspace import Workspace


def definition(file: OpenFile, params: types.DefinitionParams) -> list[types.Location]:
    """Where the name at a position is defined: inputs, names of templates, files, profiles."""
    with name_lookup(file) as names:
        symbol = names.symbol(params.position)
        if symbol is not None:
            return names.locations(definitions_of(names.catalog, symbol))
    return _profile_definition(Here(file, params.position))


def _profile_definition(here: Here) -> list[types.Location]:
    """The table in the configuration of the profile that is named at a position."""
    if here.cursor.part != "value" or not fullmatch(PROFILE_POINTER, here.pointer):
        return []
    name, catalog = here.scalar()[0], here.file.live.catalog
    places = toml_places(catalog)
    if places is None or name not in catalog.config.models:
        return []
    return [here.file.location_of(places.place(f"/models/{escaped(name)}"))]


# Find all places of a name.


def references(file: OpenFile, params: types.ReferenceParams) -> list[types.Location]:
    """All places that name what the name at a position refers to, in all files."""
    with name_lookup(file) as names:
        symbol = names.symbol(params.position)
        if symbol is None:
            return []
        found = places_of(names.catalog, symbol)
        if not params.context.include_declaration:
            defined = definitions_of(names.catalog, symbol)
            found = tuple(place for place in found if place not in defined)
        return names.locations(found)


# Highlight the places of a name in the file where the cursor is.


def document_highlights(
    file: OpenFile, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight]:
    """All places in this file that name what the name at a position refers to."""
    with name_lookup(file) as names:
        symbol = names.symbol(params.position)
        found = () if symbol is None else nearby_places_of(names.catalog, symbol)
        current = (names.current(place) for place in found)
        return [
            types.DocumentHighlight(range=file.range_of(place))
            for place in current
            if place is not None
        ]


# Rename what a name refers to, in all files.

RENAME_OPTIONS = types.RenameOptions(prepare_provider=True)


def prepare_rename(file: OpenFile, params: types.PrepareRenameParams) -> types.Range | None:
    """The range of the name at a position; None where there is nothing to rename.

    Raises UsageError for a name that can't be changed here.
    """
    symbol = _renamed_symbol(file, params.position)
    if symbol is None:
        return None
    refuse_file(symbol)
    return file.range_of(symbol.place)


def rename(file: OpenFile, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """The edits that give the name at a position a new name; nothing is written.

    Raises UsageError and InputError with the reason for a refusal.
    """
    loaded = file.live.catalog.loaded(file.path) if file.path in file.live.catalog.ids else None
    if loaded is not None and loaded.prompt is None:
        problem = next(iter(loaded.problems), None)
        reason = f": {problem.message}" if problem is not None else ""
        raise InputError(f"the prompt can't be read{reason}", hint="fix it first")
    symbol = _renamed_symbol(file, params.position)
    if symbol is None:
        raise UsageError("there is nothing to rename here", hint="place the cursor on an input")
    return workspace_edit(file, rename_edits(file.live.workspace, symbol, params.new_name))


def _renamed_symbol(file: OpenFile, position: types.Position) -> Symbol | None:
    return symbol_at(file.live.catalog, file.path, *file.cursor(position))


# Rename an input, or a name that a template defines, with a proof that all requests stay equal.


def rename_edits(workspace: Workspace, symbol: Symbol, new: str) -> tuple[Edit, ...]:
    """The edits that give a symbol a new name, sorted by place; nothing is written.

    Raises UsageError and InputError with the reason why it can't have that name.
    """
    refuse_file(symbol)
    if symbol.kind == "input":
        return rename_input(workspace, symbol.homes[0], symbol.name, new)
    return rename_local(workspace, symbol, new)


def refuse_file(symbol: Symbol) -> None:
    """Raise UsageError for a file: its name is not changed by editing a reference."""
    if symbol.kind == "file":
        hint = "rename the file: references to it follow, as with `promptops mv`"
        raise UsageError(f"`{symbol.name}` is a file", hint=hint)


# Rename an input in every file that names it.


def rename_input(workspace: Workspace, path: str, old: str, new: str) -> tuple[Edit, ...]:
    """The edits that rename an input of the prompt file `path`, sorted by place.

    Nothing is written. After the edits every case of every prompt renders as before.

    Raises:
        UsageError: The new name can't be used, or the input can't be renamed.
        InputError: A file prevents it: it can't be read, or has the name with escapes.
    """
    catalog = workspace.catalog
    family = family_of(catalog, path, old)
    subjects = _subjects_of(catalog, family)
    places = _named_places(catalog, subjects, old)
    refuse_rename(catalog, subjects, places, old, new)
    edits = [Edit(place, new) for place in places]
    recordings = [file for each in family for file in catalog.recording_files(each)]
    names = {recorded_as(old): recorded_as(new)}  # inputs of `evaluation.retrieve`
    edits += [each.edit for each in recorded_judge_edits(catalog, recordings, names)]
    edits.sort(key=lambda edit: edit.place)
    _refuse_changed_requests(workspace, family, edits)
    return tuple(edits)


def _subjects_of(catalog: Catalog, family: Family) -> tuple[PromptFacts, ...]:
    """The facts about each prompt; raises InputError for one that can't be read."""
    for path in family:
        if catalog.loaded(path).prompt is None:
            hint = "fix the file first: `promptops lint` reports where"
            raise InputError("can't be read, and may use the input", where=path, hint=hint)
    return tuple(facts_of(catalog, catalog.loaded(path)) for path in family)


def _named_places(catalog: Catalog, subjects: Iterable[PromptFacts], name: str) -> list[Place]:
    """The places of a name in the files of some prompts, each once, sorted.

    Raises InputError for a name with escapes, which can't be replaced.
    """
    words = Words(catalog.files)
    found: set[Place] = set()
    for subject in subjects:
        for written in {each.place for each in input_places(subject, name)}:
            place = words.name_in(written, name)
            if place is None:
                raise InputError(
                    f"`{name}` is written in a form that can't be replaced",
                    where=str(written),
                    hint="write it without escapes",
                )
            found.add(place)
    return sorted(found)


def _refuse_changed_requests(workspace: Workspace, family: Family, edits: Sequence[Edit]) -> None:
    """Raise InputError if a prompt would render differently."""
    before = workspace.catalog
    after = with_changes(workspace, edited_contents(before, edits)).catalog
    for path in family:
        if request_digests(before, path) != request_digests(after, path):
            hint = "rename the input by hand, and run `promptops test`"
            raise InputError(
                "the rename would change what this prompt sends", where=path, hint=hint
            )


# Rename a name that a template defines, with a proof that no template reads other values.


def rename_local(workspace: Workspace, symbol: Symbol, new: str) -> tuple[Edit, ...]:
    """The edits that rename a local name or the item of a `for_each`, sorted by place.

    Raises UsageError for a name that can't be used, and if the rename would change a prompt.
    """
    catalog = workspace.catalog
    refuse_word(new)
    places = places_of(catalog, symbol)
    files = list(dict.fromkeys(place.path for place in places))
    other = next((path for path in files if path not in symbol.homes), None)
    if symbol.kind == "item" and other is not None:  # visible in partials, which others may include
        hint = "pass it to a macro of the partial instead"
        raise UsageError(f"`{symbol.name}` is read in a partial, too", where=other, hint=hint)
    own = (path for path in files if path in catalog.ids)
    using = (user for path in files for user in catalog.includers(path))
    prompts = list(dict.fromkeys((*own, *using)))
    _refuse_taken_local_name(catalog, files, prompts, new)
    edits = tuple(Edit(place, new) for place in places)
    after = with_changes(workspace, edited_contents(catalog, edits)).catalog
    before, now = (_facts_to_keep(each, files, prompts) for each in (catalog, after))
    changed = next((key[0] for key, fact in before.items() if now[key] != fact), None)
    if changed is not None:
        hint = "another template reads it by its name; rename it by hand"
        raise UsageError(f"with the name `{new}` this file would change", where=changed, hint=hint)
    return edits


def _refuse_taken_local_name(
    catalog: Catalog, files: Iterable[str], prompts: Iterable[str], new: str
) -> None:
    for path in prompts:
        if new in declared(catalog, path):
            hint = "choose another name"
            raise UsageError(f"`{new}` is an input of `{catalog.ids[path]}`", hint=hint)
    for path in files:
        for text in texts_of(catalog, path):
            for local in local_names(text.value):
                if local.name == new:
                    place = text.place(*local.definitions[0])
                    raise UsageError(
                        f"`{new}` is defined already", where=str(place), hint="choose another name"
                    )


def _facts_to_keep(
    catalog: Catalog, files: Iterable[str], prompts: Iterable[str]
) -> Mapping[tuple[str, str], object]:
    """What each template reads from outside, and the digests of all requests.

    By the path of a file and the kind of fact.
    """
    found: dict[tuple[str, str], object] = {}
    for path in files:
        for text in texts_of(catalog, path) if path not in catalog.ids else ():
            found[path, "template"] = frozenset(walk(text, catalog.load).names())
    for path in prompts:
        subject = facts_of(catalog, catalog.loaded(path))
        uses = (use for scope in subject.scopes for use in scope.scope.uses)
        found[path, "names"] = frozenset((use.name, use.origin) for use in uses)
        found[path, "requests"] = request_digests(catalog, path)
    return found


# Why an input can't get a new name.

_IDENTIFIER = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOBAL_NAMES = frozenset(("range", "namespace", "super"))
_MOST_PROMPTS_SHOWN = 3


def refuse_rename(
    catalog: Catalog, subjects: Sequence[PromptFacts], places: Sequence[Place], old: str, new: str
) -> None:
    """Raise UsageError or InputError if the prompts of a family can't rename an input."""
    refuse_word(new)
    _refuse_undeclared(subjects[0], old)
    for subject in subjects:
        _refuse_taken_input_name(subject, new)
        _refuse_set(subject, old)
    _refuse_other_prompts(catalog, subjects, places)
    _refuse_judge(catalog, subjects, old)
    _refuse_python(catalog, subjects, old)


def refuse_word(new: str) -> None:
    """Raise UsageError for a word that can't be a name in templates and in YAML."""
    if _IDENTIFIER.fullmatch(new) is None:
        hint = "a name has letters, digits and `_`, and does not begin with a digit"
        raise UsageError(f"`{new}` can't be a name", hint=hint)
    if new in RESERVED | SPECIAL | _GLOBAL_NAMES or not is_plain(new):
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


def _refuse_taken_input_name(subject: PromptFacts, new: str) -> None:
    prompt = subject.prompt
    assert prompt is not None, "a family consists of readable prompts"
    for name, schema in declared(subject.catalog, prompt.path).items():
        aliases = schema.get("x-aliases") if isinstance(schema, dict) else None
        if name == new or new in (aliases or ()):
            what = "is an input already" if name == new else f"is a former name of `{name}`"
            at = prompt.locate(f"/inputs/properties/{name}", True)
            raise UsageError(f"`{new}` {what}", where=str(at), hint="choose another name")
    for place, what in _other_uses(subject, new):
        raise UsageError(f"`{new}` is {what}", where=str(place), hint="choose another name")


def _other_uses(subject: PromptFacts, new: str) -> Iterator[tuple[Place, str]]:
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
            named = series(
                [f"`{catalog.ids[each]}`" for each in others], "and", _MOST_PROMPTS_SHOWN
            )
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
    for path in dict.fromkeys(_python_files(catalog, subjects)):
        text = catalog.files.text(path)
        found = quoted.search(text.value) if text is not None else None
        if text is not None and found is not None:
            raise InputError(
                f"may read the input `{old}` by its name",
                where=str(text.place(found.start())),
                hint="rename the input by hand, there too",
            )


def _python_files(catalog: Catalog, subjects: Sequence[PromptFacts]) -> Iterator[str]:
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


# The blocks of YAML by their indentation, found without parsing: a file may be half typed.

Block = tuple[int, int]
"""The first and the last line of a block, 1-based."""


def indented_blocks(text: str) -> Iterator[Block]:
    """Each line with the deeper lines below it, in the order in which the blocks end.

    A list may have the indentation of its key; the key's block then contains the list.
    """
    opened: list[tuple[int, int]] = []
    last = 0
    for number, line in enumerate(text.split("\n"), 1):
        depth = _depth(line)
        if depth is None:
            continue
        yield from _closed(opened, depth, last)
        opened.append((depth, number))
        last = number
    yield from _closed(opened, -1, last)


def _depth(line: str) -> int | None:
    """Twice the indentation, and one more for an item of a list; None for an empty line."""
    bare = line.strip()
    if not bare:
        return None
    is_item = bare == "-" or bare.startswith("- ")
    return 2 * (len(line) - len(line.lstrip())) + is_item


def _closed(opened: list[tuple[int, int]], depth: int, last: int) -> Iterator[Block]:
    while opened and opened[-1][0] >= depth:
        first = opened.pop()[1]
        if last > first:
            yield first, last


# The lines of Jinja's blocks, found without parsing: a text may be half typed.

_TAG = lazy_pattern(r"\{%[-+]?\s*(?P<word>[a-z]+)(?P<rest>[^%]*)|(?P<comment>\{#.*?#\})", re.DOTALL)
_ENDED = frozenset(
    ("if", "for", "macro", "call", "filter", "block", "with", "raw", "autoescape", "trans")
)
_BRANCHES = frozenset(("else", "elif"))


@record(frozen=True, slots=True)
class TemplateBlock:
    """The lines of a block or of one of its branches, 1-based, without the tag that ends it.

    Attributes:
        comment: It is a comment.
    """

    first: int
    last: int
    comment: bool = False


def template_blocks(text: str) -> Iterator[TemplateBlock]:
    """The blocks of a text that span several lines, as far as their tags are written."""
    opened: list[tuple[str, int]] = []
    line, offset = 1, 0
    for tag in _TAG.finditer(text):
        line, offset = line + text.count("\n", offset, tag.start()), tag.start()
        if tag["comment"] is not None:
            yield from _lines(line, line + tag["comment"].count("\n"), comment=True)
        else:
            yield from _template_blocks_closed(opened, tag["word"], tag["rest"], line)


def _template_blocks_closed(
    opened: list[tuple[str, int]], word: str, rest: str, line: int
) -> Iterator[TemplateBlock]:
    """The block that a tag ends; `opened` are the words and lines of the open ones."""
    if word in _BRANCHES and opened and opened[-1][0] in ("if", "for"):
        yield from _lines(opened[-1][1], line - 1)
        opened[-1] = (opened[-1][0], line)
    elif word.startswith("end"):
        begun = _begun(opened, word.removeprefix("end"))
        if begun is not None:
            yield from _lines(begun, line - 1)
    elif word in _ENDED or (word == "set" and "=" not in rest):
        opened.append((word, line))


def _begun(opened: list[tuple[str, int]], word: str) -> int | None:
    """The line of the innermost open block of a kind; blocks inside it were never ended."""
    for index in range(len(opened) - 1, -1, -1):
        if opened[index][0] == word:
            line = opened[index][1]
            del opened[index:]
            return line
    return None


def _lines(first: int, last: int, *, comment: bool = False) -> Sequence[TemplateBlock]:
    return (TemplateBlock(first, last, comment),) if last > first else ()
