"""Draft test cases for the selected prompts, and write them to their case files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from promptops.analysis.coverage import uncovered_message
from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.cases.drafting import Drafts, drafted
from promptops.commands.cases.samples import PRODUCTION, SampleGroups, SamplesRead
from promptops.errors import InputError, PromptopsError, os_reason
from promptops.lint.possible_outcomes import PossibleOutcomes
from promptops.lint.subject import PromptFacts
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.records import record, replace
from promptops.records.outputs import output, shown
from promptops.report.data_text import yaml_text
from promptops.source.cases import read_cases
from promptops.source.document import Document, read_any
from promptops.source.paths import is_yaml
from promptops.storage.atomic import create_whole, part_of, replace_whole
from promptops.testing.plan import with_hint
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class DraftedCase:
    """A case that was drafted.

    Attributes:
        name: Unique in its prompt.
        tags: `draft`, and `production` for inputs from a log.
        inputs: As a caller would pass them.
        rendered: Its assertions on the request, as they are written.
    """

    name: str
    tags: tuple[str, ...]
    inputs: dict[str, Any]
    rendered: tuple[dict[str, Any], ...]


@record(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A branch for which no inputs were found.

    Attributes:
        place: Of its condition.
        message: Such as "`known` is empty in every case".
        impossible: Its condition excludes all inputs that the schema accepts; this is proven.
        reason: Why the search failed, such as the error of the rendering; "" if it is impossible.
    """

    place: Place
    message: str
    impossible: bool
    reason: str


@record(frozen=True, slots=True, kw_only=True)
class PromptDrafts:
    """The drafts of a prompt.

    Attributes:
        prompt: Its id.
        path: The file that the drafts are in; None if there are none.
        cases: The drafts; empty if the cases of the prompt cover its branches already.
        replaced: The number of older drafts that were removed.
        covered: The number of branches that the cases and the drafts cover.
        total: The number of all branches.
        unreached: The branches for which no inputs were found.
        problem: Why nothing was drafted; None if nothing went wrong.
        place: Of the problem.
    """

    prompt: str
    path: str | None = None
    cases: tuple[DraftedCase, ...] = ()
    replaced: int = 0
    covered: int = 0
    total: int = 0
    unreached: tuple[Unreached, ...] = ()
    problem: str | None = None
    place: Place | None = None


@output("cases")
@record(frozen=True, slots=True, kw_only=True)
class CaseDrafts:
    """The result of `cases`.

    Attributes:
        written: Whether the files were changed; False with --show.
        prompts: Sorted by id.
        samples: What became of the samples; None without --samples.
    """

    written: bool
    prompts: tuple[PromptDrafts, ...]
    samples: SamplesRead | None = None

    @shown
    def drafted(self) -> int:
        """The number of drafted cases."""
        return sum(len(each.cases) for each in self.prompts)

    @shown
    def next(self) -> str | None:
        """The command to run next; None if nothing was drafted."""
        if not (self.written and self.drafted):
            return None
        return "promptops test" if self.samples is None else "promptops test --record"


