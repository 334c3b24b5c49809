"""Prompty: `prepare` of a file that was loaded before; it looks for missing inputs."""

import json
import tempfile
from functools import partial
from pathlib import Path

import prompty
from per_call import report
from templates import INPUTS, MODEL, ROLES, TEMPLATES


def agent(name, folder):
    kinds = {str: {"kind": "string"}, list: {"kind": "array", "items": {"kind": "object"}}}
    head = {
        "name": name,
        "model": {"id": MODEL, "provider": "openai"},
        "inputs": [{"name": k, **kinds[type(v)]} for k, v in INPUTS[name].items()],
        "template": {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}},
    }
    turns = zip(ROLES, TEMPLATES[name], strict=True)
    body = "\n\n".join(f"{role}:\n{text}" for role, text in turns)
    file = Path(folder, f"{name}.prompty")
    file.write_text(f"---\n{json.dumps(head)}\n---\n{body}\n")
    return prompty.load(file)


with tempfile.TemporaryDirectory() as folder:
    agents = {name: agent(name, folder) for name in TEMPLATES}
ways = {name: partial(prompty.prepare, agents[name], INPUTS[name]) for name in agents}
said = {
    name: ["".join(part.value for part in each.parts) for each in way()]
    for name, way in ways.items()
}
report(ways, said)
