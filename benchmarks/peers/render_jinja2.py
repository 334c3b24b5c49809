"""Jinja2's templates, compiled before; nothing is checked."""

from functools import partial

from jinja2 import Environment, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from per_call import report
from templates import INPUTS, TEMPLATES


def render(templates, inputs):
    return [each.render(inputs) for each in templates]


ways = {}
for suffix, kind in (("", Environment), (", sandboxed", ImmutableSandboxedEnvironment)):
    environment = kind(undefined=StrictUndefined)
    for name, texts in TEMPLATES.items():
        templates = [environment.from_string(text) for text in texts]
        ways[f"{name}{suffix}"] = partial(render, templates, INPUTS[name])
report(ways, {name: way() for name, way in ways.items()})
