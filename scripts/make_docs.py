"""Write docs/reference from the rules, changes, commands, assertions and schemas of the tool.

Run it after changing any of them: python scripts/make_docs.py
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from promptops.cli.group import all_commands, group
from promptops.commands.lint.rules import markdown_page, marks
from promptops.diff.changes import CODES
from promptops.evals.probe_library import LIBRARY, family, family_names
from promptops.evals.registry import AssertionKind
from promptops.evals.registry import built_in as known_assertions
from promptops.formats.codes import CODES as LOSSES
from promptops.lint.registry import built_in as known_rules
from promptops.model.probe import BiasPair, Family, Probe
from promptops.runtime.template import nodes
from promptops.terminal.options import FORMAT_HELP, SHARED, options_by_heading

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Made by scripts/make_docs.py; change what it is made from, not this file. -->\n\n"


def pages() -> dict[str, str]:
    """Every page below docs/reference, by its path in that folder."""
    made = {
        "rules.md": _rules(),
        "changes.md": _changes(),
        "losses.md": _losses(),
        "commands.md": _commands(),
        "assertions.md": _assertions(),
        "probes.md": _probes(),
        "programs.md": _programs(),
        "prompt.md": _schema("prompt.schema.json", "Every key of a prompt file", "prompt-file.md"),
        "configuration.md": _schema(
            "config.schema.json", "Every key of the configuration", "configuration.md"
        ),
    }
    made |= {f"rules/{code}.md": _rule_page(code) for code in known_rules()}
    return {path: NOTE + text for path, text in made.items()}


def _rules() -> str:
    rows = [
        f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {rule.severity} | "
        f"{marks(rule)} | {_cell(rule.summary)} |"
        for rule in known_rules().values()
    ]
    head = "| code | name | severity | on | requirement |\n|---|---|---|---|---|\n"
    about = (
        "How to select, silence and configure them: [lint.md](../lint.md). In a terminal,\n"
        "`promptops rule CODE` prints the page of a rule. An empty field below `on` means on by\n"
        "default.\n\n"
    )
    return f"# Rules\n\n{about}{head}{chr(10).join(rows)}\n"


def _rule_page(code: str) -> str:
    return f"{markdown_page(known_rules()[code])}\n[All rules](../rules.md)\n"


def _changes() -> str:
    rows = [
        f"| {each.code} | {each.name} | {each.level} | {each.bump} | {_cell(each.summary)}"
        f"{f' **Risk**: {each.risk}.' if each.risk else ''} |"
        for each in CODES.values()
    ]
    head = "| code | name | level | bump | what changed |\n|---|---|---|---|---|\n"
    about = (
        "The changes that `promptops diff` reports, and the bump that each requires. How they\n"
        "combine, and how to accept a breaking change: [changes.md](../changes.md).\n\n"
    )
    return f"# Changes\n\n{about}{head}{chr(10).join(rows)}\n"


def _losses() -> str:
    rows = [
        f"| {each.code} | {each.name} | {each.severity}{' or error' if each.may_refuse else ''} | "
        f"{_cell(each.summary)} | {_cell(each.fix)} |"
        for each in LOSSES.values()
    ]
    head = "| code | name | severity | what happened | the fix |\n|---|---|---|---|---|\n"
    about = (
        "What `promptops import` and `promptops export` report. An error: the prompt is not\n"
        "written. A warning: it is written, and a part is missing or can behave differently.\n"
        "Info: everything is there, in other words, or something was assumed. `--strict` refuses\n"
        "a prompt with a warning. The pages: [import](../import.md), [export](../export.md).\n\n"
    )
    return f"# Losses\n\n{about}{head}{chr(10).join(rows)}\n"


def _commands() -> str:
    known = dict(all_commands(group))
    shared = "".join(map(_option, options_by_heading(known["lint"])[SHARED]))
    body = "\n".join(_command(*each) for each in known.items())
    about = (
        "`promptops COMMAND`, also `git promptops COMMAND`. Results go to stdout, everything else\n"
        "to stderr. The exit codes and the JSON output:\n"
        "[exit-codes-and-outputs.md](../exit-codes-and-outputs.md).\n\n"
        "Every command has these options. `-C DIR` may also come before the command, as for git;\n"
        "of several, each is relative to the one before.\n\n"
        f"- `--format` `FORMAT[=FILE]`: {FORMAT_HELP}\n"
    )
    return f"# Commands\n\n{about}{shared}- `-h`, `--help`: Show help.\n\n{body}"


def _command(name: str, command: click.Command) -> str:
    text, _, example = inspect.cleandoc(command.help or "").partition("\b\nExample:\n")
    usage = " ".join(
        command.collect_usage_pieces(click.Context(command, help_option_names=["-h", "--help"]))
    )
    listed = "\n".join(
        f"{heading}:\n\n{''.join(map(_option, options))}"
        for heading, options in options_by_heading(command).items()
        if heading != SHARED
    )
    return (
        f"## {name}\n\n    promptops {name} {usage}\n\n{text.strip()}\n\n{listed}\n"
        f"```sh\n{inspect.cleandoc(example)}\n```\n"
    )


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    metavar = option.metavar or option.make_metavar(click.Context(click.Command("")))
    value = "" if option.is_flag else f" `{metavar}`"
    return f"- {names}{value}: {option.help}\n"


def _assertions() -> str:
    kinds = known_assertions().values()
    about = (
        "The assertions of test cases. How to write them, and the meaning of `path`, `role`,\n"
        "`transform` and `not-`: [prompt-file.md](../prompt-file.md#assertions).\n\n"
    )
    index = " · ".join(f"[{kind.name}](#{kind.name})" for kind in kinds)
    body = "\n".join(_assertion(kind) for kind in kinds)
    return f"# Assertions\n\n{about}{index}\n\n{body}"


def _assertion(kind: AssertionKind) -> str:
    text = re.sub(r"(?ms)^Attributes:\n(.*?)(?=^Holds:)", _arguments, kind.documentation)
    text = re.sub(r"(?m)^(Holds|Fails):\n((?:(?: {4}.*)?(?:\n|$))+)", _fenced, text)
    return f"## {kind.name}\n\n{text.strip()}\n"


def _arguments(match: re.Match[str]) -> str:
    # A description may continue, indented, on the next line.
    joined = re.sub(r"\n {8,}", " ", match[1])
    entries = re.findall(r"(?m)^ {4}([\w, ]+): (.*)$", joined)
    return "".join(f"- `{name}`: {description}\n" for name, description in entries) + "\n"


def _fenced(match: re.Match[str]) -> str:
    return f"{match[1]}:\n\n```yaml\n{inspect.cleandoc(match[2])}\n```\n\n"


def _probes() -> str:
    families = [family(name) for name in family_names()]
    rows = [
        f"| [{each.name}](#{each.name}) | {each.owasp} | {_cell(each.attacks)} | "
        f"{len(each.probes) or f'{len(each.pairs)} pairs'} |"
        for each in families
    ]
    attacks = sum(len(each.probes) for each in families)
    pairs = sum(len(each.pairs) for each in families)
    about = (
        f"Version {LIBRARY} of the packaged library: {attacks} attacks and {pairs} pairs in "
        f"{len(families)} families. How a success is\nrecognised, and how to test your attacks: "
        "[probe-library.md](../probe-library.md). `OWASP` is the risk in the\nTop 10 for LLM "
        "applications.\n\n"
    )
    head = "| family | OWASP | attack | probes |\n|---|---|---|---|\n"
    sections = "\n".join(map(_family, families))
    return f"# Probes\n\n{about}{head}{chr(10).join(rows)}\n\n{sections}"


def _programs() -> str:
    rows = "".join(
        f"| `{code}` | {_fields(kind)} | {_cell(inspect.getdoc(kind) or '')} |\n"
        for code, kind in nodes.BY_CODE.items()
    )
    return (
        "# Operations of a program\n\n"
        "The fields of an operation, in order, after its offset; `?` marks one that may be null, "
        "and `= …` one\nthat is left out if it has this value. What they mean: "
        "[portable.md](../portable.md).\n\n"
        f"| operation | fields | meaning |\n|---|---|---|\n{rows}"
    )


def _fields(kind: Any) -> str:
    fields = zip(kind.all_fields[1:], kind.annotations[1:], strict=True)
    return ", ".join(_field(name, written, kind.defaults_of_fields) for name, written in fields)


def _field(name: str, annotation: str, defaults: Mapping[str, Any]) -> str:
    written = annotation.removesuffix(" | None")
    text = _FIELDS.get(written) or written.lower()
    if written.startswith("tuple["):
        text = "list of " + written.removeprefix("tuple[").removesuffix(", ...]").lower()
    text = _FIELDS.get(annotation, text) + ("?" if annotation != written else "")
    if name not in defaults:
        return f"`{name}`: {text}"
    value = defaults[name]
    empty = isinstance(value, (tuple, frozenset))
    return f"`{name}`: {text} = {'[]' if empty else json.dumps(value)}"


_FIELDS = {
    "str": "string",
    "bool": "boolean",
    "Any": "constant",
    "Body": "list of statement",
    "Names": "list of string",
    "tuple[str | tuple[str, str], ...]": "list of string or pair",
}


def _family(family: Family) -> str:
    listed = "".join([*map(_probe, family.probes), *map(_pair, family.pairs)])
    tools = " Only with `evaluation.probes.tools`." if family.needs_tools else ""
    return f"## {family.name}\n\n{family.attacks}{tools}\n\n{listed}"


def _probe(probe: Probe) -> str:
    parts = [
        *([f"transform `{probe.transform}`"] if probe.transform else []),
        *([_SLOTS[probe.slot]] if probe.slot in _SLOTS else []),
        *(["embedded"] if probe.place == "embed" else []),
    ]
    return f"- `{probe.id}`{': ' if parts else ''}{', '.join(parts)}\n"


_SLOTS = {"document": "into a document", "list": "into an item of a list"}


def _pair(pair: BiasPair) -> str:
    first, second = pair.texts
    return f"- `{pair.id}`: {pair.attribute}: “{first}” and “{second}”\n"


def _schema(name: str, title: str, explained: str) -> str:
    schema = json.loads((ROOT / "schemas" / name).read_text("utf-8"))
    parts = [
        f"# {title}\n\nGenerated from [`schemas/{name}`](../../schemas/{name}); explained in "
        f"[{explained}](../{explained}).\n`[]` stands for each item of a list, `NAME` for any "
        "name. Keys that begin with `x-` are kept and ignored.\n"
    ]
    table = _Table(schema["$defs"])
    for key, value in schema["properties"].items():
        rows = "".join(table.rows(key, value, required=key in schema.get("required", ())))
        parts.append(f"## {key}\n\n| path | type | description |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


class _Table:
    """The rows of one schema's tables; a shared definition is described at its first use."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._description: dict[str, str] = {}

    def rows(self, path: str, node: Mapping[str, Any], *, required: bool = False) -> Iterator[str]:
        """One row for a key, then those of all below it."""
        name = node.get("$ref", "").removeprefix("#/$defs/")
        node = _resolved(node, self._definitions)
        description = f"{node.get('description', '')}{' Required.' if required else ''}"
        before = self._description.setdefault(name, path) if name else path
        if before != path and node.get("properties"):
            description += f" Its keys are those of `{before}`."
        yield f"| `{path}` | {_type(node, self._definitions)} | {_cell(description)} |\n"
        if before == path:
            yield from self._below(path, node)

    def _below(self, path: str, node: Mapping[str, Any]) -> Iterator[str]:
        for key, value in node.get("properties", {}).items():
            if not value.get("description", "").startswith("As in JSON Schema:"):
                required = key in node.get("required", ())
                yield from self.rows(f"{path}.{key}", value, required=required)
        for key, ending in (("additionalProperties", ".NAME"), ("items", "[]")):
            if _worth_a_row(node.get(key)):
                yield from self.rows(f"{path}{ending}", node[key])


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return {**definitions[name], **node} if name else node


