"""The requests of the prompts in this folder, of `prompts/` and of `examples/`, in every format."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from promptops.bundles.build import bundle_of
from promptops.errors import InputError, UsageError
from promptops.model.prompt import Prompt
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.workspace.workspace import Workspace, workspace

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
GOLDEN = HERE / "golden"
FORMATS = ("openai", "responses", "anthropic", "gemini")
SOURCES = (HERE / "prompts", ROOT / "prompts", ROOT / "examples" / "triage" / "prompts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The requests of one prompt.

    Attributes:
        arguments: By format: the arguments, or the text of the error.
    """

    prompt: str
    arguments: Mapping[str, dict[str, Any] | str]


@cache
def all_requests() -> Mapping[str, Requests]:
    """The first test case of each prompt, by id; each format with a profile of its provider."""
    found: dict[str, dict[str, Any]] = {}
    for name in FORMATS:
        for prompt, arguments in _requests(name):
            found.setdefault(prompt, {})[name] = arguments
    return {id_: Requests(prompt=id_, arguments=each) for id_, each in sorted(found.items())}


def as_json(value: Any) -> Any:
    """A request as JSON data; bytes as `{"base64": …}`."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {key: as_json(each) for key, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, (list, tuple)) else value


@contextmanager
def repository_of(provider: str) -> Iterator[Path]:
    """A repository with all prompts, whose profiles are those of `PROVIDER.toml`."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for source in SOURCES:
            shutil.copytree(source, root / "prompts", dirs_exist_ok=True)
        shutil.copy(HERE / f"{provider}.toml", root / "promptops.toml")
        subprocess.run(["git", "init", "--quiet", folder], check=True)
        yield root


def _requests(name: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    with (
        repository_of("openai" if name == "responses" else name) as root,
        workspace(root) as opened,
    ):
        bundle = Bundle(read_bundle(bundle_of(opened), "test"), where="test")
        for prompt in _prompts(opened):
            inputs = prompt.cases[0].inputs if prompt.cases else {}
            yield prompt.id, _arguments(bundle, prompt, inputs, name)


def _prompts(opened: Workspace) -> Iterator[Prompt]:
    for loaded in opened.catalog.prompts():
        assert loaded.prompt is not None, (loaded.path, loaded.problems)
        yield loaded.prompt


def _arguments(
    bundle: Bundle, prompt: Prompt, inputs: Mapping[str, Any], name: str
) -> dict[str, Any] | str:
    request = bundle[prompt.id].render_from(inputs)
    try:
        arguments: dict[str, Any] = getattr(request, name)()
    except (InputError, UsageError) as error:
        return "\n".join(f"{type(each).__name__}: {each}" for each in (error, *error.others))
    return arguments
