"""Configure one clone to show prompt files as text in `git diff` and `git log -p`."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from promptops.commands.init.init import SetupResult
from promptops.errors import InputError, PromptopsError, os_reason
from promptops.repo.process import Git, decode
from promptops.repo.repository import Repository
from promptops.workspace.new_files import SetupStep

DRIVER = "promptops"
PATTERNS = ("*.prompt.yaml", "*.prompt.yml")
CACHE = f"refs/notes/textconv/{DRIVER}"

# A Jinja tag, a word or number with the characters inside it, or any one character. POSIX syntax:
# brackets instead of backslashes, and negated classes, which split no multi-byte character.
_TAG = r"[{][{]([^}]|[}][^}])*[}][}]|[{]%([^%]|%[^}])*%[}]|[{]#([^#]|#[^}])*#[}]"
_LETTER = r"([^[:space:][:punct:]]|_)"
WORD = rf"{_TAG}|{_LETTER}+([-.']{_LETTER}+)*|[^[:space:]]"

# Section lines of the readable text, and of YAML for `git add -p` and `git format-patch`.
SECTION = (
    "^(== .* ==|(model|inputs|output|tools|messages|tests|evaluation):"
    "|[ ]*- (role|name|history|for_each): .*)$"
)

SETTINGS = {
    "textconv": "promptops textconv --",
    "wordRegex": WORD,
    "xfuncname": SECTION,
    "cachetextconv": "true",
}
UNDO = (
    f"git config --local --remove-section diff.{DRIVER}",
    f"git update-ref -d {CACHE}",
)
NEXT = "git diff --word-diff"


def show_in_git_diff(directory: Path) -> SetupResult:
    """Add missing settings to the repository's own configuration and attributes.

    Existing settings and committed files are not changed. A linked work tree shares both with its
    repository. A failed step does not prevent the others.

    Raises GitError if there is no repository.
    """
    with Repository.open(directory) as repository:
        steps = tuple(_steps(repository))
    failed = any(step.action == "failed" for step in steps)
    return SetupResult(steps, "promptops init --git-diff" if failed else NEXT)


def _steps(repository: Repository) -> Iterator[SetupStep]:
    config = _shown_path(repository, repository.common_dir / "config")
    if shutil.which("promptops") is None:
        note = "`promptops` is not on PATH: git could not run it, and would show no differences"
        yield SetupStep(path=config, action="failed", note=note)
        return
    for name, value in SETTINGS.items():
        key = f"diff.{DRIVER}.{name}"
        yield _attempt(config, partial(_setting, repository.git, config, key, value))
    for pattern in PATTERNS:
        yield _attempt(config, partial(_attribute, repository, pattern))


def _attempt(path: str, step: Callable[[], SetupStep]) -> SetupStep:
    try:
        return step()
    except InputError as error:
        return SetupStep(path=error.where or path, action="failed", note=error.message)
    except PromptopsError as error:
        return SetupStep(path=path, action="failed", note=error.message)


def _setting(git: Git, path: str, key: str, value: str) -> SetupStep:
    answer = git.ask("config", "--get", key)
    if answer.status > 1:
        raise git.error(answer)
    if answer.status == 1:
        git.run("config", "--local", key, value)
        cached = f"; git caches the converted files in {CACHE}" if "cache" in key else ""
        return SetupStep(path=path, action="added", note=f"{key}{cached}")
    if decode(answer.stdout).removesuffix("\n") == value:
        return SetupStep(path=path, action="kept", note=f"{key} is set already")
    snippet = f"git config --local {key} {shlex.quote(value)}\n"
    note = f"{key} is set to something else; this would set it"
    return SetupStep(path=path, action="kept", note=note, snippet=snippet)


def _attribute(repository: Repository, pattern: str) -> SetupStep:
    """Add a line for a pattern, unless an attribute for such files exists."""
    file = repository.common_dir / "info" / "attributes"
    path, line = _shown_path(repository, file), f"{pattern} diff={DRIVER}"
    output = repository.git.run("check-attr", "-z", "diff", "--", pattern.replace("*", "any"))
    found = decode(output).split("\0")[2]
    if found == DRIVER:
        return SetupStep(path=path, action="kept", note=f"{pattern} has diff={DRIVER} already")
    if found != "unspecified":
        note = f"the attribute `diff` of {pattern} is `{found}` already; this line would change it"
        return SetupStep(path=path, action="kept", note=note, snippet=f"{line}\n")
    _append(file, line, path)
    return SetupStep(path=path, action="added", note=line)


def _append(file: Path, line: str, path: str) -> None:
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


def _shown_path(repository: Repository, file: Path) -> str:
    inside = file.is_relative_to(repository.root)
    return file.relative_to(repository.root).as_posix() if inside else str(file)
