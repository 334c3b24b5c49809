"""A configuration of promptfoo whose prompts are functions, so that promptops renders them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject
from promptops.formats.promptfoo.backwards import promptfoo_assertion
from promptops.formats.yaml_file import yaml_file
from promptops.patterns import lazy_pattern

NAME = "promptfoo"
MARKS = "`promptfooconfig.yaml` for each prompt, and `promptops_prompts.py`, which renders them"

_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_PROVIDERS = {"openai": "openai:chat:", "anthropic": "anthropic:messages:", "gemini": "google:"}

_MODULE = '''\
"""Prompts for promptfoo, rendered by promptops from the files of this repository.

Written by `promptops export promptfoo`.
"""

import os
from pathlib import Path

_FOLDERS = Path(__file__).resolve().parents
_ROOT = next(folder for folder in _FOLDERS if (folder / ".git").exists())
os.environ.setdefault("PROMPTOPS_OVERRIDE", str(_ROOT))

import promptops


def _rendered(identity, context):
    if os.environ.get("PROMPTFOO_DISABLE_TEMPLATING") != "true":
        raise RuntimeError("set PROMPTFOO_DISABLE_TEMPLATING=true: values must not be templates")
    prompt = promptops.load("git:HEAD")[identity]
    return prompt.render(**context["vars"]).openai()["messages"]
{functions}'''
_FUNCTION = """

def {name}(context):
    return _rendered({identity!r}, context)
"""


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A configuration for each prompt, and one module."""
    for subject in subjects:
        losses: list[Loss] = []
        value = _configuration(subject, losses)
        yield from losses
        name = _function_name(subject)
        yield ExportedFile(f"{name}.promptfooconfig.yaml", yaml_file(value))
    functions = "".join(
        _FUNCTION.format(name=_function_name(subject), identity=subject.prompt.id)
        for subject in subjects
    )
    yield ExportedFile("promptops_prompts.py", _MODULE.format(functions=functions))


def _configuration(subject: ExportSubject, losses: list[Loss]) -> dict[str, Any]:
    prompt = subject.prompt
    name = _function_name(subject)
    value: dict[str, Any] = {"description": prompt.description or prompt.id}
    value["env"] = {"PROMPTFOO_DISABLE_TEMPLATING": "true"}
    value["prompts"] = [
        {"id": f"file://promptops_prompts.py:{name}", "label": prompt.id},
    ]
    value["providers"] = [_provider(subject)]
    shared = _assertions(subject, prompt.evaluation.get("assertions", ()), losses)
    default: dict[str, Any] = {"options": {"disableVarExpansion": True}}
    if shared:
        default["assert"] = shared
    value["defaultTest"] = default
    value["tests"] = [_test(subject, case, losses) for case in prompt.cases]
    return value


def _test(subject: ExportSubject, case: Any, losses: list[Loss]) -> dict[str, Any]:
    accepted, _ = subject.renderer.accept(case.inputs)
    asserted = _assertions(subject, case.output, losses)
    return {
        "description": case.name,
        "vars": accepted,
        **({"assert": asserted} if asserted else {}),
    }


def _assertions(
    subject: ExportSubject, given: Sequence[Mapping[str, Any]], losses: list[Loss]
) -> list[dict[str, Any]]:
    found = []
    for assertion in given:
        written = promptfoo_assertion(assertion)
        if written is None:
            message = f"the assertion `{assertion.get('type')}` is not exported"
            loss = subject.lost("EXP106", message, "/tests")
            if loss not in losses:
                losses.append(loss)
        else:
            found.append(written)
    return found


def _provider(subject: ExportSubject) -> Any:
    model = subject.prompt.model
    if not model.id:
        return "echo"
    name = f"{_PROVIDERS.get(model.provider or '', f'{model.provider}:')}{model.id}"
    names = {"max_output_tokens": "max_tokens"}
    config = {names.get(key, key): value for key, value in model.params.items()}
    return {"id": name, "config": config} if config else name


def _function_name(subject: ExportSubject) -> str:
    return _NOT_IN_NAMES.sub("_", subject.prompt.id)
