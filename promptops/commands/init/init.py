"""Set up promptops in a repository: its files, hooks, CI, editors and `git diff`."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from promptops.commands.init.ci_files import NO_CI_OPTIONS, CiOptions, workflow_steps
from promptops.commands.init.hooks import (
    AT_COMMIT,
    AT_PUSH,
    PRE_COMMIT_FILE,
    HookFile,
    find_hooks,
    hook_line,
    install_hook,
    new_pre_commit_file,
    pre_commit_install_command,
    pre_commit_runs_promptops,
    with_pre_commit_entry,
)
from promptops.errors import InputError, PromptopsError, os_reason
from promptops.model.config import Config
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.records.outputs import output
from promptops.repo.default_branch import trusted_branch
from promptops.repo.process import Git, decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.source.config import FILES, OWN_FILE, load
from promptops.source.shape import schema_text
from promptops.workspace.new_files import (
    CONFIG_SCHEMA,
    SCHEMA,
    SetupStep,
    add_to_file,
    attempt,
    create_file,
    mentions,
    model_lines,
    relative_path,
    template,
    text_of,
    write_copy,
    write_step,
)
from promptops.workspace.workspace import workspace_at

EXAMPLE_ID = "example/summary"
_PLAIN_BRANCH = lazy_pattern(r"[\w./-]{1,100}", re.ASCII)
EXAMPLE_PARTIAL = "partials/house-style.md.j2"

IGNORE_FILE = ".gitignore"
REPORTS = "promptops-report.*"
"""Reports of `promptops check`, as the documentation names them: `promptops-report.html`."""


@output("init")
@record(frozen=True, slots=True)
class SetupResult:
    """The result of `init`.

    Attributes:
        steps: What was done, in order.
        next: The next command to type; after a failed step, the same command again.
    """

    steps: tuple[SetupStep, ...]
    next: str

    @property
    def failed(self) -> bool:
        return any(step.action == "failed" for step in self.steps)


def set_up(
    directory: Path,
    *,
    hooks: bool,
    pre_push: bool = False,
    ci: CiOptions = NO_CI_OPTIONS,
) -> SetupResult:
    """Write missing files; existing ones are not changed.

    Args:
        hooks: Install plain git hooks, instead of an entry for pre-commit.
        pre_push: With `hooks`, also the one that runs the gate before a push.
        ci: What CI should do.

    Raises GitError if there is no work tree. A file that can't be written is a failed step; the
    other steps still run.
    """
    with Repository.open(directory) as repository:
        disk = repository.tree(WORKTREE, under=FILES)  # refuses a bare repository
        steps = [attempt(OWN_FILE, lambda: _configuration_step(repository, disk.read(FILES)))]
        # Copies of the schemas, so that any editor finds them, even offline.
        steps += [
            attempt(path, partial(write_copy, repository.root, path, schema_text(Path(path).name)))
            for path in (SCHEMA, CONFIG_SCHEMA)
        ]
        steps += _example_steps(repository)
        steps.append(attempt(IGNORE_FILE, partial(_ignore_step, repository.root)))
        steps += editor_steps(repository.root)
        names = (*AT_COMMIT, *((AT_PUSH,) if pre_push else ()))
        found = find_hooks(repository, names)
        if hooks:
            steps += [
                attempt(str(hook.path), partial(_hook_step, repository.root, hook))
                for hook in found
            ]
        else:
            entry = partial(_pre_commit_step, repository.root, found[0])
            steps.append(attempt(PRE_COMMIT_FILE, entry))
        steps += workflow_steps(repository, ci)
        failed = any(step.action == "failed" for step in steps)
        return SetupResult(
            tuple(steps), "promptops init" if failed else _next_command(repository, hooks, found)
        )


def _next_command(repository: Repository, hooks: bool, found: tuple[HookFile, ...]) -> str:
    """The command to install missing hooks; pre-commit refuses core.hooksPath."""
    if hooks or found[0].owner != "none":
        return "promptops lint"
    if found[0].configured is not None:
        return "promptops init --hooks"
    return pre_commit_install_command(text_of(repository.root, PRE_COMMIT_FILE))


def _configuration_step(repository: Repository, files: dict[str, bytes]) -> SetupStep:
    config = load(files)
    if config.path is not None and config.path != OWN_FILE:
        return SetupStep(
            path=config.path, action="kept", note="it contains the configuration already"
        )
    return write_step(
        repository.root, OWN_FILE, template("promptops.toml", branch=_branch(repository))
    )


def _branch(repository: Repository) -> str:
    """The branch of releases: the default branch if it is known, else the current one."""
    current = decode(repository.git.ask("symbolic-ref", "--quiet", "HEAD").stdout).strip()
    for name in (trusted_branch(repository) or "", current):
        branch = re.sub(r"^refs/(heads|remotes/[^/]+)/", "", name)
        if _PLAIN_BRANCH.fullmatch(branch):
            return branch
    return "main"


def _example_steps(repository: Repository) -> Iterator[SetupStep]:
    """Write the example completely or not at all: a part of it would have lint errors."""
    try:
        workspace = workspace_at(repository, WORKTREE)
    except PromptopsError as error:
        return iter([SetupStep(path=error.where or OWN_FILE, action="failed", note=error.message)])
    root, config = workspace.config.prompts[0], workspace.config
    if workspace.catalog.prompt_files:
        note = "it contains prompts already, so no example was written"
        return iter([SetupStep(path=root, action="kept", note=note)])
    files = _example_files(config)
    standing = next((path for path in files if (repository.root / path).exists()), None)
    if standing is not None:
        note = "it exists already, so no example was written"
        return iter([SetupStep(path=standing, action="kept", note=note)])
    return (
        attempt(path, partial(write_step, repository.root, path, text))
        for path, text in files.items()
    )


def _example_files(config: Config) -> dict[str, str]:
    root = config.prompts[0]
    folder = "" if root == "." else f"{root}/"
    path = f"{folder}{EXAMPLE_ID}.prompt.yaml"
    values = {"schema": relative_path(SCHEMA, path), "partial": EXAMPLE_PARTIAL, "id": EXAMPLE_ID}
    text = template("example.prompt.yaml", model=model_lines(config), **values)
    return {f"{folder}{EXAMPLE_PARTIAL}": template("house-style.md.j2"), path: text}


def _ignore_step(root: Path) -> SetupStep:
    """Have git ignore reports, so that no `git add` commits them."""
    if create_file(root, IGNORE_FILE, f"{REPORTS}\n"):
        return SetupStep(path=IGNORE_FILE, action="wrote")
    if mentions(root / IGNORE_FILE, REPORTS.removesuffix("*")):
        return SetupStep(path=IGNORE_FILE, action="kept", note="it has reports already")
    note, snippet = "it can't be edited safely; add this to it", f"{REPORTS}\n"
    try:
        return add_to_file(root, IGNORE_FILE, _with_reports, note=note, snippet=snippet)
    except InputError:  # it is not UTF-8, or can't be written
        return SetupStep(path=IGNORE_FILE, action="kept", note=note, snippet=snippet)


def _with_reports(text: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    end = "" if not text or text.endswith("\n") else newline
    return f"{text}{end}{REPORTS}{newline}"


def _hook_step(root: Path, hook: HookFile) -> SetupStep:
    shown = _shown_path(hook.path, root)
    if hook.owner == "none":
        install_hook(hook)
        note = f"core.hooksPath is {hook.configured}" if hook.configured is not None else ""
        return SetupStep(path=shown, action="wrote", note=note)
    if hook.owner == "ours":
        return SetupStep(path=shown, action="kept", note="it runs promptops already")
    note = "there is another hook; add this line to it"
    return SetupStep(path=shown, action="kept", note=note, snippet=f"{hook_line(hook)}\n")


def _shown_path(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _pre_commit_step(root: Path, hook: HookFile) -> SetupStep:
    path = PRE_COMMIT_FILE
    if hook.owner == "ours" and not mentions(root / path, "promptops"):
        return SetupStep(path=path, action="skipped", note="git hooks of promptops are installed")
    if create_file(root, path, new_pre_commit_file()):
        return SetupStep(path=path, action="wrote")
    text = text_of(root, path)
    if pre_commit_runs_promptops(text):
        return SetupStep(path=path, action="kept", note="it runs promptops already")
    note = "it can't be edited safely; add this below `repos`"
    snippet = template("pre-commit-entry.yaml")
    return add_to_file(root, path, with_pre_commit_entry, note=note, snippet=snippet)


# Settings of editors: new files, or keys that are added to existing files.

_EXISTS = "it exists already"


@record(frozen=True, slots=True, kw_only=True)
class EditorFile:
    """The file with the settings of an editor.

    Attributes:
        path: Relative to the repository root.
        template: The file's name in `templates/`.
        mark: A word that is in the file once it has our settings.
        merged: From the text of a file and our settings to the text with both; None if that can't
            be done safely.
    """

    path: str
    template: str
    mark: str
    merged: Callable[[str, str], str | None]


def editor_steps(root: Path) -> Iterator[SetupStep]:
    """Write the settings of VS Code, and of each other editor whose folder exists in `root`.

    Nothing outside the repository is read, so that the same files are written on every machine.
    """
    always, *others = _editor_files()
    found = [file for file in others if (root / file.path).parent.is_dir()]
    return (attempt(file.path, partial(_editor_step, root, file)) for file in (always, *found))


def _editor_files() -> tuple[EditorFile, ...]:
    schema = "prompt.schema.json"
    return (
        EditorFile(
            path=".vscode/settings.json",
            template="vscode-settings.json",
            mark=schema,
            merged=with_json_keys,
        ),
        EditorFile(
            path=".helix/languages.toml",
            template="helix-languages.toml",
            mark="promptops",
            merged=with_languages,
        ),
        EditorFile(
            path=".zed/settings.json",
            template="zed-settings.json",
            mark=schema,
            merged=with_json_keys,
        ),
    )


def _editor_step(root: Path, file: EditorFile) -> SetupStep:
    settings = template(file.template)
    if create_file(root, file.path, settings):
        return SetupStep(path=file.path, action="wrote")
    if mentions(root / file.path, file.mark):
        return SetupStep(path=file.path, action="kept", note=_EXISTS)
    note = "it can't be edited safely; add this to it"
    return add_to_file(
        root, file.path, lambda text: file.merged(text, settings), note=note, snippet=settings
    )


def with_json_keys(text: str, settings: str) -> str | None:
    """A JSON object with the keys of another one after its own.

    None if it has comments or repeated keys, is no object, or has one of the keys already.
    """
    before, ours = _json_object(text), json.loads(settings)
    if before is None or before.keys() & ours.keys():
        return None
    head, brace, tail = text.rpartition("}")
    added = settings.strip().removeprefix("{").removesuffix("}").strip("\n")
    comma = "," if before else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    after = f"{head.rstrip()}{comma}\n{added}\n".replace("\r\n", "\n").replace("\n", newline)
    whole = f"{after}{brace}{tail}"
    return whole if _json_object(whole) == {**before, **ours} else None


def with_languages(text: str, settings: str) -> str | None:
    """Helix's `languages.toml` with our server and languages at its end.

    None if it is not TOML, or defines our server or one of the languages already.
    """
    before, ours = _toml(text), tomllib.loads(settings)
    if before is None or not _is_disjoint(before, ours):
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "\n" if text.strip() else ""
    after = f"{text.rstrip()}\n{gap}{settings}".lstrip("\n")
    after = after.replace("\r\n", "\n").replace("\n", newline)
    expected = {
        **before,
        "language-server": {**before.get("language-server", {}), **ours["language-server"]},
        "language": [*before.get("language", []), *ours["language"]],
    }
    return after if _toml(after) == expected else None


def _is_disjoint(before: dict[str, Any], ours: dict[str, Any]) -> bool:
    servers, languages = before.get("language-server", {}), before.get("language", [])
    if not isinstance(servers, dict) or not isinstance(languages, list):
        return False
    names = {each.get("name") for each in languages if isinstance(each, dict)}
    return not (
        servers.keys() & ours["language-server"].keys()
        or names & {each["name"] for each in ours["language"]}
    )


def _toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is repeated")
    return value


# Configure one clone to show prompt files as text in `git diff` and `git log -p`.

DIFF_DRIVER = "promptops"
PROMPT_PATTERNS = ("*.prompt.yaml", "*.prompt.yml")
TEXTCONV_CACHE = f"refs/notes/textconv/{DIFF_DRIVER}"

# A Jinja tag, a word or number with the characters inside it, or any one character. POSIX syntax:
# brackets instead of backslashes, and negated classes, which split no multi-byte character.
_TAG_PATTERN = r"[{][{]([^}]|[}][^}])*[}][}]|[{]%([^%]|%[^}])*%[}]|[{]#([^#]|#[^}])*#[}]"
_LETTER_PATTERN = r"([^[:space:][:punct:]]|_)"
WORD_PATTERN = rf"{_TAG_PATTERN}|{_LETTER_PATTERN}+([-.']{_LETTER_PATTERN}+)*|[^[:space:]]"

# Section lines of the readable text, and of YAML for `git add -p` and `git format-patch`.
SECTION_PATTERN = (
    "^(== .* ==|(model|inputs|output|tools|messages|tests|evaluation):"
    "|[ ]*- (role|name|history|for_each): .*)$"
)

DIFF_SETTINGS = {
    "textconv": "promptops textconv --",
    "wordRegex": WORD_PATTERN,
    "xfuncname": SECTION_PATTERN,
    "cachetextconv": "true",
}
UNDO_GIT_DIFF = (
    f"git config --local --remove-section diff.{DIFF_DRIVER}",
    f"git update-ref -d {TEXTCONV_CACHE}",
)


def show_in_git_diff(directory: Path) -> SetupResult:
    """Add missing settings to the repository's own configuration and attributes.

    Existing settings and committed files are not changed. A linked work tree shares both with its
    repository. A failed step does not prevent the others.

    Raises GitError if there is no repository.
    """
    with Repository.open(directory) as repository:
        return SetupResult(tuple(_git_diff_steps(repository)), "git diff --word-diff")


def _git_diff_steps(repository: Repository) -> Iterator[SetupStep]:
    config = _shown_path(repository.common_dir / "config", repository.root)
    if shutil.which("promptops") is None:
        note = "`promptops` is not on PATH: git could not run it, and would show no differences"
        yield SetupStep(path=config, action="failed", note=note)
        return
    for name, value in DIFF_SETTINGS.items():
        key = f"diff.{DIFF_DRIVER}.{name}"
        yield _attempt_git_setting(
            config, partial(_setting_step, repository.git, config, key, value)
        )
    for pattern in PROMPT_PATTERNS:
        yield _attempt_git_setting(config, partial(_attribute_step, repository, pattern))


def _attempt_git_setting(path: str, step: Callable[[], SetupStep]) -> SetupStep:
    try:
        return step()
    except InputError as error:
        return SetupStep(path=error.where or path, action="failed", note=error.message)
    except PromptopsError as error:
        return SetupStep(path=path, action="failed", note=error.message)


def _setting_step(git: Git, path: str, key: str, value: str) -> SetupStep:
    answer = git.ask("config", "--get", key)
    if answer.status > 1:
        raise git.error(answer)
    if answer.status == 1:
        git.run("config", "--local", key, value)
        cached = f"; git caches the converted files in {TEXTCONV_CACHE}" if "cache" in key else ""
        return SetupStep(path=path, action="added", note=f"{key}{cached}")
    if decode(answer.stdout).removesuffix("\n") == value:
        return SetupStep(path=path, action="kept", note=f"{key} is set already")
    snippet = f"git config --local {key} {shlex.quote(value)}\n"
    note = f"{key} is set to something else; this would set it"
    return SetupStep(path=path, action="kept", note=note, snippet=snippet)


def _attribute_step(repository: Repository, pattern: str) -> SetupStep:
    """Add a line for a pattern, unless an attribute for such files exists."""
    file = repository.common_dir / "info" / "attributes"
    path, line = _shown_path(file, repository.root), f"{pattern} diff={DIFF_DRIVER}"
    output = repository.git.run("check-attr", "-z", "diff", "--", pattern.replace("*", "any"))
    found = decode(output).split("\0")[2]
    if found == DIFF_DRIVER:
        return SetupStep(path=path, action="kept", note=f"{pattern} has diff={DIFF_DRIVER} already")
    if found != "unspecified":
        note = f"the attribute `diff` of {pattern} is `{found}` already; this line would change it"
        return SetupStep(path=path, action="kept", note=note, snippet=f"{line}\n")
    _append_line(file, line, path)
    return SetupStep(path=path, action="added", note=line)


def _append_line(file: Path, line: str, path: str) -> None:
    if file.is_symlink():
        raise InputError("a symbolic link, whose target promptops does not change", where=path)
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("ab+") as attributes:
            attributes.seek(max(0, attributes.seek(0, os.SEEK_END) - 1))
            unfinished = attributes.read() not in (b"", b"\n")
            attributes.write(("\n" * unfinished + line + "\n").encode())
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=path) from None
