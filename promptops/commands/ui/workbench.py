"""Answers the requests of the page: all work on one open repository, in one thread."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from promptops.catalog.catalog import Catalog
from promptops.commands.diff.comparison import ComparisonSide, empty_side, sides_between
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.lint.lint import utc_today
from promptops.commands.lint.live import Checks, Live, git_facts
from promptops.commands.run.judging import recorded_run
from promptops.commands.run.preview import preview_prompt
from promptops.commands.run.run import RunWatcher
from promptops.commands.run.saving import NewCaseFields
from promptops.commands.run.tried import (
    AnswerRun,
    LiveCall,
    Tried,
    case_of_inputs,
    live_answers,
    tried_inputs,
)
from promptops.commands.ui.editing import Edit, Edits, Reason
from promptops.commands.ui.judged_cases import JudgedCases, judged_cases
from promptops.commands.ui.proposing import ProposalRun, WantedProposal, live_proposal
from promptops.commands.ui.records import (
    UiBranch,
    UiCatalog,
    UiChange,
    UiPendingFile,
    UiProfile,
    UiPrompt,
    UiPromptName,
    UiRow,
    UiRows,
    UiSaved,
    UiSession,
    UiTested,
)
from promptops.commands.ui.remembered_answers import (
    LastCommit,
    Refusals,
    RememberedAnswers,
    record_answers,
)
from promptops.commands.ui.saving import (
    OtherChange,
    OtherText,
    save_to_branch,
    save_to_files,
)
from promptops.errors import NotFound, UsageError
from promptops.evals.engine.ask import Interrupt
from promptops.model.change import DiffReport
from promptops.model.finding import Finding, Severity
from promptops.model.loaded import LoadedPrompt
from promptops.model.preview import Preview
from promptops.model.prompt import Prompt
from promptops.model.prompt_run import PromptRun
from promptops.model.test_run import TestRun
from promptops.records import field, record, replace
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import is_unborn
from promptops.testing.options import RunOptions
from promptops.testing.runner import CaseRunner
from promptops.untrusted import is_untrusted
from promptops.workspace.edits import with_changes
from promptops.workspace.listing import unreadable_error
from promptops.workspace.message_texts import edited, texts_of, with_lf
from promptops.workspace.profiles import with_profile
from promptops.workspace.selection import Selected, prompts_reaching
from promptops.workspace.workspace import (
    Workspace,
    refuse_closed_roots,
    save_graph,
    workspace_at,
)

MOST_REVISIONS = 4
"""Revisions that stay open for comparisons."""

MOST_NAMES = 50
"""Branches and tags that are offered for comparisons."""

_RELOAD = "reload the page"


class NotAllowed(UsageError):
    """What the workbench was not started for."""


@record(frozen=True, slots=True, kw_only=True)
class WorkbenchOptions:
    """What a workbench shows, and what it may do.

    Attributes:
        overrides: See `source.config.load`.
        revision: `worktree`, or the only revision that is shown.
        write: Edits may be saved.
        live: Models may be called.
    """

    directory: Path
    overrides: Sequence[str] = ()
    revision: str = WORKTREE
    write: bool = False
    live: bool = False


@record(frozen=True, slots=True, kw_only=True)
class TriedPrompt:
    """A prompt with the inputs of a request.

    Attributes:
        id: Of the prompt.
        tried: The inputs.
        profile: The profile of the model; None for that of the prompt.
        at: The revision, or the text that is edited; None for the files with their edits.
        findings: The findings in the prompt file are wanted; computing them takes longest.
    """

    id: str
    tried: Tried = field(default_factory=Tried)
    profile: str | None = None
    at: str | None = None
    findings: bool = True


class _View(Protocol):
    """An open repository: `Live`, or one revision of it."""

    workspace: Workspace

    def readable(self, path: str) -> LoadedPrompt | None: ...

    def own_findings(self, path: str) -> tuple[Finding, ...]: ...

    def close(self) -> None: ...


class _Revision:
    """The prompts of one revision, with their findings."""

    def __init__(self, options: WorkbenchOptions) -> None:
        self._repository = Repository.open(options.directory)
        try:
            found = workspace_at(self._repository, options.revision, options.overrides)
            entries = found.catalog.files.entries
            refuse_closed_roots(self._repository, found.revision, found.config, entries)
        except BaseException:
            self.close()
            raise
        self.workspace = found
        facts = git_facts(self._repository)
        self._checks = Checks(found, facts, untrusted=is_untrusted(), today=utc_today)

    def readable(self, path: str) -> LoadedPrompt | None:
        return self.workspace.catalog.loaded(path)

    def own_findings(self, path: str) -> tuple[Finding, ...]:
        return self._checks.own_findings(path)

    def close(self) -> None:
        self._repository.close()


def _newest_names(repository: Repository) -> tuple[str, ...]:
    """The newest branches and tags, newest first."""
    wanted = ("--sort=-creatordate", f"--count={MOST_NAMES}", "--format=%(refname:short)")
    found = repository.git.ask("for-each-ref", *wanted, "refs/heads", "refs/tags")
    return tuple(found.stdout.decode("utf-8", "replace").splitlines())


class Workbench:
    """The state of the server; it is made and used in one thread.

    Raises what opening a repository raises, and the errors of its configuration.
    """

    def __init__(self, options: WorkbenchOptions) -> None:
        self._options = options
        self._live: Live | None = None
        self._edits: Edits | None = None
        self._remembered = RememberedAnswers()
        self._saved: dict[str, UiBranch] = {}
        self._differing: frozenset[str] | None = None
        self._watched: _WatchedFiles | None = None
        self._changes = 0
        self._recorded: tuple[int, int] | None = None
        self._revisions: dict[str, Workspace] = {}
        self._view: _View
        if options.revision != WORKTREE:
            self._view = _Revision(options)
            return
        live = Live(options.directory, options.overrides, untrusted=is_untrusted())
        if live.errors:
            live.close()
            raise live.errors[0]
        self._view = self._live = live
        self._edits = Edits(live)
        self._watched = _WatchedFiles(live.workspace)

    def close(self) -> None:
        """Stop the git process that reads blobs."""
        self._view.close()

    def warm(self) -> Iterator[None]:
        """Read which files depend on which, and keep it; pauses after each few files."""
        if self._live is not None:
            yield from self._live.warm()
            save_graph(self._catalog, self._view.workspace.repository.common_dir)

    def refresh(self) -> None:
        """Read again what other programs changed; costs a look at the files if nothing did."""
        if self._watched is not None and self._watched.have_changed():
            self._read_again()

    def _read_again(self) -> None:
        if self._live is not None and self._watched is not None:
            self._live.refreshed()
            self._differing = None
            self._changes += 1
            self._revisions.clear()
            self._watched.watch(self._live.workspace)

    @property
    def _catalog(self) -> Catalog:
        return self._view.workspace.catalog

    # What is shown.

    def session(self) -> UiSession:
        """What the workbench shows, and what it may do."""
        found = self._view.workspace
        branch = found.repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout
        return UiSession(
            repository=found.repository.root.name,
            branch=branch.decode("utf-8", "replace").strip() or None,
            revision=self._options.revision,
            write=self._writes,
            live=self._calls,
            untrusted=is_untrusted(),
            profiles=tuple(
                UiProfile(name=each.name, provider=each.provider, model=each.id)
                for each in found.config.models.values()
            ),
            revisions=_newest_names(found.repository),
        )

    def catalog(self) -> UiCatalog:
        """The names of all prompts; all folders are listed anew.

        So a reload of the page finds a file in a folder that was empty, and not watched.
        """
        self._read_again()
        named = self._catalog.paths.items()
        return UiCatalog(prompts=tuple(UiPromptName(id=name, path=path) for name, path in named))

    def rows(self, ids: Sequence[str], *, findings: bool = True) -> UiRows:
        """Details of some prompts; without findings, their numbers are 0."""
        known = self._catalog.paths
        named = ((name, known[name]) for name in ids if name in known)
        return UiRows(rows=tuple(self._row(name, path, findings) for name, path in named))

    def _row(self, name: str, path: str, findings: bool) -> UiRow:
        loaded = self._catalog.loaded(path)
        prompt = loaded.prompt
        found = self._view.own_findings(path) if findings else ()
        severities = [finding.severity for finding in found]
        row = UiRow(
            id=name,
            errors=severities.count(Severity.ERROR),
            warnings=severities.count(Severity.WARNING),
            readable=prompt is not None,
            changed=bool(self._own_edits(loaded)) or any(map(self._is_new, self._own(loaded))),
        )
        if prompt is None:
            return row
        return replace(
            row,
            title=prompt.title,
            description=prompt.description,
            owners=prompt.owners,
            tags=prompt.tags,
            status=prompt.status,
            cases=len(prompt.cases),
        )

    def prompt(self, name: str) -> UiPrompt:
        """A prompt with its texts.

        Raises NotFound for an unknown id, InputError for a file that can't be read.
        """
        path, prompt, loaded = self._readable(name)
        return UiPrompt(
            id=name,
            path=path,
            title=prompt.title,
            description=prompt.description,
            status=prompt.status,
            cases=tuple(case.name for case in prompt.cases),
            texts=tuple(texts_of(self._catalog, loaded, self._closed(path))),
            pending=bool(self._own_edits(loaded)),
            model=prompt.model.profile or prompt.model.id,
        )

    def _readable(self, name: str) -> tuple[str, Prompt, LoadedPrompt]:
        path = self._catalog.paths.get(name)
        if path is None:
            raise NotFound(f"there is no prompt {name!r}", hint=_RELOAD)
        loaded = self._view.readable(path)
        if loaded is None or loaded.prompt is None:
            raise unreadable_error(self._catalog.loaded(path))
        return path, loaded.prompt, loaded

    def _closed(self, path: str) -> str:
        """Why no text of a prompt can be edited, or ""."""
        if self._edits is None:
            return f"this is `{self._options.revision}`: start promptops ui without --at to edit"
        if self._catalog.loaded(path).prompt is None:
            return "the prompt file has an error: fix it in an editor first"
        return ""

    def _own_edits(self, loaded: LoadedPrompt) -> list[str]:
        """The edited files of a prompt: its own, and those of its texts and cases."""
        pending = self._edits.pending if self._edits is not None else {}
        return [path for path in self._own(loaded) if path in pending]

    def _own(self, loaded: LoadedPrompt) -> Iterable[str]:
        """The files of a prompt: its own, and those of its texts, cases and recordings."""
        files = (each.target for each in loaded.references if each.kind in ("body", "cases"))
        own = (loaded.path, *files, *self._catalog.recording_files(loaded.path))
        return dict.fromkeys(own)

    def _is_new(self, path: str) -> bool:
        """Whether a file on disk differs from the last commit; none before the first one."""
        return path in self._uncommitted()

    def _uncommitted(self) -> frozenset[str]:
        """The files on disk that differ from the last commit; none before the first one."""
        repository = self._view.workspace.repository
        if self._differing is None:
            is_open = self._live is not None and not is_unborn(repository.git)
            found = repository.changed("HEAD", WORKTREE) if is_open else ()
            self._differing = frozenset(each.path for each in found)
        return self._differing

    def preview(self, tried: TriedPrompt) -> Preview:
        """What the model receives for some inputs.

        Raises NotFound, UsageError for an unknown profile, GitError for an unknown revision,
        InputError for a prompt that can't be read.
        """
        opened, prompt = self._found(tried)
        inputs = tried_inputs(opened.catalog, prompt, tried.tried)
        preview = preview_prompt(opened.catalog, prompt, inputs)
        if tried.at is not None or not tried.findings:
            return preview
        return replace(preview, findings=self._view.own_findings(prompt.path))

    def _found(self, tried: TriedPrompt) -> tuple[Workspace, Prompt]:
        """A prompt, with the revision that it is of."""
        if tried.at is None:
            opened, prompt = self._view.workspace, self._readable(tried.id)[1]
        else:
            opened = self._at(tried.at)
            path = opened.catalog.paths.get(tried.id)
            if path is None:
                raise NotFound(f"there is no prompt {tried.id!r} in `{tried.at}`")
            loaded = opened.catalog.loaded(path)
            if loaded.prompt is None:
                raise unreadable_error(loaded)
            prompt = loaded.prompt
        if tried.profile is not None:
            prompt = with_profile(opened, prompt, tried.profile)
        return opened, prompt

    def _at(self, revision: str) -> Workspace:
        repository = self._view.workspace.repository
        commit = repository.resolve(revision)
        if commit not in self._revisions:
            if len(self._revisions) >= MOST_REVISIONS:
                self._revisions.pop(next(iter(self._revisions)))
            self._revisions[commit] = workspace_at(repository, commit, self._options.overrides)
        return self._revisions[commit]

    def recorded(self, tried: TriedPrompt) -> PromptRun:
        """The recorded answer to the request; NotFound without one."""
        if tried.at is None:
            self._record_own(tried.id)
        opened, prompt = self._found(tried)
        inputs = tried_inputs(opened.catalog, prompt, tried.tried)
        digest = preview_prompt(opened.catalog, prompt, inputs).digest
        found = None
        if digest is not None:
            found = recorded_run(opened, prompt, inputs, digest)
        if found is None:
            raise NotFound("no answer to this request is recorded", hint=self._hint_at_answers())
        return found

    def _hint_at_answers(self) -> str:
        live = "" if self._calls else ", with `promptops ui --live`"
        return f"get one from a model{live}, or record it: promptops test --record"

    def test(self, name: str) -> TestRun:
        """All cases of a prompt, with their recorded answers."""
        self._record_own(name)
        path, _, _ = self._readable(name)
        selected = Selected({path: "it is shown"})
        return CaseRunner(self._view.workspace, selected, RunOptions()).run()

    # Edits.

    def edit(self, tried: TriedPrompt, text: str, was: str) -> Preview:
        """Change the text at `tried.at`, and show what the model receives now; nothing is written.

        Args:
            was: The text that the page shows before the edit.

        Raises NotFound for a text that does not exist, NotEditable for one of another prompt,
        OtherText for one that was edited meanwhile, InputError if the file allows no such change.
        """
        edits = self._begin_edit()
        path, _, loaded = self._readable(tried.id)
        texts = texts_of(self._catalog, loaded, self._closed(path))
        found = next((each for each in texts if each.at == tried.at), None)
        if found is None:
            raise NotFound(f"there is no text at {tried.at!r}", where=path, hint=_RELOAD)
        # A page that did not get the answer to an edit sends it again.
        if found.text not in (with_lf(was), with_lf(text)):
            raise OtherText(found.path, found.text)
        earlier = edits.pending.get(found.path)
        origin = earlier.before if earlier is not None else None
        after = edited(self._catalog, found, text, origin)
        edits.put(found.path, after, Reason(prompt=tried.id))
        return self.preview(replace(tried, at=None))

    def keep(self, name: str, case: NewCaseFields) -> Preview:
        """Add a test case; nothing is written.

        An answer that the prompt's own model gave to its request is recorded with it.

        Raises UsageError for a name that is empty or taken, InputError for inputs that don't fit
        and for a file that allows no addition.
        """
        edits = self._begin_edit()
        _, prompt, _ = self._readable(name)
        added = case_of_inputs(self._view.workspace, prompt, case)
        edits.put(added.path, added.data, Reason(prompt=name, case=case.name))
        return self.preview(TriedPrompt(id=name, tried=Tried(case=case.name)))

    def _record_own(self, name: str) -> None:
        """Record the answers that the cases of one prompt need, if edits reach it."""
        path = self._catalog.paths.get(name)
        if path in self._reached(self._catalog) and self._may_record:
            self._record(path, self._last_commit())

    def _record_all(self) -> Generator[None, None, Refusals]:
        """Record the answers that cases of prompts that edits reach need; pauses after each prompt.

        Returns why answers are not recorded.
        """
        refused: Refusals = {}
        if self._may_record:
            known, commit = self._known, self._last_commit()
            reached = set(self._reached(self._catalog))
            if commit is not None:
                reached |= set(self._reached(commit.after))
            for path in sorted(reached):
                refused |= self._record(path, commit)
                yield
            self._recorded = known
        return refused

    @property
    def _may_record(self) -> bool:
        """Whether there may be an answer to record, or one that is not needed any more."""
        pending = self._edits.pending.values() if self._edits is not None else ()
        known = not self._remembered.are_none or self._head() is not None
        return bool(pending) and (known or any(edit.answers for edit in pending))

    def _record(self, path: str, commit: LastCommit | None) -> Refusals:
        if self._edits is None or path not in self._catalog.ids:
            return {}
        return record_answers(self._edits, self._catalog, path, self._remembered, commit)

    @property
    def _known(self) -> tuple[int, int]:
        """Changes with each edit, with files that changed, and with each answer."""
        return self._changes, self._remembered.count

    def _last_commit(self) -> LastCommit | None:
        head = self._head()
        if head is None:
            return None
        return LastCommit(before=head.catalog, after=self._branch().catalog)

    def _reached(self, catalog: Catalog) -> dict[str, str]:
        """The prompt files that edits reach, each with the reason."""
        if self._edits is None or not self._edits.pending:
            return {}
        found = prompts_reaching(catalog, frozenset(self._edits.pending), None)
        return dict(sorted(found.items()))

    def _branch(self) -> Workspace:
        """What a branch with the edits contains: the last commit, and the edited files."""
        head = self._head()
        if head is None or self._edits is None:
            return self._view.workspace
        return with_changes(head, self._edits.contents)

    def _head(self) -> Workspace | None:
        """The last commit, if prompts on disk differ from it."""
        live = self._live
        if live is None or not any(map(live.manages, self._uncommitted())):
            return None
        return self._at("HEAD")

    def revert(self, name: str) -> UiPrompt:
        """Forget the edits of a prompt, of its texts and of its cases.

        Also those that it can't reach any more, because another program changed or deleted it.

        Raises NotFound for an unknown prompt; if it had edits, they are forgotten.
        """
        edits = self._begin_edit()
        path = self._catalog.paths.get(name)
        loaded = self._view.readable(path) or self._catalog.loaded(path) if path else None
        own = [path for path, edit in edits.pending.items() if name in edit.prompts]
        for each in {*own, *(self._own_edits(loaded) if loaded is not None else ())}:
            edits.forget(each)
        with_answers = (edit.prompts for edit in edits.pending.values() if edit.answers)
        for other in {each for prompts in with_answers for each in prompts}:
            self._record_own(other)  # of another prompt with the same cases: not needed any more
        if own and name not in self._catalog.paths:
            raise NotFound(f"there is no prompt {name!r}: its edits are undone", hint=_RELOAD)
        return self.prompt(name)

    def change(self) -> UiChange:
        """The edited files, without what takes longer."""
        pending = self._edits.pending if self._edits is not None else {}
        state = self._state()
        return UiChange(
            files=tuple(self._pending_file(*each) for each in pending.items()),
            state=state,
            saved=self._saved_to(state),
        )

    def judged_change(self) -> Generator[None, None, UiChange]:
        """As `change`, with what the edits change and with the test cases that do not pass.

        Answers that they need are recorded with the edits. Pauses after each prompt. An edit that
        comes in between has another `state`.

        Raises PromptopsError if the cases of a prompt can't be judged.
        """
        refused = yield from self._record_all()
        change, branch = self.change(), self._branch()
        change = replace(change, diff=self._diff())
        judged: list[JudgedCases] = []
        for path in self._reached(branch.catalog):
            yield
            if path in branch.catalog.ids:
                judged.append(judged_cases(branch, path, refused))
        return replace(
            change,
            failing=tuple(failing for each in judged for failing in each.failing),
            tested=UiTested(
                cases=sum(each.cases for each in judged),
                unchecked=sum(each.unchecked for each in judged),
            ),
        )

    def _pending_file(self, path: str, edit: Edit) -> UiPendingFile:
        return UiPendingFile(
            path=path,
            id=self._catalog.id_of(path),
            prompts=edit.prompts,
            cases=edit.cases,
            answers=edit.answers,
        )

    def _state(self) -> str:
        """The digest of the last commit and of the edits."""
        repository = self._view.workspace.repository
        head = "" if is_unborn(repository.git) else repository.resolve("HEAD")
        contents = self._edits.contents if self._edits is not None else {}
        files = [[path, sha256(data).hexdigest()] for path, data in sorted(contents.items())]
        return sha256(json.dumps([head, files]).encode()).hexdigest()

    def _saved_to(self, state: str) -> str | None:
        """The branch to which these edits were saved, if it is still as it was then."""
        saved = self._saved.get(state)
        if saved is None:
            return None
        ref = f"refs/heads/{saved.branch}"
        found = self._view.workspace.repository.git.ask("rev-parse", "--verify", "--quiet", ref)
        return saved.branch if found.stdout.decode().strip() == saved.commit else None

    def _diff(self) -> DiffReport:
        """What the edits change, compared with the last commit."""
        repository = self._view.workspace.repository
        if is_unborn(repository.git):
            now = self._view.workspace
            head = ComparisonSide(title="your edits", catalog=now.catalog, config=now.config)
            return diff(sides_between(repository, empty_side(head), head), DiffOptions())
        commit = repository.resolve("HEAD")
        found = self._at(commit)
        base = ComparisonSide(
            title="HEAD", catalog=found.catalog, config=found.config, commit=commit, revision=commit
        )
        changed = with_changes(found, self._edits.contents if self._edits is not None else {})
        head = ComparisonSide(title="your edits", catalog=changed.catalog, config=changed.config)
        report = diff(sides_between(repository, base, head), DiffOptions())
        if not found.catalog.graph.is_complete:
            del self._revisions[commit]  # the next one knows what was read for this one
        return report

    def _begin_edit(self) -> Edits:
        self._changes += 1
        return self._need_edits()

    def _need_edits(self) -> Edits:
        if self._edits is None:
            raise NotAllowed(
                "a revision can't be edited", hint="start `promptops ui` without --at to edit"
            )
        return self._edits

    # What needs --write or --live.

    @property
    def _writes(self) -> bool:
        return self._options.write and self._edits is not None and not is_untrusted()

    @property
    def _calls(self) -> bool:
        return self._options.live and not is_untrusted()

    def save(self, state: str) -> UiSaved:
        """Write the edits, which the page shows as `state`, to the files.

        Raises NotAllowed, Conflicts, InputError.
        """
        edits = self._need_write(state)
        return save_to_files(edits, self._view.workspace.repository.root)

    def branch(self, state: str, name: str, message: str) -> UiBranch:
        """Commit the edits, which the page shows as `state`, on a new branch.

        Raises NotAllowed, Conflicts, UsageError, GitError.
        """
        edits = self._need_write(state)
        saved = save_to_branch(edits, self._view.workspace.repository, name, message)
        self._saved[state] = saved
        return saved

    def _need_write(self, state: str) -> Edits:
        if is_untrusted():
            raise NotAllowed("nothing is saved: PROMPTOPS_UNTRUSTED is set")
        edits = self._need_edits()
        if not self._options.write:
            raise NotAllowed("nothing is saved", hint="start it as `promptops ui --write`")
        if self._recorded != self._known:
            for _ in self._record_all():
                pass
        if state != self._state():
            raise OtherChange
        return edits

    def call(self, tried: TriedPrompt, models: Sequence[str]) -> AnswerRun:
        """A function that calls models with the rendered prompt; it may run in any thread.

        Raises NotAllowed, NotFound, InputError.
        """
        self._need_live()
        opened, prompt = self._found(tried)
        call = LiveCall(
            path=prompt.path,
            tried=tried.tried,
            models=models,
            contents=self._edits.contents if tried.at is None and self._edits is not None else {},
            overrides=self._options.overrides,
        )
        answers = live_answers(opened, call)

        def run(watcher: RunWatcher, interrupt: Interrupt) -> PromptRun:
            answered = answers(watcher, interrupt)
            if tried.at is None:
                self._remembered.add(answered)
            return answered

        return run

    def optimize(self, wanted: WantedProposal) -> ProposalRun:
        """A function that searches a better wording; it may run in any thread.

        Raises NotAllowed, NotFound, InputError for a prompt that can't be read.
        """
        self._need_live()
        contents = self._need_edits().contents
        self._readable(wanted.id)
        return live_proposal(self._view.workspace, wanted, contents, self._options.overrides)

    def _need_live(self) -> None:
        if is_untrusted():
            raise NotAllowed("no model is called: PROMPTOPS_UNTRUSTED is set")
        if not self._options.live:
            raise NotAllowed("no model is called", hint="start it as `promptops ui --live`")


# Whether other programs changed the files: a look at their times when asked.

_LOOK_S = 0.01
_PAUSE_PER_LOOK = 20
"""After a look at the files that took longer than `_LOOK_S`, none for so many times as long."""


class _WatchedFiles:
    """The state of HEAD, of the index, of the files and of their folders."""

    def __init__(self, workspace: Workspace) -> None:
        self._seen: dict[str, object] = {}
        self._look_again_at = 0.0
        self.watch(workspace)

    def watch(self, workspace: Workspace) -> None:
        """Watch the files that there are now; those that are known may have changed since."""
        paths = list(_watched(workspace))
        self._seen = {path: self._seen.get(path) or _stamp(path) for path in paths}

    def have_changed(self) -> bool:
        """Whether any differs from when this was asked before."""
        if time.monotonic() < self._look_again_at:
            return False
        started = time.monotonic()
        seen: dict[str, object] = {path: _stamp(path) for path in self._seen}
        took_s = time.monotonic() - started
        if took_s > _LOOK_S:
            self._look_again_at = started + _PAUSE_PER_LOOK * took_s
        before, self._seen = self._seen, seen
        return before != seen


def _watched(workspace: Workspace) -> Iterator[str]:
    repository, catalog = workspace.repository, workspace.catalog
    of_git = (repository.git_dir / "HEAD", repository.git_dir / "index")
    refs = (repository.common_dir / "packed-refs", repository.git_dir / "logs" / "HEAD")
    yield from map(str, (*of_git, *refs))
    files = catalog.files.entries
    for path in (*files, *_folders(files, catalog.config.prompts)):
        yield f"{repository.root}/{path}"


def _folders(files: Iterable[str], roots: Iterable[str]) -> set[str]:
    """The folders that contain files, directly or below other folders, up to the roots."""
    found = set(roots)
    for path in files:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _stamp(path: str) -> tuple[int, int, int, int] | None:
    """What changes with the content of a file or of a folder; None if it does not exist."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