@record(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """How cases are drafted.

    Attributes:
        refresh: Remove the drafts that exist, and draft them again: with samples those of
            production, without samples the others.
        write: Write them; otherwise no file is changed.
        samples: Files whose inputs are used; without any, inputs are made up.
        pick: The largest number of samples that become cases, of each prompt.
    """

    refresh: bool = False
    write: bool = True
    samples: tuple[str, ...] = ()
    pick: int = 20

    def replaces(self, case: Case) -> bool:
        """Whether a case is drafted again."""
        same_kind = (PRODUCTION in case.tags) == bool(self.samples)
        return self.refresh and case.is_draft and same_kind


def draft_cases(
    workspace: Workspace, wanted: SelectionOptions, options: DraftOptions
) -> CaseDrafts:
    """Draft cases for the branches of the selected prompts that no case covers.

    Raises UsageError if nothing is selected, InputError if a log can't be read.
    """
    catalog = workspace.catalog
    paths = select(workspace, wanted).why
    groups = read = None
    draft: Callable[[Prompt], Drafts] = partial(drafted, catalog)
    if options.samples:
        known = (loaded.prompt for loaded in catalog.prompts(paths))
        groups = SampleGroups(catalog, [prompt for prompt in known if prompt is not None])
        read = groups.read(options.samples, workspace.config.score.fields)
        draft = partial(groups.drafts, most=options.pick)
    prompts = [_of_file(catalog, loaded, draft, options) for loaded in catalog.prompts(paths)]
    root = workspace.repository.root if options.write else None
    found = tuple(_written(each, target, root) for each, target in prompts)
    if groups is not None and read is not None:
        read = replace(read, covered=groups.covered)
        # A branch that no sample takes was not searched for.
        found = tuple(replace(each, unreached=()) for each in found)
    return CaseDrafts(written=options.write, prompts=found, samples=read)


def _written(drafts: PromptDrafts, target: CaseTarget | None, root: Path | None) -> PromptDrafts:
    """Write the drafts of a prompt; without a root nothing is written."""
    if target is not None and root is not None:
        try:
            target.write(root)
        except InputError as error:
            problem = f"{error.where}: {with_hint(error.message, error.hint)}"
            place = Place(target.prompt_path)
            return PromptDrafts(prompt=drafts.prompt, problem=problem, place=place)
    return drafts


def _of_file(
    catalog: Catalog,
    loaded: LoadedPrompt,
    draft: Callable[[Prompt], Drafts],
    options: DraftOptions,
) -> tuple[PromptDrafts, CaseTarget | None]:
    name = loaded.id
    if loaded.prompt is None:
        found = PromptDrafts(prompt=name, problem=f"it has errors: see {loaded.lint_command}")
        return replace(found, place=Place(loaded.path)), None
    prompt = loaded.prompt
    try:
        target = case_target(catalog, prompt)
        old = [case for case in prompt.cases if options.replaces(case)]
        kept = replace(prompt, cases=tuple(case for case in prompt.cases if case not in old))
        drafts = draft(kept)
        unreached = dict.fromkeys(_unreached(catalog, loaded, drafts))
        result = replace(_result(prompt, drafts), unreached=tuple(unreached))
        if drafts.failure is not None:
            raise drafts.failure
        if not drafts.cases:
            return result, None
        names = frozenset(case.name for case in old)
        target = with_drafts(target, drafts.cases, names)
        return replace(result, path=target.path, replaced=len(old)), target
    except PromptopsError as error:
        place = getattr(error, "place", None) or prompt.locate("", False)
        return PromptDrafts(prompt=name, problem=error.message, place=place), None


def _result(prompt: Prompt, drafts: Drafts) -> PromptDrafts:
    cases = tuple(
        DraftedCase(
            name=case["name"],
            tags=tuple(case["tags"]),
            inputs=case.get("inputs", {}),
            rendered=tuple(case.get("rendered", ())),
        )
        for case in drafts.cases
    )
    return PromptDrafts(
        prompt=prompt.id,
        cases=cases,
        covered=drafts.coverage.covered,
        total=drafts.coverage.total,
    )


def _unreached(catalog: Catalog, loaded: LoadedPrompt, drafts: Drafts) -> Iterator[Unreached]:
    missing = [branch for branch in drafts.coverage.ways if not branch.covered]
    if not missing:
        return
    # What a schema allows does not depend on the date.
    possible = PossibleOutcomes(PromptFacts(catalog, loaded, date.min))
    for branch in missing:
        message, site, _ = uncovered_message(branch)
        impossible = not possible.lead_to(branch)
        reason = "" if impossible else drafts.reasons.get(branch.key, "")
        yield Unreached(
            place=site.place,
            message=without_secrets(message),
            impossible=impossible,
            reason=without_secrets(reason),
        )


# Where the drafts of a prompt are written, and how its files change.

_ENDING = ".cases.yaml"
_HEADER = """\
# Test cases, drafted by `promptops cases` from the branches of the prompt. Read each one: change
# the inputs to what your application sends, remove `draft` from its tags, and it is yours.
"""


@record(frozen=True, slots=True, kw_only=True)
class CaseTarget:
    """A case file, and the prompt file that names it.

    Texts have LF as their newlines; files keep what they have.

    Attributes:
        path, text: Of the case file; "" for a new one.
        prompt_path, prompt_text: Of the prompt file; the text is None if it stays as it is.
        before: The content of the files that exist, by path.
    """

    path: str
    text: str
    prompt_path: str
    prompt_text: str | None = None
    before: Mapping[str, bytes]

    def write(self, root: Path) -> None:
        """Write both files below `root`, the case file first; raises InputError.

        A new file replaces nothing, such as a file that git ignores, or a link.
        """
        for path, text in ((self.path, self.text), (self.prompt_path, self.prompt_text)):
            if text is not None:
                try:
                    self._write(root / path, path, text)
                except FileExistsError:
                    message = "there is a file that git does not list: it is ignored, or a link"
                    raise InputError(message, where=path, hint="move it away") from None
                except OSError as error:
                    raise InputError(f"can't be written: {os_reason(error)}", where=path) from None

    def _write(self, file: Path, path: str, text: str) -> None:
        if path not in self.before:
            create_whole(file, text.encode())
        else:
            data = _with_newlines_of(self.before[path], text)
            replace_whole(file, data, part_of(file))


def case_target(catalog: Catalog, prompt: Prompt) -> CaseTarget:
    """The case file for the drafts of a prompt: the first that can be added to, or a new one.

    Raises InputError if the cases of the prompt are those of another one.
    """
    before = {prompt.path: catalog.files.data(prompt.path) or b""}
    document = read_any(prompt.path, before[prompt.path])
    own = document.value if isinstance(document.value, dict) else {}
    if prompt.extends is not None and "tests" not in own and prompt.cases:
        raise InputError(
            f"its cases are those of {prompt.extends}",
            where=prompt.path,
            hint="give it `tests` of its own",
        )
    folder = prompt.path.rpartition("/")[0]
    for name in _named_files(own.get("tests")):
        path = f"{folder}/{name.removeprefix('./')}".lstrip("/")
        data = catalog.files.data(path) if name.startswith("./") else None
        is_fitting = is_yaml(name) or name.endswith(".jsonl")
        if data is not None and is_fitting and not _is_shared(catalog, path, prompt.path):
            before[path] = data
            text = _plain_text(data, path)
            return CaseTarget(path=path, text=text, prompt_path=prompt.path, before=before)
    stem = prompt.path.rpartition("/")[2].rpartition(".prompt.")[0]
    path = f"{folder}/{stem}{_ENDING}".lstrip("/")
    if catalog.files.data(path) is not None:
        raise InputError(
            f"{path} exists, and the prompt does not name it",
            where=prompt.path,
            hint=f"add `- file: ./{stem}{_ENDING}` to its `tests`, or move the file away",
        )
    _plain_text(before[prompt.path], prompt.path)
    changed = _with_file(document, own, f"./{stem}{_ENDING}")
    return CaseTarget(
        path=path, text="", prompt_path=prompt.path, prompt_text=changed, before=before
    )


def _is_shared(catalog: Catalog, path: str, prompt_path: str) -> bool:
    """Whether another prompt file names a case file; one that inherits it does not."""
    for other in catalog.dependent_prompts(path):
        value = catalog.document(other).value
        if other != prompt_path and isinstance(value, dict) and "tests" in value:
            return True
    return False


# Texts of files, with LF as their newlines.


def _plain_text(data: bytes, where: str) -> str:
    """The text of a file; raises InputError if it could not be written as it was."""
    try:
        text = data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InputError("it is not UTF-8", where=where) from None
    if _with_newlines_of(data, text) != data:
        raise InputError(
            "it has several kinds of newlines", where=where, hint="make them all the same"
        )
    return text


def _with_newlines_of(data: bytes, text: str) -> bytes:
    """A text with the newlines of a file."""
    newline = "\r\n" if b"\r\n" in data else "\n"
    return text.replace("\n", newline).encode()


def _named_files(tests: Any) -> Iterable[str]:
    entries = tests if isinstance(tests, list) else []
    found = (each.get("file") for each in entries if isinstance(each, Mapping))
    return (name for name in found if isinstance(name, str))


def _with_file(document: Document, own: Mapping[str, Any], name: str) -> str:
    """The text of a prompt file that names a case file; raises InputError if it is not certain."""
    text = document.text.replace("\r\n", "\n")
    tests = own.get("tests")
    if "tests" not in own:
        new = f"{text.rstrip()}\n\ntests:\n  - file: {name}\n"
    else:
        new = _with_entry(document, tests, name)
    after = read_any(document.path, new.encode()).value
    if after != {**own, "tests": [*(tests or []), {"file": name}]}:
        raise InputError(
            "its `tests` can't be edited safely",
            where=document.path,
            hint=f"add `- file: {name}` to them",
        )
    return new


def _with_entry(document: Document, tests: Any, name: str) -> str:
    lines = document.text.replace("\r\n", "\n").split("\n")
    at = document.place("/tests")
    line = lines[at.line - 1]
    if line[at.column - 1 : at.column] == "[":
        end = at.end_column - 2
        before = line[:end].rstrip()
        comma = ", " if tests else ""
        lines[at.line - 1] = f"{before}{comma}{{file: {name}}}{line[end:]}"
        return "\n".join(lines)
    first = document.place("/tests/0")
    indent = " " * (first.column - 3)
    last = first.line
    for number in range(first.line + 1, len(lines) + 1):
        content = lines[number - 1]
        if content.strip() and len(content) - len(content.lstrip()) < first.column - 3:
            break
        if content.strip() and content.startswith(indent) and not content.startswith("#"):
            inside = content[len(indent) :]
            if not (inside.startswith((" ", "- ")) or inside == "-"):
                break
            last = number
    lines.insert(last, f"{indent}- file: {name}")
    return "\n".join(lines)


def with_drafts(
    target: CaseTarget, drafts: Sequence[Mapping[str, Any]], removed: Collection[str]
) -> CaseTarget:
    """The file with drafts at its end, without the cases of some names.

    Raises InputError if the other cases would not stay as they are.
    """
    kept = _without(target, removed)
    if target.path.endswith(".jsonl"):
        new = "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in drafts)
    else:
        new = yaml_text(list(drafts)) if drafts else ""
    before = f"{kept.rstrip()}\n" if kept.strip() else "" if target.text else _HEADER
    text = f"{before}{new}"
    old = read_cases(target.path, target.text.encode()).values
    found = read_cases(target.path, text.encode())
    expected = [case for case in old if case.get("name") not in removed] + [*drafts]
    if found.problems or list(found.values) != expected:
        raise InputError(
            "its cases can't be changed safely",
            where=target.path,
            hint="move the drafts to a file of their own",
        )
    return replace(target, text=text)


def _without(target: CaseTarget, removed: Collection[str]) -> str:
    """The text without the lines of some cases."""
    if not removed:
        return target.text
    found = read_cases(target.path, target.text.encode())
    lines = target.text.split("\n")
    starts = [found.place(f"/{index}").line for index in range(len(found.values))]
    ends = [*starts[1:], len(lines) + 1]
    for case, start, end in reversed(list(zip(found.values, starts, ends, strict=True))):
        if isinstance(case, Mapping) and case.get("name") in removed:
            del lines[start - 1 : end - 1]
    return "\n".join(lines)
