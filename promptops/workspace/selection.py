"""Select the prompts of a command, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import ESCAPES, is_plain
from promptops.catalog.references import is_below
from promptops.errors import PromptopsError, UsageError
from promptops.model.loaded import LoadedPrompt
from promptops.records import record
from promptops.repo.repository import INDEX, WORKTREE
from promptops.source.config import FILES
from promptops.source.recording_files import by_first
from promptops.workspace.workspace import Workspace, configuration, managed_paths

GREP_FROM = 64
"""Up to this many unknown files are read. For more, `git grep` finds the relevant ones; later runs
use the cached words of each file."""

Grep = Callable[[Sequence[str]], Iterable[str]]
"""From words to the files below the roots that contain any of them."""


@record(frozen=True, slots=True, kw_only=True)
class SelectionOptions:
    """What a command line selects.

    Attributes:
        patterns: Names of prompts, as `named_prompts.matching_prompts` takes them.
        since: A revision, or "" for where this branch left the default branch: select what changed
            since then, and prompts that depend on it.
        staged: Select what is staged, and prompts that depend on it.
        selectors: `tag:`, `owner:`, `status:`, each with a value; all must match.
    """

    patterns: tuple[str, ...] = ()
    since: str | None = None
    staged: bool = False
    selectors: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is selected, so that all prompts are meant."""
        return not (self.patterns or self.since is not None or self.staged or self.selectors)


@record(frozen=True, slots=True)
class Selected:
    """Prompt files, each with the reason it was selected.

    Attributes:
        why: From the path of a prompt file to the reason, in the order of paths.
        changed: The changed paths; None if the selection is not by changes.
    """

    why: dict[str, str]
    changed: frozenset[str] | None = None


def select(workspace: Workspace, wanted: SelectionOptions) -> Selected:
    """The selected prompt files; raises UsageError for names without a match."""
    catalog = workspace.catalog
    changed = _changed(workspace, wanted)
    if changed is None:
        why = dict.fromkeys(catalog.prompt_files, "all prompts are selected")
    else:
        why = prompts_reaching(workspace.catalog, changed, _grep(workspace))
    if wanted.patterns:
        why = _matching(workspace, why, wanted.patterns)
    for selector in wanted.selectors:
        why = _selected_by(catalog, why, selector)
    return Selected(dict(sorted(why.items())), changed)


def changed_prompts(workspace: Workspace, selected: Selected) -> frozenset[str]:
    """The selected prompts, without those that only a changed configuration selects."""
    if selected.changed is None or not selected.changed & set(FILES):
        return frozenset(selected.why)
    others = selected.changed - set(FILES)
    reaching = prompts_reaching(workspace.catalog, others, _grep(workspace))
    return frozenset(selected.why.keys() & reaching.keys())


def _changed(workspace: Workspace, wanted: SelectionOptions) -> frozenset[str] | None:
    if not wanted.staged and wanted.since is None:
        return None
    base = "HEAD" if wanted.since is None else merge_base(workspace, wanted.since)
    head = INDEX if wanted.staged else workspace.revision
    found = {change.path for change in workspace.repository.changed(base, head)}
    if found & set(FILES) and not _configuration_changed(workspace, base, head):
        found -= set(FILES)  # most changes of a pyproject.toml are unrelated
    return frozenset(path for path in found if is_managed(path, workspace))


def merge_base(workspace: Workspace, since: str) -> str:
    """The merge base of the checked revision and another one."""
    if not since:
        from promptops.repo.history import default_base

        return default_base(workspace.repository)
    tip = "HEAD" if workspace.revision in (INDEX, WORKTREE) else workspace.revision
    return workspace.repository.merge_base(since, tip)


def _configuration_changed(workspace: Workspace, base: str, head: str) -> bool:
    try:
        before = configuration(workspace.repository, base)
    except PromptopsError:  # it was broken, or there is no commit yet
        return True
    return before != configuration(workspace.repository, head)


def is_managed(path: str, workspace: Workspace) -> bool:
    """Whether promptops reads a path."""
    return any(path == root or is_below(path, root) for root in managed_paths(workspace.config))


def prompts_reaching(
    catalog: Catalog, changed: frozenset[str], grep: Grep | None
) -> dict[str, str]:
    """Every prompt that changed or depends on a change, with the reason.

    The include graph of the newer side is enough: if a prompt no longer depends on a changed file,
    the prompt or a file in between was changed, too.
    """
    if changed & set(FILES):
        return dict.fromkeys(catalog.prompt_files, "the configuration changed")
    why = {path: f"{path} changed" for path in changed if path in catalog.files.entries}
    for folder in catalog.folders:
        if any(is_below(path, folder) for path in changed):
            why[folder] = f"{folder} changed"
    calling = _calling(changed, grep)
    why |= calling
    frontier = sorted({*changed, *calling})
    while frontier:
        _learn_references(catalog, frontier, grep)
        found: dict[str, str] = {}
        for target in frontier:
            for path in catalog.graph.files_naming(target):
                if path not in why:
                    found.setdefault(path, _reason(target, why))
        why |= found
        frontier = sorted(found)
    # Any other reason explains more, because recordings change with the prompt.
    why = _with_new_recordings(catalog, changed) | why
    return {path: reason for path, reason in why.items() if path in catalog.ids}


