"""Diagnose problems of the setup: the machine, the repository, and what calls of models need."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from promptops.analysis.secrets import without_secrets
from promptops.catalog.unread_prompts import UNREAD_MESSAGE
from promptops.commands.init.hooks import (
    PRE_COMMIT_FILE,
    HookFile,
    find_hooks,
    hook_line,
    pre_commit_install_command,
    pre_commit_runs_promptops,
)
from promptops.errors import PromptopsError
from promptops.evals.providers import COMPATIBLE
from promptops.evals.providers.endpoint import key_variable
from promptops.evals.providers.registry import CLIENT_PACKAGES, has_client
from promptops.evals.providers.registry import names as provider_names
from promptops.model.config import Config, ModelProfile
from promptops.model.distribution import NAME, install_command
from promptops.model.prompt import provider_name
from promptops.plurals import some
from promptops.records import replace
from promptops.repo.default_branch import how_to_set, trusted_branch
from promptops.repo.process import Git, decode, inherited_environment
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.runtime.loading.bundle_file import why_not_private
from promptops.runtime.loading.cache import cache_hint, cache_location
from promptops.runtime.request.schema_check import NATIVE, PORTABLE, is_portable
from promptops.source.shape import schema_text
from promptops.untrusted import is_untrusted
from promptops.workspace.diagnosis import Diagnosis
from promptops.workspace.listing import unread_files
from promptops.workspace.new_files import SCHEMA
from promptops.workspace.rule_settings import refuse_unknown_rules
from promptops.workspace.workspace import workspace_at

TESTED_PYTHONS = ((3, 11), (3, 14))
OLDEST_GIT = (2, 31)
"""`rev-parse --path-format=absolute`, and `--end-of-options` that `rev-parse --verify` obeys."""
OFFLINE_GIT = (2, 44)
"""The first version with GIT_NO_LAZY_FETCH: reading a partial clone never uses the network."""
_SHOWN_PROFILES = 3
_OWN_ENTRY_POINT = b"promptops.cli.main"


def diagnose(directory: Path) -> tuple[Diagnosis, ...]:
    """Every check, in the order to show; raises nothing, because failures are its result.

    Secrets are masked, also in names: a profile can be named by a pasted key.
    """
    found = (*_check_machine(directory), *_check_repository(directory))
    return tuple(map(_without_secrets, found))


def _without_secrets(found: Diagnosis) -> Diagnosis:
    name, message, hint = map(without_secrets, (found.name, found.message, found.hint))
    return replace(found, name=name, message=message, hint=hint)


# The machine.


def _check_machine(directory: Path) -> Iterator[Diagnosis]:
    yield _python()
    yield _git(directory)
    yield _import_name()
    yield _command()
    yield _schema_engine()
    yield from _cache()
    yield from _bytecode()


def _python() -> Diagnosis:
    lowest, highest = TESTED_PYTHONS
    version = ".".join(str(part) for part in sys.version_info[:3])
    if lowest <= sys.version_info[:2] <= highest:
        return Diagnosis("python", "ok", version)
    hint = f"use Python {lowest[0]}.{lowest[1]} to {highest[0]}.{highest[1]}"
    return Diagnosis("python", "problem", f"promptops is not tested on {version}", hint)


def _git(directory: Path) -> Diagnosis:
    try:
        answer = Git(directory.absolute(), inherited_environment()).ask("version")
    except PromptopsError as error:
        return _failed("git", error)
    return git_diagnosis(decode(answer.stdout))


def git_diagnosis(output: str) -> Diagnosis:
    """The diagnosis for the output of `git version`."""
    found = re.search(r"(\d+)\.(\d+)[.\w-]*", output)
    if found is None:
        return Diagnosis("git", "problem", f"git's version can't be read: {output.strip()!r}")
    version = (int(found[1]), int(found[2]))
    if version < OLDEST_GIT:
        oldest = ".".join(map(str, OLDEST_GIT))
        return Diagnosis(
            "git", "problem", f"{found[0]} is too old", f"install git {oldest} or later"
        )
    if version < OFFLINE_GIT:
        message = f"{found[0]} fetches missing objects of a partial clone, even in a hook"
        return Diagnosis("git", "note", message, "in partial clones use git 2.44 or later")
    return Diagnosis("git", "ok", found[0])


def _import_name() -> Diagnosis:
    """Whether another distribution installed a package named `promptops`."""
    others = other_distributions()
    where = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    if others:
        names = ", ".join(others)
        hint = f"pip uninstall {others[0]}, then install promptops again from your clone of it"
        return Diagnosis(
            "import name", "problem", f"{names} also installs a package `promptops`", hint
        )
    return Diagnosis("import name", "ok", f"`promptops` is {where}")


def other_distributions() -> tuple[str, ...]:
    """Names of other installed distributions that contain a package `promptops`."""
    from importlib.metadata import distributions

    names = set()
    for found in distributions():
        name = found.metadata["Name"] or ""
        top = (found.read_text("top_level.txt") or "").split()
        files = "" if top else found.read_text("RECORD") or ""
        if "promptops" in top or "\npromptops/__init__.py," in f"\n{files}":
            names.add(name)
    return tuple(sorted(name for name in names if name and name.lower() != NAME))


def _command() -> Diagnosis:
    """Which program a hook starts as `promptops`."""
    from shutil import which

    found = which("promptops")
    if found is None:
        hint = f"put {Path(sys.executable).parent} on PATH, or activate its environment"
        return Diagnosis(
            "command", "problem", "`promptops` is not on PATH, so hooks can't run", hint
        )
    try:
        ours = _OWN_ENTRY_POINT in Path(found).read_bytes()
    except OSError:
        ours = False
    if not ours:
        hint = f"put {Path(sys.executable).parent} before it on PATH"
        return Diagnosis("command", "problem", f"{found} is another program with that name", hint)
    if Path(found).parent != Path(sys.executable).parent:
        message = f"{found} belongs to another environment than this Python"
        return Diagnosis("command", "note", message, "check its version: promptops --version")
    return Diagnosis("command", "ok", found)


def _schema_engine() -> Diagnosis:
    """Which library checks values against JSON Schemas."""
    if not is_portable():
        return Diagnosis("schema checks", "ok", f"by {NATIVE}")
    message = f"by {PORTABLE}, over a hundred times slower than {NATIVE}"
    return Diagnosis(
        "schema checks",
        "note",
        message,
        f"if there is a wheel for this platform: pip install {NATIVE}",
    )


def _cache() -> Iterator[Diagnosis]:
    """Silent about a cache that can be used."""
    folder = cache_location()
    reason = why_not_private(folder) if folder is not None else None
    if folder is not None and reason is not None:
        yield Diagnosis("cache", "note", f"{folder} is not used: {reason}", cache_hint(folder))


# Whether Python finds bytecode of its imports, or compiles them at every start.

HOOK_PACKAGES = ("promptops", "jinja2", "yaml")
"""The packages that a commit hook imports."""


def _bytecode() -> Iterator[Diagnosis]:
    """No result if all imports of a hook have bytecode."""
    # Python writes bytecode at the first import if it can, so these are compiled at every start.
    modules = tuple(sys.modules)  # a lazy module imports others when it is looked at
    folders = _folders_of(name for name in modules if name.partition(".")[0] in HOOK_PACKAGES)
    if not folders:
        return
    because = ", since PYTHONDONTWRITEBYTECODE is set" if sys.dont_write_bytecode else ""
    message = f"Python compiles promptops at every start{because}: hooks take 40% longer"
    named = " ".join(f"'{folder}'" for folder in folders)
    hint = f"python -m compileall -q {named}; with uv: uv pip install --compile-bytecode"
    yield Diagnosis("bytecode", "note", message, hint)


def _folders_of(names: Iterable[str]) -> tuple[Path, ...]:
    found = {
        _folder_to_compile(sys.modules[name])
        for name in names
        if _lacks_bytecode(sys.modules[name])
    }
    return tuple(sorted(found))


def _lacks_bytecode(module: ModuleType) -> bool:
    file, compiled = getattr(module, "__file__", None), getattr(module, "__cached__", None)
    is_source = file is not None and file.endswith(".py") and os.path.isfile(file)
    return is_source and compiled is not None and not os.path.isfile(compiled)


def _folder_to_compile(module: ModuleType) -> Path:
    """The folder of packages that the module is installed in, or of its package in a checkout."""
    package = Path(str(sys.modules[module.__name__.partition(".")[0]].__file__)).parent
    return package.parent if package.parent.name == "site-packages" else package


# The repository.


def _check_repository(directory: Path) -> Iterator[Diagnosis]:
    try:
        repository = Repository.open(directory)
    except PromptopsError as error:
        yield _failed("repository", error)
        return
    with repository:
        if repository.bare:
            yield Diagnosis("repository", "note", f"{repository.root} is bare: it has no work tree")
        else:
            yield Diagnosis("repository", "ok", str(repository.root))
            yield from (_hook_state(hook, repository.root) for hook in find_hooks(repository))
        yield _depth(repository)
        yield from _default_branch(repository)
        yield from _check_configuration(repository)


def _hook_state(hook: HookFile, root: Path) -> Diagnosis:
    name = "merge hook" if hook.name == "pre-merge-commit" else "hook"
    where = str(hook.path)
    if hook.configured is not None:
        where = f"{hook.path} (core.hooksPath)"
    entry = pre_commit_runs_promptops(_text_of(root / PRE_COMMIT_FILE))
    if hook.owner == "none":
        by_pre_commit = entry and hook.configured is None
        install = pre_commit_install_command(_text_of(root / PRE_COMMIT_FILE))
        hint = install if by_pre_commit else "promptops init --hooks"
        unchecked = "merges" if name == "merge hook" else "commits"
        return Diagnosis(name, "problem", f"no hook at {where}: {unchecked} are not checked", hint)
    if hook.owner == "other":
        hint = f"add this line to it: {hook_line(hook)}"
        return Diagnosis(name, "problem", f"there is another hook at {where}", hint)
    if not hook.runs:
        return Diagnosis(name, "problem", f"git can't run {where}", f"chmod +x '{hook.path}'")
    if hook.owner == "pre-commit" and not entry:
        message = f"pre-commit runs, and {PRE_COMMIT_FILE} doesn't name promptops"
        return Diagnosis(name, "problem", message, "promptops init")
    return Diagnosis(name, "ok", where)


def _depth(repository: Repository) -> Diagnosis:
    if repository.shallow:
        return Diagnosis(
            "history", "problem", "the clone is shallow", FETCH_ALL.rpartition(": ")[2]
        )
    return Diagnosis("history", "ok", "complete")


def _default_branch(repository: Repository) -> Iterator[Diagnosis]:
    if repository.find("HEAD") is not None and trusted_branch(repository) is None:
        message = "unknown, so no branch approves an address of a model"
        yield Diagnosis("default branch", "note", message, how_to_set(repository))


def _check_configuration(repository: Repository) -> Iterator[Diagnosis]:
    try:
        found = workspace_at(repository, WORKTREE)
        refuse_unknown_rules(found, untrusted=is_untrusted())
    except PromptopsError as error:
        yield _failed("configuration", error)
        return
    config = found.config
    if config.path is None:
        message = "not found: the defaults apply"
        yield Diagnosis("configuration", "note", message, "promptops init")
    else:
        yield Diagnosis("configuration", "ok", config.path)
    for path, hint in unread_files(found):
        yield Diagnosis("prompts", "problem", f"{path}: {UNREAD_MESSAGE}", hint)
    yield from check_models(config)
    if not repository.bare:
        yield from _schema_copy(repository.root)


def check_models(config: Config) -> Iterator[Diagnosis]:
    """Whether each API key is set, whose value is never shown, and each client is installed.

    One result for each key, and one for each missing package, with all profiles that need it.
    Nothing is imported, and no model is called.
    """
    profiles = tuple(config.models.values())
    for variable, names in _profiles_by(key_variable, profiles).items():
        yield _key_state(variable, names)
    for provider, names in _profiles_by(_provider_with_client, profiles).items():
        # A note if the client of a built-in provider is not installed.
        package = CLIENT_PACKAGES[provider]
        if not has_client(provider):
            name = f"client of {some(names, _SHOWN_PROFILES)}"
            hint = f"{install_command(package.extra)}; needed only to call the model"
            yield Diagnosis(name, "note", f"the package `{package.name}` is not installed", hint)


def _profiles_by(
    needed: Callable[[ModelProfile], str | None], profiles: Iterable[ModelProfile]
) -> Mapping[str, Sequence[str]]:
    """The names of profiles by what they need; those that need nothing are left out."""
    found: dict[str, list[str]] = {}
    for profile in profiles:
        if (name := needed(profile)) is not None:
            found.setdefault(name, []).append(profile.name)
    return found


def _key_state(variable: str, profiles: Sequence[str]) -> Diagnosis:
    name = f"key of {some(profiles, _SHOWN_PROFILES)}"
    if os.environ.get(variable):
        return Diagnosis(name, "ok", f"{variable} is set")
    hint = f"export {variable}=…; needed only to call the model"
    return Diagnosis(name, "note", f"{variable} is not set", hint)


def _provider_with_client(profile: ModelProfile) -> str | None:
    """The built-in provider whose client calls the model; None for plug-ins and `echo`."""
    name = provider_name(profile.provider)
    if name in CLIENT_PACKAGES:
        return name
    is_compatible = profile.base_url is not None and name not in provider_names()
    return COMPATIBLE if is_compatible else None


def _schema_copy(root: Path) -> Iterator[Diagnosis]:
    """The copy of the schema that editors use, if any."""
    text = _text_of(root / SCHEMA)
    if text and text != schema_text("prompt.schema.json"):
        message = f"{SCHEMA} is from another version: an editor may not know every key"
        yield Diagnosis("editor", "note", message, f"rm {SCHEMA}, then promptops init")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _failed(name: str, error: PromptopsError) -> Diagnosis:
    message = "; ".join(map(_with_place, (error, *error.others)))
    return Diagnosis(name, "problem", message, error.hint or "")


def _with_place(error: PromptopsError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message
