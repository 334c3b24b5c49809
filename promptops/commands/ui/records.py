"""What the workbench answers beyond the results of other commands."""

from __future__ import annotations

from typing import Literal

from promptops.model.change import DiffReport
from promptops.model.editable_text import EditableText
from promptops.model.optimization import Optimization
from promptops.records import record
from promptops.records.outputs import empty_text, output
from promptops.terminal.shown_errors import CommandError


@record(frozen=True, slots=True, kw_only=True)
class UiProfile:
    """A model profile of the configuration.

    Attributes:
        name: Of the profile.
        provider: As configured.
        model: As the provider names it.
    """

    name: str
    provider: str
    model: str


@output("ui-session")
@record(frozen=True, slots=True, kw_only=True)
class UiSession:
    """What the workbench shows, and what it may do.

    Attributes:
        repository: The name of its folder.
        branch: The checked-out branch; None without one.
        revision: `worktree`, or the revision of `--at`.
        write: Edits can be saved.
        live: Models can be called.
        untrusted: PROMPTOPS_UNTRUSTED is set: nothing is saved and no model is called.
        profiles: The model profiles of the configuration.
        revisions: The newest branches and tags, newest first, to compare with.
    """

    repository: str
    branch: str | None
    revision: str
    write: bool
    live: bool
    untrusted: bool
    profiles: tuple[UiProfile, ...]
    revisions: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class UiPromptName:
    """A prompt of the catalog.

    Attributes:
        id: Of the prompt.
        path: Of the prompt file, relative to the repository root.
    """

    id: str
    path: str


@output("ui-catalog")
@record(frozen=True, slots=True, kw_only=True)
class UiCatalog:
    """All prompts; no file is read for it.

    Attributes:
        prompts: In the order of their ids.
    """

    prompts: tuple[UiPromptName, ...]


@record(frozen=True, slots=True, kw_only=True)
class UiRow:
    """A prompt as a line of the catalog.

    Attributes:
        id: Of the prompt.
        title, description, owners, tags, status: As written; of a file that can't be read, empty.
        cases: The number of its test cases.
        errors, warnings: The number of findings in its file; 0 if they were not requested.
        readable: Whether the prompt file can be read.
        changed: Whether its file, texts, cases or recordings have edits, or differ from the last
            commit.
    """

    id: str
    title: str = ""
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: Literal["draft", "active", "deprecated"] = "draft"
    cases: int = 0
    errors: int = 0
    warnings: int = 0
    readable: bool = True
    changed: bool = False


@output("ui-rows")
@record(frozen=True, slots=True, kw_only=True)
class UiRows:
    """Details of some prompts.

    Attributes:
        rows: In the order of the request, without ids that do not exist.
    """

    rows: tuple[UiRow, ...]


@output("ui-prompt")
@record(frozen=True, slots=True, kw_only=True)
class UiPrompt:
    """A prompt with its texts, as they are edited.

    Attributes:
        id: Of the prompt.
        path: Of the prompt file, relative to the repository root.
        title, description, status: As written.
        cases: The names of its test cases.
        texts: The texts of its messages, in order.
        pending: It has edits that are not saved.
        model: The profile that it names, or else the id of its model; None without a model.
    """

    id: str
    path: str
    title: str = ""
    description: str = ""
    status: Literal["draft", "active", "deprecated"] = "active"
    cases: tuple[str, ...] = ()
    texts: tuple[EditableText, ...] = ()
    pending: bool = False
    model: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class UiPendingFile:
    """A file with edits that are not saved.

    Attributes:
        path: Relative to the repository root.
        id: The prompt whose file it is; None for another file, such as a text or test cases.
        prompts: The ids of the prompts that were edited.
        cases: The names of the test cases that were added to it.
        answers: The number of recorded answers that were added to it.
    """

    path: str
    id: str | None = None
    prompts: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    answers: int = 0