def _calling(changed: frozenset[str], grep: Grep | None) -> dict[str, str]:
    """The files of prompts and cases that may call a function in changed code.

    The graph does not contain this: it reads neither case files, which are large, nor assertions.
    """
    code = sorted(path for path in changed if path.endswith(".py"))
    if not code or grep is None:
        return {}
    reason = f"it reaches {code[0]}, which changed"
    found = grep(sorted({path.rpartition("/")[2] for path in code}))
    return {path: reason for path in found if path.endswith(_CASES) and path not in changed}


_CASES = (".yaml", ".yml", ".jsonl", ".csv")


def _with_new_recordings(catalog: Catalog, changed: frozenset[str]) -> dict[str, str]:
    """The prompts whose recordings changed; no file refers to recordings."""
    files = by_first(changed)
    if not files:
        return {}
    own = ((path, files.get(catalog.recordings_of(path))) for path in catalog.ids)
    return {path: f"{found[0]} changed" for path, found in own if found}


def _reason(target: str, why: Mapping[str, str]) -> str:
    """The reason for a file that refers to a target."""
    deeper = why.get(target, "")
    is_reached = deeper.startswith("it reaches ")
    return f"{deeper}, through {target}" if is_reached else f"it reaches {target}, which changed"


def _grep(workspace: Workspace) -> Grep:
    config = workspace.config
    roots = (*config.prompts, *config.schemas)
    return lambda words: workspace.repository.grep(workspace.revision, words, roots)


def _learn_references(catalog: Catalog, targets: Sequence[str], grep: Grep | None) -> None:
    """Add every file that may refer to a target to the graph."""
    graph, names = catalog.graph, [target.rpartition("/")[2] for target in targets]
    if grep is None:
        graph.parse_all()
        return
    if graph.is_empty and len(catalog.files.entries) > GREP_FROM:
        graph.parse(_found_by_git(targets, grep))
        return
    unseen = graph.without_words
    if len(unseen) > GREP_FROM and graph.has_stored:
        graph.read_words(unseen)
    elif len(unseen) <= GREP_FROM:
        graph.parse(unseen)
    if (len(unseen) <= GREP_FROM or graph.has_stored) and all(map(is_plain, names)):
        graph.parse_with_words(names)
    else:
        unknown = catalog.graph.unparsed
        if len(unknown) > GREP_FROM:
            unknown = sorted(set(unknown).intersection(_found_by_git(targets, grep)))
        catalog.graph.parse(unknown)


def _found_by_git(targets: Sequence[str], grep: Grep) -> Iterable[str]:
    """The files that may refer to a target."""
    words = {_longest_word(target) for target in targets} | set(ESCAPES)
    return grep(sorted(words))


def _longest_word(path: str) -> str:
    """The longest word of a file name: YAML may wrap the name at a space."""
    return max(path.rpartition("/")[2].split(), key=len, default=path)


def _matching(workspace: Workspace, why: dict[str, str], patterns: Sequence[str]) -> dict[str, str]:
    from promptops.workspace.named_prompts import matching_prompts, no_match_error

    chosen: dict[str, str] = {}
    for pattern in patterns:
        hits = matching_prompts(workspace.catalog, workspace.repository, pattern)
        if not hits:
            raise no_match_error(workspace.catalog, workspace.repository, pattern)
        chosen |= {path: why[path] for path in hits if path in why}
    return chosen


def _selected_by(catalog: Catalog, why: dict[str, str], selector: str) -> dict[str, str]:
    key, _, value = selector.partition(":")
    if key not in ("tag", "owner", "status") or not value:
        hint = "write tag:NAME, owner:NAME or status:NAME"
        raise UsageError(f"{selector!r} selects nothing", hint=hint)
    catalog.files.prefetch(why)
    found = {
        path: f"{reason}, and has {selector}"
        for path, reason in why.items()
        if _has(catalog.loaded(path), key, value)
    }
    if not found and not any(_has(prompt, key, value) for prompt in catalog.prompts()):
        hint = "`promptops list` shows the prompts"
        raise UsageError(f"no prompt has {selector}", hint=hint)
    return found


def _has(loaded: LoadedPrompt, key: str, value: str) -> bool:
    prompt = loaded.prompt
    if prompt is None:
        return True  # an unreadable prompt is never silently left out
    values = {"tag": prompt.tags, "owner": prompt.owners, "status": (prompt.status,)}
    return value in values[key]
