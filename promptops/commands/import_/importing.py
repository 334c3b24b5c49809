"""Import prompts of other tools: read the sources, plan the files, check and write them.

Also lists what an import would read, finds shared paragraphs, and names the sources that can go.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from promptops.analysis.secrets import Masked, find_secrets, masked, without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.import_.planning import (
    Ids,
    ImportOptions,
    Planned,
    Profiles,
    planned,
    target,
)
from promptops.commands.import_.reading import (
    NameGlobs,
    ReadFile,
    Source,
    left_out,
    read_sources,
    refuse_unmatched,
    self_check_loss,
    sources,
)
from promptops.errors import UsageError
from promptops.formats.code_uses import CodeUse, code_uses, with_calls
from promptops.formats.codes import CODES, severity_of
from promptops.formats.document import (
    Loss,
    SourceCase,
    SourceDocument,
    SourceLoop,
    SourceMessage,
    TextContent,
    TextPart,
)
from promptops.formats.input_schema import input_schema
from promptops.formats.model_fields import names_connection
from promptops.formats.prompt_file import written_messages
from promptops.formats.source_file import SourceFile, SourceFolder, place_of_value
from promptops.json_pointer import tokens, value_at
from promptops.lint.searchable_text import written as text_of_prompt
from promptops.model.config import Config, ModelProfile
from promptops.model.finding import Finding, Problem, Severity
from promptops.model.imported import (
    Candidate,
    CandidateList,
    Import,
    ImportedPrompt,
    ImportedSource,
    State,
    UsedAt,
)
from promptops.model.internal_error import CaughtBug
from promptops.patterns import lazy_pattern
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.repo.repository import INDEX, WORKTREE
from promptops.runtime.request.render import Renderer, RenderError
from promptops.source.config import OWN_FILE
from promptops.source.document import Document, read_any
from promptops.suggestions import did_you_mean
from promptops.workspace.edits import ChangedTree
from promptops.workspace.new_files import create_file, existing_content, write_schema_copy
from promptops.workspace.workspace import Workspace, catalog_of


def import_prompts(workspace: Workspace, paths: Sequence[str], options: ImportOptions) -> Import:
    """Write the prompts of the sources as prompt files. Existing files are never overwritten.

    Raises UsageError for an unknown format, an invalid id, a name in the sample that no prompt
    reads, or a folder outside of the prompt roots; InputError for a source that can't be opened, or
    a file that can't be written; GitError without a work tree.
    """
    folder = target(workspace, options.to)
    globs = NameGlobs(options.include, options.exclude)
    found = sources(paths, globs, workspace)
    uses, reads = _with_uses(tuple(read_sources(found, options.format, options.reading, globs)))
    refuse_unmatched(globs)
    profiles = Profiles(workspace.config.models) if options.profiles else None
    plans = tuple(planned(workspace, reads, folder, profiles, options))
    refuse_unread_names(plans, options.reading.sample)
    complete = self_checked(workspace, plans, profiles)
    root = workspace.repository.root
    results = [written_prompt(root, plan, options, uses) for plan in complete]
    is_written = any(result.prompt.state == "written" for result in results)
    return Import(
        sources=tuple(_imported_sources(reads, results)),
        findings=tuple(findings(reads, _losses(reads, results))),
        schema_copy=write_schema_copy(root) if is_written else None,
        profiles=_shown_profiles(profiles),
        configuration=workspace.config.path or OWN_FILE,
        companions=sum(len(source.folder.used.intersection(source.paths)) for source in found),
        left_out=tuple(left_out(found, reads)),
        removable=tuple(removable(workspace, found, reads, results)),
    )


Uses = Mapping[str, Sequence[CodeUse]]
"""Where code uses a text, by `PATH::KEY`."""


def _with_uses(reads: Sequence[ReadFile]) -> tuple[Uses, tuple[ReadFile, ...]]:
    """Where code uses the prompts; the files with what the code sends their prompts with."""
    files = {
        read.path: read.data.decode(errors="replace").replace("\r\n", "\n")
        for read in reads
        if read.format in _CODE_FORMATS
    }
    keys = [
        f"{read.path}::{key}"
        for read in reads
        for one in read.found
        if isinstance(one, SourceDocument)
        for key in one.keys
    ]
    uses = code_uses(files, dict.fromkeys(keys)) if keys else {}
    return uses, tuple(
        replace(read, found=tuple(_with_calls(one, read, uses) for one in read.found))
        for read in reads
    )


def _with_calls(found: SourceDocument | Loss, read: ReadFile, uses: Uses) -> SourceDocument | Loss:
    if isinstance(found, Loss) or not found.keys:
        return found
    return with_calls(found, list(_uses_of(found, read.path, uses)))


def _uses_of(document: SourceDocument, path: str, uses: Uses) -> Iterator[CodeUse]:
    """The uses of the texts of a prompt elsewhere than where it begins."""
    for key in document.keys:
        for use in uses.get(f"{path}::{key}", ()):
            place = use.used_at.place
            if place.line != document.place.line or place.path != path:
                yield use


def _used_at(plan: Planned, uses: Uses) -> tuple[UsedAt, ...]:
    """Where code uses a prompt; empty for other formats than code."""
    document = plan.document
    if plan.read.format in _CODE_FORMATS and not document.keys:
        return (UsedAt(place=document.place, kind="inline", arguments=()),)
    return tuple(use.used_at for use in _uses_of(document, plan.read.path, uses))


def _imported_sources(
    reads: Iterable[ReadFile], results: Iterable[WrittenPrompt]
) -> Iterable[ImportedSource]:
    prompts: dict[str, list[ImportedPrompt]] = {}
    for result in results:
        prompts.setdefault(result.source, []).append(result.prompt)
    for read in reads:
        yield ImportedSource(
            path=read.path, format=read.format, prompts=tuple(prompts.get(read.path, ()))
        )


def _losses(
    reads: Iterable[ReadFile], results: Sequence[WrittenPrompt]
) -> Iterable[tuple[str, Loss]]:
    """All losses, each with the id of its prompt, or ""."""
    for read in reads:
        yield from (("", one) for one in read.found if isinstance(one, Loss))
    for result in results:
        yield from ((result.prompt.id, loss) for loss in result.losses)
    yield from (("", loss) for loss in shared_paragraphs(one.document for one in results))


def _shown_profiles(profiles: Profiles | None) -> Mapping[str, Mapping[str, str]]:
    """The new profiles without secrets."""
    new = profiles.new if profiles is not None else {}
    return {
        name: {key: without_secrets(value) for key, value in profile.items()}
        for name, profile in new.items()
    }


# Whether the prompts have the inputs that `--inputs` names.

_MOST_INPUTS_NAMED = 10


def refuse_unread_names(plans: Iterable[Planned], sample: Mapping[str, Any]) -> None:
    """Raises UsageError for a name that is neither an input of a prompt nor its former name."""
    known = dict.fromkeys(name for plan in plans for name in _input_names(plan))
    for name in sample:
        if known and name not in known:
            inputs = f"the inputs are: {some(list(known), _MOST_INPUTS_NAMED, 'input')}"
            hint = did_you_mean(name, known) or inputs
            raise UsageError(f"no prompt has the input `{name}` of --inputs", hint=hint)


def _input_names(plan: Planned) -> Iterable[str]:
    return (*plan.files.inputs, *plan.document.aliases.values())


# Whether prompt files that are about to be written can be read and rendered, and have no secrets.

_MOST_PROBLEMS_SHOWN = 3
_SECRET_HINT = "remove it from the source, and revoke the key"


def self_checked(
    workspace: Workspace, planned: Iterable[Planned], profiles: Profiles | None
) -> Iterator[Planned]:
    """The prompts, with an IMP016 for each mistake in their files and an IMP131 for a secret.

    A test case of the source that can't be rendered is left out with an IMP132. A bug that one
    prompt leads to is a mistake of this prompt only.
    """
    plans = tuple(planned)
    config = _config_with(workspace.config, profiles)
    catalog = _catalog_with(workspace, plans, config)
    checks = [_checked(catalog, plan) for plan in plans]
    fitting = [_without_cases(plan, check.unfit) for plan, check in zip(plans, checks, strict=True)]
    if any(check.unfit for check in checks):
        catalog = _catalog_with(workspace, fitting, config)
    for plan, check in zip(fitting, checks, strict=True):
        found = _checked(catalog, plan) if check.unfit else check
        still_unfit = (
            self_check_loss(f"the case `{name}` can't be rendered: {reason}", plan.document.place)
            for name, reason in found.unfit.items()
        )
        yield replace(plan, losses=(*plan.losses, *found.losses, *still_unfit))


@record(frozen=True, slots=True, kw_only=True)
class _Check:
    """What is wrong with the files of one prompt.

    Attributes:
        unfit: Why a test case can't be rendered, by its name.
    """

    losses: tuple[Loss, ...]
    unfit: Mapping[str, str]


def _checked(catalog: Catalog, plan: Planned) -> _Check:
    if any(loss.refuses for loss in plan.losses):
        return _Check(losses=(), unfit={})
    losses: list[Loss] = []
    unfit: dict[str, str] = {}
    with CaughtBug() as bug:
        losses += _secret_losses(catalog, plan)
        losses += _fault_losses(catalog, plan)
        unfit |= _unfit_cases(catalog, plan)
    if bug.error is not None:
        losses.append(self_check_loss(str(bug.error), plan.document.place))
    return _Check(losses=tuple(losses), unfit=unfit)


def _unfit_cases(catalog: Catalog, plan: Planned) -> Iterator[tuple[str, str]]:
    loaded = catalog.loaded(plan.files.path)
    if loaded.problems or loaded.prompt is None:
        return
    renderer = Renderer(loaded.prompt, catalog.load)
    for case in loaded.prompt.cases:
        try:
            renderer.messages(case.inputs)
        except RenderError as error:
            yield case.name, error.message.removeprefix(f"{loaded.prompt.id}: ")


def _without_cases(plan: Planned, unfit: Mapping[str, str]) -> Planned:
    """The prompt without these test cases, which do not decide about the types of its inputs."""
    if not unfit:
        return plan
    document = plan.document
    left_out = [case for case in document.cases if case.name in unfit]
    values = [case.inputs for case in left_out]
    fitting = replace(
        document,
        cases=tuple(case for case in document.cases if case.name not in unfit),
        samples=tuple(one for one in document.samples if one not in values),
    )
    files = plan.write(fitting)
    others = plan.losses[len(plan.files.losses) :]
    losses = (_unfit_case(case, unfit[case.name]) for case in left_out)
    return replace(plan, document=fitting, files=files, losses=(*files.losses, *others, *losses))


def _unfit_case(case: SourceCase, reason: str) -> Loss:
    message = f"the case `{case.name}` does not fit the prompt, and is left out: {reason}"
    return Loss(code="IMP132", message=message, place=case.place)


def _catalog_with(workspace: Workspace, plans: Iterable[Planned], config: Config) -> Catalog:
    """The catalog of the work tree with the files that will be written."""
    repository = workspace.repository
    texts = {path: text for plan in plans for path, text in plan.files.files.items()}
    data = {path: text.encode() for path, text in texts.items()}
    disk = repository.tree(WORKTREE, workspace.config.prompts)
    tree = ChangedTree(disk, data)
    return catalog_of(repository, WORKTREE, tree, config)


def _config_with(config: Config, profiles: Profiles | None) -> Config:
    """The configuration with the profiles that the user is going to add."""
    new = profiles.new if profiles is not None else {}
    added = {
        name: ModelProfile(name=name, provider=one["provider"], id=one["id"])
        for name, one in new.items()
    }
    return replace(config, models={**config.models, **added})


def _secret_losses(catalog: Catalog, plan: Planned) -> Iterator[Loss]:
    """An error for each kind of secret that the rule SEC001 finds, without any part of it."""
    path = plan.files.path
    texts = text_of_prompt(catalog, catalog.document(path), catalog.loaded(path).references)
    found = {match.message for text in texts for match in find_secrets(text.text)}
    for kind in sorted(found):
        message = f"the prompt contains {kind}: it is not written"
        place = plan.document.place
        yield Loss(code="IMP131", message=message, place=place, hint=_SECRET_HINT, refuses=True)


def _fault_losses(catalog: Catalog, plan: Planned) -> Iterator[Loss]:
    for problem in catalog.loaded(plan.files.path).problems[:_MOST_PROBLEMS_SHOWN]:
        yield _fault(catalog.document(plan.files.path), plan, problem)


def _fault(written: Document, plan: Planned, problem: Problem) -> Loss:
    """An IMP016 that names the key, at the same key of the source if it has one."""
    message = f"{problem.code}: {problem.message}"
    place = plan.document.place
    pointer = problem.at if isinstance(problem.at, str) else written.pointer_at(problem.at)
    if not pointer:
        return self_check_loss(message, place)
    steps = tokens(pointer)
    source = SourceFile(SourceFolder(Path(), ""), plan.read.path, plan.read.data)
    found = place_of_value(source, steps[-1], value_at(written.value, pointer))
    return self_check_loss(f"{message}, at `{'.'.join(steps)}`", found or place)


# Write the files of one planned prompt, unless something refuses it.


@record(frozen=True, slots=True, kw_only=True)
class WrittenPrompt:
    """The result for one prompt.

    Attributes:
        source: The path of the file in which it was read.
    """

    document: SourceDocument
    source: str
    prompt: ImportedPrompt
    losses: tuple[Loss, ...]


def written_prompt(root: Path, plan: Planned, options: ImportOptions, uses: Uses) -> WrittenPrompt:
    """The prompt with what became of it; its files are below `root`.

    Raises InputError for a file that can't be created.
    """
    existing = {path: existing_content(root / path) for path in plan.files.files}
    losses = plan.losses
    # The files of another prompt with the same id differ for that reason.
    is_taken = any(loss.code == "IMP006" for loss in losses)
    if not is_taken and _was_imported(plan, existing):
        existing = {path: data for path, data in existing.items() if not path.endswith(_CASES)}
        changed = tuple(_changed_files(plan, existing))
        if changed or None not in existing.values():
            return _result(plan, changed, "kept" if changed else "same", uses)
    elif not is_taken:
        losses = (*losses, *_different_files(plan, existing))
    worst = max((severity_of(loss) for loss in losses), default=Severity.INFO)
    if worst is Severity.ERROR or (options.strict and worst is Severity.WARNING):
        return _result(plan, losses, "refused", uses)
    new = {path: plan.files.files[path] for path, data in existing.items() if data is None}
    return _result(plan, losses, _state(root, new, options), uses)


def _result(plan: Planned, losses: tuple[Loss, ...], state: State, uses: Uses) -> WrittenPrompt:
    if state == "same":
        losses = ()  # which the import that wrote the files reported
    return WrittenPrompt(
        document=plan.document,
        source=plan.read.path,
        prompt=_imported_prompt(plan, losses, state, _used_at(plan, uses)),
        losses=losses,
    )


_CASES = ".cases.yaml"
_ORIGIN = lazy_pattern(r"(?m)^# imported from (.*) \([0-9a-f]{8}\) by promptops import$")


def _was_imported(plan: Planned, existing: Mapping[str, bytes | None]) -> bool:
    """Whether the prompt file that exists was imported from the same file, and differs now."""
    path = plan.files.path
    data = existing.get(path)
    if data is None or data == plan.files.files[path].encode():
        return False
    before, now = map(_ORIGIN.search, (data.decode(errors="replace"), plan.files.files[path]))
    return before is not None and now is not None and before[1] == now[1]


def _changed_files(plan: Planned, existing: Mapping[str, bytes | None]) -> Iterator[Loss]:
    """An IMP316 for each file that differs, the prompt file in more than test cases and status."""
    for path, data in existing.items():
        text = plan.files.files[path]
        if data is None or data == text.encode():
            continue
        if path == plan.files.path and _without_tests(path, data) == _without_tests(
            path, text.encode()
        ):
            continue
        lines = counted(_lines_that_differ(data.decode("utf-8", errors="replace"), text), "line")
        message = f"`{path}` exists already, and {lines} of it differ: it stays as it is"
        yield Loss(code="IMP316", message=message, place=plan.document.place)


def _without_tests(path: str, data: bytes) -> Any:
    """The value of a prompt file without its test cases, and without `status: draft`."""
    value = read_any(path, data).value
    if not isinstance(value, dict):
        return data
    return {key: one for key, one in value.items() if key not in ("tests", "status")}


def _different_files(plan: Planned, existing: Mapping[str, bytes | None]) -> Iterator[Loss]:
    for path, data in existing.items():
        text = plan.files.files[path]
        if data is None or data == text.encode():
            continue
        lines = counted(_lines_that_differ(data.decode("utf-8", errors="replace"), text), "line")
        message = f"`{path}` exists, and {lines} of it differ: it is not overwritten"
        hint = "write elsewhere with --to, and compare: git diff --no-index"
        yield Loss(code="IMP005", message=message, place=plan.document.place, hint=hint)


def _lines_that_differ(old: str, new: str) -> int:
    """The number of lines that only one of two texts has, of the one that has more of them."""
    before, after = Counter(old.split("\n")), Counter(new.split("\n"))
    return max((before - after).total(), (after - before).total())


def _state(root: Path, new: Mapping[str, str], options: ImportOptions) -> State:
    if not new:
        return "same"
    if options.dry_run:
        return "would-write"
    for path, text in new.items():
        create_file(root, path, text)
    return "written"


def _imported_prompt(
    plan: Planned, losses: tuple[Loss, ...], state: State, used_at: tuple[UsedAt, ...]
) -> ImportedPrompt:
    document = plan.document
    return ImportedPrompt(
        id=document.id,
        path=plan.files.path,
        place=document.place,
        format=document.format,
        state=state,
        messages=len(document.messages),
        inputs=len(plan.files.inputs),
        cases=len(document.cases),
        files=tuple(plan.files.files),
        has_model=bool(document.fields.get("model", {}).keys() & {"profile", "id"}),
        is_draft=plan.files.is_draft,
        losses=sum(severity_of(loss) >= Severity.WARNING for loss in losses),
        notes=sum(severity_of(loss) is Severity.INFO for loss in losses),
        used_at=used_at,
    )


# Losses as findings, with the line of their source and without its secrets.

_WITHOUT_SOURCE_LINE = frozenset(("IMP111", "IMP131"))
"""Their lines are not shown: a key can have any form."""


def findings(reads: Iterable[ReadFile], losses: Iterable[tuple[str, Loss]]) -> Iterator[Finding]:
    """A finding for each loss, which has the id of its prompt, or ""."""
    data = {read.path: read.data for read in reads}

    @cache
    def source(path: str) -> Masked:
        try:
            text = data.get(path, b"").decode().removeprefix("\ufeff")
        except UnicodeDecodeError:
            return Masked("", ())
        return masked(text.replace("\r\n", "\n"))

    @cache
    def lines(path: str) -> list[str]:
        return source(path).text.split("\n")

    @cache
    def shown_line(path: str, number: int) -> str:
        found = lines(path)
        shown = found[number - 1] if 0 < number <= len(found) else ""
        return "" if names_connection(shown) else shown

    def line(loss: Loss) -> str:
        if loss.code in _WITHOUT_SOURCE_LINE:
            return ""
        return shown_line(loss.place.path, loss.place.line)

    for identity, loss in losses:
        yield Finding(
            code=loss.code,
            name=CODES[loss.code].name,
            severity=severity_of(loss),
            message=without_secrets(loss.message, source(loss.place.path).secrets),
            place=loss.place,
            prompt=identity,
            hint=without_secrets(loss.hint) if loss.hint else loss.hint,
            source_line=line(loss),
        )


# Paragraphs that several imported prompts share: candidates for a partial.

SHORTEST_PARAGRAPH = 120  # characters
FEWEST_SOURCE_FILES = 3
_MOST_PROMPTS_NAMED = 5
_BLANK_LINES = lazy_pattern(r"\n[ \t]*\n")


def shared_paragraphs(documents: Iterable[SourceDocument]) -> Iterator[Loss]:
    """An IMP314 for each paragraph without variables that is in several source files."""
    found: dict[str, dict[str, SourceDocument]] = {}
    for document in documents:
        for paragraph in _paragraphs(document):
            found.setdefault(paragraph, {}).setdefault(document.place.path, document)
    for paragraph, prompts in found.items():
        if len(prompts) >= FEWEST_SOURCE_FILES:
            yield _shared_paragraph(paragraph, list(prompts.values()))


def _paragraphs(document: SourceDocument) -> Iterator[str]:
    for turn in document.messages:
        for message in turn.messages if isinstance(turn, SourceLoop) else (turn,):
            if isinstance(message, SourceMessage):
                yield from _paragraphs_of_message(message)


def _paragraphs_of_message(message: SourceMessage) -> Iterator[str]:
    for content in message.content:
        if isinstance(content, TextContent):
            marked = "".join(
                part.text if isinstance(part, TextPart) else "\0" for part in content.parts
            )
            for paragraph in _BLANK_LINES.split(marked):
                if len(paragraph.strip()) >= SHORTEST_PARAGRAPH and "\0" not in paragraph:
                    yield paragraph.strip()


def _shared_paragraph(paragraph: str, documents: list[SourceDocument]) -> Loss:
    others = some([f"`{one.id}`" for one in documents[1:]], _MOST_PROMPTS_NAMED, "prompt")
    beginning = " ".join(paragraph.split())[:40]
    return Loss(
        code="IMP314",
        message=f"the paragraph `{beginning}…` is also in {others}",
        place=documents[0].place,
        hint="move it to a partial, and include it in each",
    )


# Which sources can be removed from the repository after an import.

_CODE_FORMATS = ("python", "typescript")
"""Formats whose files contain more than prompts."""


def removable(
    workspace: Workspace,
    sources: Iterable[Source],
    reads: Sequence[ReadFile],
    results: Sequence[WrittenPrompt],
) -> Iterator[str]:
    """The sources that git tracks, and of which each tracked file became a prompt."""
    imported = {one.source for one in results if one.prompt.state not in ("refused", "kept")}
    for source in sources:
        own = [read for read in reads if read.source == source.shown]
        complete = own and all(_is_complete(read, imported) for read in own)
        if complete and _has_only(workspace, source, own):
            yield source.shown


def _is_complete(read: ReadFile, imported: set[str]) -> bool:
    errors = any(isinstance(one, Loss) for one in read.found)
    return read.path in imported and read.format not in _CODE_FORMATS and not errors


def _has_only(workspace: Workspace, source: Source, own: Sequence[ReadFile]) -> bool:
    """Whether git tracks files of the source, and all of them on disk were read."""
    root = os.path.realpath(workspace.repository.root)
    inside = os.path.relpath(os.path.realpath(source.shown), root).replace(os.sep, "/")
    if inside.split("/")[0] in ("..", "."):
        return False
    entries = workspace.repository.tree(INDEX, under=(inside,)).entries
    tracked = {path for path in entries if os.path.lexists(os.path.join(root, path))}
    if tracked == {inside}:
        return True
    folder = source.folder
    read = {each.path for each in own} | {folder.path_shown(path) for path in folder.used}
    shown = {folder.path_shown(path.removeprefix(f"{inside}/")) for path in tracked}
    return bool(tracked) and shown <= read


# What an import would read, without files and checks: `promptops import --list`.


def candidates(
    workspace: Workspace | None, paths: Sequence[str], options: ImportOptions
) -> CandidateList:
    """The prompts of the sources, in their order; without those of the workspace, if there is one.

    Writes nothing. Raises InputError for a source that can't be opened, UsageError for an unknown
    format, and for a name that selects nothing.
    """
    globs = NameGlobs(options.include, options.exclude)
    found = sources(paths, globs, workspace)
    reads = tuple(read_sources(found, options.format, options.reading, globs))
    refuse_unmatched(globs)
    listed = tuple(_candidates_and_errors(reads))
    return CandidateList(
        candidates=tuple(one for one in listed if isinstance(one, Candidate)),
        findings=tuple(findings(reads, (("", one) for one in listed if isinstance(one, Loss)))),
        left_out=tuple(left_out(found, reads)),
    )


def _candidates_and_errors(reads: Sequence[ReadFile]) -> Iterator[Candidate | Loss]:
    """The prompts with their ids, and errors about other parts of their files."""
    found = (one for read in reads for one in read.found if isinstance(one, SourceDocument))
    ids = Ids("", (), found)
    for read in reads:
        for one in read.found:
            if isinstance(one, Loss):
                yield one
                continue
            with CaughtBug() as bug:
                yield _candidate(*ids.named(one, None))
            if bug.error is not None:
                yield self_check_loss(str(bug.error), one.place)


def _candidate(document: SourceDocument, _losses: Sequence[Loss]) -> Candidate:
    messages, _ = written_messages(document, tuple)
    inputs = input_schema(document, messages, lambda _origin, _name: None, optional=False)
    return Candidate(
        place=document.place,
        id=document.id,
        name=document.id.rpartition("/")[2],
        format=document.format,
        length=sum(map(len, _texts(messages))),
        variables=tuple(inputs.schema.get("properties", ())),
    )


def _texts(value: Iterable[Any]) -> Iterator[str]:
    """The texts of messages, at any depth."""
    for each in value:
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            yield from _texts(each[key] for key in ("content", "text", "messages") if key in each)
        elif isinstance(each, list):
            yield from _texts(each)
