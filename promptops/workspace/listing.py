"""A resolved prompt as plain values, the digest of a prompt, and prompt files that are not read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.catalog.unread_prompts import unread_prompts
from promptops.errors import InputError, PromptopsError
from promptops.model.config import Config
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place, Text
from promptops.model.prompt import (
    Case,
    CaseTurn,
    ConversationHistory,
    ForEach,
    Message,
    Model,
    Output,
    Part,
    Prompt,
    SimulatedUser,
    TextPart,
    Tool,
    Turn,
)
from promptops.model.prompt_run import CalledModel, ResolvedPrompt
from promptops.plurals import some
from promptops.records import fields, is_record
from promptops.repo.repository import Repository
from promptops.repo.tree import WORKTREE
from promptops.report.visible import visible_path
from promptops.workspace.workspace import Workspace


def unread_files(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Files that look like prompts but are not read, with the fix of each."""
    catalog = workspace.catalog
    found = unread_prompts(catalog, catalog.files.entries)
    return tuple((one.path, one.fix) for one in found)


def hidden_prompts(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Prompt files on disk that no command reads: a sentence and a hint for each reason.

    They are ignored by git, outside the sparse checkout, or in a folder such as `Prompts`, whose
    name differs from that of a root only in case. If there are no prompts, the whole work tree is
    searched. Empty for a revision other than the work tree.
    """
    repository, roots = workspace.repository, [r for r in workspace.config.prompts if r != "."]
    is_empty = not workspace.catalog.prompt_files
    if workspace.revision != WORKTREE or repository.bare or not (roots or is_empty):
        return
    ignored = [path for path in repository.ignored(roots) if path.endswith(PROMPT_ENDINGS)]
    if ignored:
        files = some([visible_path(path) for path in ignored], 1, "file")
        hint = f"`git check-ignore -v {visible_path(ignored[0])}` shows the pattern"
        yield f"ignored by git, so not read: {files}", hint
    if is_empty:
        yield from _outside_of_roots(repository, roots)
    sparse = [path for path in repository.sparse(roots) if (repository.root / path).is_file()]
    if skipped := [path for path in sparse if path.endswith(PROMPT_ENDINGS)]:
        files = some([visible_path(path) for path in skipped], 1, "file")
        hint = "`git update-index --no-skip-worktree` makes git read the file on disk"
        yield f"outside the sparse checkout, so read from git and not from disk: {files}", hint
    for root in roots:
        for folder in _folders_in_other_case(repository.root, root):
            inside = repository.listed_on_disk((folder,))
            if any(path.endswith(PROMPT_ENDINGS) for path in inside):
                shown, proper = visible_path(folder), visible_path(root)
                yield f"not read: the prompts in {shown}/", f"move them to {proper}/, the root"


def refuse_only_hidden(workspace: Workspace) -> None:
    """Raise InputError if there are no prompts but prompt files that no command reads."""
    if workspace.catalog.prompt_files:
        return
    for sentence, hint in hidden_prompts(workspace):
        raise InputError(f"there are no prompts; {sentence}", hint=hint)


def _outside_of_roots(repository: Repository, roots: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = [
        path
        for path in repository.listed_on_disk(())
        if path.endswith(PROMPT_ENDINGS)
        and not any(is_below(path, root) for root in roots)
        and (repository.root / path).is_file()
    ]
    if found:
        files = some([visible_path(path) for path in found], 1, "file")
        above, named, _ = f"/{found[0]}".rpartition("/prompts/")
        folder = f"{above}/prompts".lstrip("/") if named else found[0].rpartition("/")[0]
        folder = visible_path(folder or ".")
        yield (
            f"outside of the prompt roots, so not read: {files}",
            (f'write `prompts = ["{folder}"]` in promptops.toml, or move the files'),
        )


def _folders_in_other_case(top: Path, root: str) -> Iterator[str]:
    above, _, name = root.rpartition("/")
    try:
        beside = sorted(os.listdir(top / above))
    except OSError:
        return
    for other in beside:
        if other != name and other.lower() == name.lower():
            yield f"{above}/{other}" if above else other


def content_digest(catalog: Catalog, prompt: Prompt) -> str:
    """SHA-256 over path and content id of a prompt file and its dependencies, without cases."""
    loaded = catalog.loaded(prompt.path)
    paths = {prompt.path, *(r.target for r in loaded.references if r.kind != "cases")}
    paths |= {text.path for text in catalog.reached(prompt)}
    lines = "".join(f"{path}\0{catalog.files.blob(path) or ''}\n" for path in sorted(paths))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def unreadable_error(loaded: LoadedPrompt) -> PromptopsError:
    """The error for a prompt file that can't be read."""
    problem = loaded.problems[0]
    if problem.code == CODE:
        return PromptopsError(problem.message, where=loaded.path, hint=problem.hint)
    where = str(problem.at) if isinstance(problem.at, Place) else loaded.path
    hint = problem.hint or f"`{loaded.lint_command}` reports all problems"
    return InputError(problem.message, where=where, hint=hint)


def plain_value(value: Any) -> Any:
    """Convert records to plain values: without source places, and without unset fields."""
    if isinstance(value, Text):
        return value.value
    if is_record(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.name not in ("locate", "at")]
        plain = {name: plain_value(getattr(value, name)) for name in names}
        return {name: item for name, item in plain.items() if item not in (None, (), [], {}, "")}
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    return value


# A resolved prompt in the shape of a prompt file, which could be saved as one


def resolved_prompt(workspace: Workspace, path: str) -> ResolvedPrompt:
    """A prompt fully resolved; raises InputError for a file that is not a prompt."""
    loaded = workspace.catalog.loaded(path)
    prompt = loaded.prompt
    if prompt is None:
        raise unreadable_error(loaded)
    model = prompt.model
    return ResolvedPrompt(
        revision=workspace.catalog.revision,
        id=prompt.id,
        path=prompt.path,
        extends=prompt.extends,
        model=CalledModel(profile=model.profile, provider=model.provider, id=model.id),
        prompt=_file_shape(prompt, workspace.config),
    )


_FORMAT = "promptops/1"
_UNSET: tuple[Any, ...] = (None, "", False, (), [], {})


def _file_shape(prompt: Prompt, config: Config) -> dict[str, Any]:
    """The content of a prompt file without `extends` that needs no other file except media.

    Unset keys are left out. Referenced schemas are under `$defs`. A model of a profile is given by
    the profile's name, with the parameters of both.
    """
    root = next((root for root in config.prompts if is_below(prompt.path, root)), ".")
    shape = {
        "title": prompt.title,
        "description": prompt.description,
        "owners": prompt.owners,
        "tags": prompt.tags,
        "metadata": prompt.metadata,
        "status": prompt.status,
        "replaced_by": prompt.replaced_by,
        "sunset": prompt.sunset,
        "budget": prompt.budget,
        "aliases": prompt.aliases,
        "model": _model_shape(prompt.model),
        "inputs": prompt.inputs,
        "output": _output_shape(prompt.output),
        "tools": [_tool_shape(tool) for tool in prompt.tools],
        "tool_choice": prompt.tool_choice,
        "messages": [_turn_shape(message, root) for message in prompt.messages],
        "tests": [_case_shape(case) for case in prompt.cases],
        "evaluation": prompt.evaluation,
    }
    value: dict[str, Any] = plain_value({"format": _FORMAT, **_without_unset(shape)})
    return value


def _without_unset(shape: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping without unset values; `0` is a value."""
    return {
        key: value
        for key, value in shape.items()
        if not any(value is empty or (value == empty and value != 0) for empty in _UNSET)
    }


def _model_shape(model: Model) -> dict[str, Any]:
    named: dict[str, Any] = {"profile": model.profile}
    if model.profile is None:
        named = {"provider": model.provider, "id": model.id}
    return _without_unset(
        {**named, "params": model.params, "provider_options": model.provider_options}
    )


def _output_shape(output: Output) -> dict[str, Any]:
    shape = {
        "format": output.format,
        "name": output.name,
        "strict": output.strict,
        "description": output.description,
    }
    return _without_unset(shape) | ({} if output.schema is None else {"schema": output.schema})


def _tool_shape(tool: Tool) -> dict[str, Any]:
    shape = {"name": tool.name, "description": tool.description, "strict": tool.strict}
    schemas = {"parameters": tool.parameters, "returns": tool.returns}
    return _without_unset(shape) | {
        key: schema for key, schema in schemas.items() if schema not in (None, {})
    }


def _turn_shape(turn: Turn, root: str) -> dict[str, Any]:
    if isinstance(turn, ForEach):
        messages = [_message_shape(message, root) for message in turn.messages]
        return {"for_each": turn.source, "as": turn.name, "messages": messages}
    if isinstance(turn, ConversationHistory):
        return {"history": turn.source} | ({} if turn.last is None else {"last": turn.last})
    return _message_shape(turn, root)


def _message_shape(message: Message, root: str) -> dict[str, Any]:
    shape = {
        "name": message.name,
        "cache": message.cache,
        "when": message.when,
        "content": _content(message, root),
        "tool_calls": message.tool_calls,
        "tool_call_id": message.tool_call_id,
    }
    return {"role": message.role, **_without_unset(shape)}


def _content(message: Message, root: str) -> Any:
    if not message.plain:
        return [_part_shape(part, root) for part in message.parts]
    return "".join(part.text.value for part in message.parts if isinstance(part, TextPart))


def _part_shape(part: Part, root: str) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text.value, **_without_unset({"when": part.when})}
    # The path of a file as a prompt writes it: relative to the root of prompts.
    inside = part.origin == "file" and root != "." and is_below(part.value, root)
    source = {part.origin: (part.value[len(root) + 1 :] if inside else part.value)}
    rest = {"detail": part.detail, "title": part.title, "when": part.when}
    return {part.kind: source, **_without_unset(rest)}


def _case_turn_shape(turn: CaseTurn) -> dict[str, Any]:
    user: Any = turn.user
    if isinstance(user, SimulatedUser):
        user = {"simulate": user.character, "goal": user.goal, "max-turns": user.max_turns}
    results = [{"name": result.name, "result": result.text} for result in turn.results]
    return _without_unset({"user": user, "tool": results, "output": turn.output})


def _case_shape(case: Case) -> dict[str, Any]:
    shape = {
        "inputs": case.inputs,
        "rendered": case.rendered,
        "output": case.output,
        "turns": [_case_turn_shape(turn) for turn in case.turns],
        "conversation": case.conversation,
        "tags": case.tags,
    }
    expected = {} if case.expected is None else {"expected": case.expected}
    return {"name": case.name, **_without_unset(shape), **expected}
