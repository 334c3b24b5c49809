"""Render sources of other tools with these tools; runs in a virtual environment that has them.

Reads a JSON list of `{"source", "inputs", "key", "call"}` on stdin, and writes a list of
`{"messages": [{"role", "content"}]}`, or `{"error"}`, in the same order. The only argument is the
name of the reference.
"""

from __future__ import annotations

import html
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Messages = list[dict[str, str]]


def prompty1(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """Prompty 0.1."""
    import prompty

    loaded = prompty.load(source)
    loaded.sample = {}  # what the caller leaves out is missing
    return _plain(prompty.prepare(loaded, inputs))


def prompty2(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """Prompty 2."""
    import prompty

    agent = prompty.load(source)
    found = prompty.prepare(agent, inputs)
    return [{"role": one.role, "content": one.text} for one in found]


def promptflow(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """A template of Prompt flow."""
    from promptflow.core._prompty_utils import parse_chat, render_jinja_template_content

    text = Path(source).read_text("utf-8")
    return _plain(parse_chat(render_jinja_template_content(text, **inputs)))


def langchain(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """A file for `load_prompt`, or an object of the hub."""
    from langchain_core.load import loads
    from langchain_core.prompts.loading import load_prompt

    text = Path(source).read_text("utf-8")
    hub = '"lc"' in text
    prompt = loads(text) if hub else load_prompt(source)
    value = prompt.invoke(inputs)
    roles = {"human": "user", "ai": "assistant"}
    return [
        {"role": roles.get(one.type, one.type), "content": one.content}
        for one in value.to_messages()
    ]


def langfuse(source: str, inputs: dict[str, Any], key: str, **_: Any) -> Messages:
    """The prompt of an export whose name is `key`."""
    from langfuse.model import ChatPromptClient, Prompt_Chat, Prompt_Text, TextPromptClient

    value = json.loads(Path(source).read_text("utf-8"))
    row = next(row for row in value["data"] if row["name"] == key)
    given = {"labels": [], "tags": [], "config": {}, "version": 1, **row}
    if isinstance(row["prompt"], str):
        return _user(TextPromptClient(Prompt_Text(**given)).compile(**inputs))
    return _plain(ChatPromptClient(Prompt_Chat(**given)).compile(**inputs))


def mlflow(source: str, inputs: dict[str, Any], key: str, **_: Any) -> Messages:
    """The prompt of a registry whose name is `key`."""
    from mlflow.entities.model_registry.prompt_version import PromptVersion

    rows = json.loads(Path(source).read_text("utf-8"))["prompts"]
    row = next(row for row in rows if row["name"] == key)
    version = PromptVersion(name=row["name"], version=1, template=row["template"])
    found = version.format(allow_partial=True, **inputs)
    text = found if isinstance(found, str | list) else found.template
    return _user(text) if isinstance(text, str) else _plain(text)


def jinja(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """A file for an `Environment()` of Jinja."""
    from jinja2 import Environment, FileSystemLoader

    path = Path(source)
    engine = Environment(keep_trailing_newline=True, loader=FileSystemLoader(path.parent))
    return _user(engine.get_template(path.name).render(inputs))


def mustache(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """A file of Mustache, rendered alike by two engines."""
    import chevron
    import pystache

    text = Path(source).read_text("utf-8")
    found = chevron.render(text, inputs)
    other = pystache.Renderer(escape=html.escape).render(text, inputs)
    if html.unescape(other) != html.unescape(found):
        raise ValueError("the engines differ")
    return _user(found)


def python(source: str, inputs: dict[str, Any], call: str, **_: Any) -> Messages:
    """An expression over a module of ours, with the inputs as `inputs`."""
    spec = importlib.util.spec_from_file_location("sources", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The expression is one of our own, from a file in this repository.
    found = eval(call, vars(module), {"inputs": _named(inputs)})
    return _user(found) if isinstance(found, str) else _plain(found)


def github(source: str, inputs: dict[str, Any], **_: Any) -> Messages:
    """The rule of GitHub Models: exactly `{{name}}`, all at once."""
    import yaml

    value = yaml.safe_load(Path(source).read_text("utf-8"))
    return [
        {
            "role": message["role"],
            "content": re.sub(
                r"\{\{([\w.-]+)\}\}",
                lambda match: str(inputs.get(match[1], match[0])),
                message["content"],
            ),
        }
        for message in value["messages"]
    ]


class _Named(dict[str, Any]):
    """A mapping with attributes, as objects of a program have them."""

    __getattr__ = dict.__getitem__


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return _Named({key: _named(item) for key, item in value.items()})
    return [_named(item) for item in value] if isinstance(value, list) else value


def _user(text: Any) -> Messages:
    return [{"role": "user", "content": str(text)}]


def _plain(messages: Any) -> Messages:
    return [{"role": str(one["role"]), "content": one.get("content", "")} for one in messages]


def _results(render: Callable[..., Messages], jobs: list[dict[str, Any]]) -> Iterator[Any]:
    for job in jobs:
        try:
            yield {"messages": render(**job)}
        except Exception as error:  # noqa: BLE001
            yield {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    jobs = json.load(sys.stdin)
    sys.stdout.write(json.dumps(list(_results(globals()[sys.argv[1]], jobs))))