@record(frozen=True, slots=True, kw_only=True)
class UiFailing:
    """A test case that does not pass on a branch with the edits.

    Attributes:
        id: Of its prompt.
        case: Its name; None if all of them, or the file of the prompt, have an error.
        status: `failed`: a check does not hold. `stale`: no answer to its request is recorded.
            `error`: it can't be checked.
        reason: Why, in a sentence.
        answerable: An answer from the prompt's own model, to this case, is what it lacks: no answer
            was refused, as one that contains a secret is.
    """

    id: str
    case: str | None
    status: Literal["failed", "stale", "error"]
    reason: str
    answerable: bool = False


@record(frozen=True, slots=True, kw_only=True)
class UiTested:
    """The test cases of the prompts that the edits reach.

    Attributes:
        cases: The number of test cases.
        unchecked: The number of those that pass, and check no answer.
    """

    cases: int
    unchecked: int


@output("ui-change")
@record(frozen=True, slots=True, kw_only=True)
class UiChange:
    """The edits that are not saved, compared with the last commit.

    Attributes:
        files: The edited files.
        state: Names this change, in a request to save it: another one if an edit or a commit is
            added.
        saved: The branch to which exactly these edits were saved; None without one.
        diff: What the edits change, as `promptops diff` reports it; None unless the request asks
            for failing test cases.
        failing: The test cases that do not pass, of the prompts that the edits reach; none unless
            the request asks for them. Then the answers that they need are recorded with the edits,
            so that `state` is the one to save.
        tested: The numbers of these test cases; None unless the request asks for them.
    """

    files: tuple[UiPendingFile, ...]
    state: str
    saved: str | None = None
    diff: DiffReport | None = None
    failing: tuple[UiFailing, ...] = ()
    tested: UiTested | None = None


@output("ui-saved")
@record(frozen=True, slots=True, kw_only=True)
class UiSaved:
    """The edits are in the files.

    Attributes:
        paths: The written files.
    """

    paths: tuple[str, ...]


@output("ui-branch")
@record(frozen=True, slots=True, kw_only=True)
class UiBranch:
    """The edits are a commit on a new branch; the files on disk are as before.

    Attributes:
        branch: Its name.
        commit: The id of its commit.
        next: The command that sends it to the others; "" if the repository has no remote.
    """

    branch: str
    commit: str
    next: str = ""


@record(frozen=True, slots=True, kw_only=True)
class UiConflict:
    """A file that another program changed after it was first edited here.

    Attributes:
        path: Relative to the repository root.
        disk: Its text on disk; None if it is gone, or is not a text.
        edited: Its text with the edits.
    """

    path: str
    disk: str | None
    edited: str = empty_text()


@output("ui-conflicts")
@record(frozen=True, slots=True, kw_only=True)
class UiConflicts:
    """Why nothing was saved or edited; the first keys are those of every error.

    Attributes:
        exit_code: The exit code that a command would have.
        errors: One for each file.
        kind: `disk`: another program changed files. `state`: the edits are not those that the page
            shows. `text`: an edited text is not the one that the page shows.
        files: For `disk`: the files that differ, with both sides.
        text: For `text`: the present one.
    """

    exit_code: int
    errors: tuple[CommandError, ...]
    kind: Literal["disk", "state", "text"]
    files: tuple[UiConflict, ...] = ()
    text: str = empty_text()


@output("ui-proposal")
@record(frozen=True, slots=True, kw_only=True)
class UiProposal:
    """The result of a search for a better wording.

    Attributes:
        summary: The decision in a line, as `promptops optimize` prints it.
        facts: What the search did, what the held-out half shows and what it cost, each in a line.
        remarks: What weakens the evidence, and what a reader must know, each in a line.
        result: The whole result, as `promptops optimize` reports it.
    """

    summary: str
    facts: tuple[str, ...]
    remarks: tuple[str, ...]
    result: Optimization