def _worth_a_row(below: Any) -> bool:
    """The type; a list of strings is one type, an object gets rows of its own."""
    return isinstance(below, dict) and bool({"$ref", "properties"} & below.keys())


def _type(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    node = _resolved(node, definitions)
    if "enum" in node.get("anyOf", ({},))[0]:
        node = node["anyOf"][0]  # the known names; the others are described in words
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return (
            " ".join(f"`{each}`" for each in node["enum"]) if len(node["enum"]) < 20 else "a name"
        )
    kinds = node.get("type", ())
    names = [
        _kind(kind, node, definitions) for kind in ([kinds] if isinstance(kinds, str) else kinds)
    ]
    return " or ".join(names) or "any"


def _kind(kind: str, node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    plain = {"object": "mapping", "string": "text", "integer": "whole number", "boolean": "boolean"}
    if kind == "array" and isinstance(node.get("items"), dict):
        return f"list of {_type(node['items'], definitions)}"
    return plain.get(kind, {"array": "list"}.get(kind, kind))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write() -> None:
    """Write every page, and delete the pages of removed rules."""
    made = pages()
    for file in REFERENCE.rglob("*.md"):
        if file.relative_to(REFERENCE).as_posix() not in made:
            file.unlink()
    for path, text in made.items():
        (REFERENCE / path).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
