"""`promptops render`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import UsageError
from promptops.terminal.options import (
    Command,
    at_option,
    common,
    given_case_option,
    input_option,
    output_option,
    prompt_argument,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.prompt_run import ResolvedPrompt

_OF_REQUESTS = {
    "--case": "case",
    "--turn": "turn",
    "--input": "given",
    "--inputs": "file",
    "--annotate": "annotate",
}
_PROVIDERS = ("openai", "anthropic", "gemini")


@click.command(cls=Command)
@prompt_argument
@given_case_option(help="The test case to render; the first by default.")
@select_option(
    "--turn",
    type=click.IntRange(1),
    metavar="N",
    help="The turn of the test case to render, after the recorded answers to the turns before;"
    " the first by default.",
)
@input_option
@select_option(
    "--inputs",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A JSON file with the inputs.",
)
@output_option("--annotate", is_flag=True, help="Show the source file and line of each line.")
@output_option(
    "--resolved",
    is_flag=True,
    help="Print the prompt file instead; variants, references and body files are filled in.",
)
@at_option
@common("text", "json", *_PROVIDERS)
def command(output: OutputOptions, **options: Any) -> int:
    """Render the request that a model receives, for a test case or for given inputs.

    ID may also be the path of the file. The input schema decides the type of VALUE: `7` is a string
    for a string input and a number for an integer input. Write arrays and objects as JSON.
    `--format openai`, `anthropic` or `gemini` prints the arguments of that provider's client.

    \b
    Example:
      promptops render support/triage --case 'no known issues'
      promptops render support/refund --case 'a refund in two turns' --turn 2
      promptops render support/triage -i product=hub -i ticket='How do I pair it?' --annotate
      promptops render support/triage.de --at v1.2.0 --resolved
    """
    from promptops.workspace.given_inputs import media_inputs, parse_inputs, read_input_object
    from promptops.workspace.named_prompts import required_prompt
    from promptops.workspace.render import readable_prompt, render_inputs, render_turn
    from promptops.workspace.workspace import workspace

    if options["resolved"]:
        return _resolved(output, options)
    given, file = options["given"], options["file"]
    if (given or file) and options["case"] is not None:
        raise UsageError(
            "--case and inputs exclude each other", hint="leave out --case, or the inputs"
        )
    if options["turn"] and options["case"] is None:
        raise UsageError("--turn is the turn of a test case", hint="name the case: --case NAME")
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        path = required_prompt(opened, options["identity"])
        if given or file:
            written = {} if file is None else read_input_object(str(file), Path())
            prompt = readable_prompt(opened, path)
            media = media_inputs(prompt)
            inputs = written | parse_inputs(prompt.inputs, given, output.directory, media)
            rendered = render_inputs(opened, path, inputs)
        else:
            rendered = render_turn(opened, path, options["case"], options["turn"])
        output.write_each(lambda name, _: _formatted(name, rendered, annotate=options["annotate"]))
    return 0


def _resolved(output: OutputOptions, options: dict[str, Any]) -> int:
    from promptops.report.data_text import write_json, yaml_text
    from promptops.workspace.listing import resolved_prompt
    from promptops.workspace.named_prompts import required_prompt
    from promptops.workspace.workspace import workspace

    for name, parameter in _OF_REQUESTS.items():
        if options[parameter]:
            raise UsageError(f"{name} and --resolved exclude each other")
    provider = next((name for name, _ in output.formats if name in _PROVIDERS), None)
    if provider is not None:
        raise UsageError(f"the format {provider} is for requests", hint="leave out --resolved")
    with workspace(output.directory, options["revision"], output.overrides) as opened:
        prompt = resolved_prompt(opened, required_prompt(opened, options["identity"]))
    output.write_each(
        lambda name, _: (
            write_json(prompt) if name == "json" else _about(prompt) + yaml_text(prompt.prompt)
        )
    )
    return 0


def _about(resolved: ResolvedPrompt) -> str:
    """Facts that are not in the file, as comments: the output stays a prompt file."""
    from promptops.report.visible import visible, visible_path

    model = resolved.model
    names = " ".join(part for part in (model.provider, model.id) if part)
    about = {
        "id": visible(resolved.id),
        "path": visible_path(resolved.path),
        "extends": visible_path(resolved.extends) if resolved.extends else "",
        "model": visible(names) if model.profile else "",
    }
    return "".join(f"# {key}: {text}\n" for key, text in about.items() if text)


def _formatted(name: str, rendered: Any, *, annotate: bool) -> str:
    from promptops.report.data_text import json_text

    if name in _PROVIDERS:
        return json_text(_without_bytes(_arguments(name, rendered)))
    if name == "json":
        return _json(rendered, annotate=annotate)
    return _annotated(rendered) if annotate else _text(rendered)


def _arguments(name: str, rendered: Any) -> dict[str, Any]:
    """The arguments of a provider's client; raises as the methods of `RenderedRequest`."""
    from promptops.runtime.request.anthropic import message_arguments
    from promptops.runtime.request.gemini import content_arguments
    from promptops.runtime.request.openai import chat_arguments
    from promptops.runtime.request.unsupported import refuse_unsupported

    refuse_unsupported(rendered.request, name, rendered.prompt.id)
    create = {"anthropic": message_arguments, "gemini": content_arguments}
    return create.get(name, chat_arguments)(rendered.request)


def _without_bytes(value: Any) -> Any:
    """Bytes as base64, as Google's API receives them."""
    from base64 import b64encode

    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _without_bytes(each) for key, each in value.items()}
    return [_without_bytes(each) for each in value] if isinstance(value, list) else value


def _json(rendered: Any, *, annotate: bool) -> str:
    from promptops.report.data_text import write_json
    from promptops.workspace.render import Rendering, rendered_lines

    return write_json(
        Rendering(
            prompt=rendered.prompt.id,
            case=rendered.case,
            turn=rendered.turn.number if rendered.turn is not None else None,
            digest=rendered.digest,
            request=rendered.request,
            lines=tuple(rendered_lines(rendered)) if annotate else None,
        )
    )


def _text(rendered: Any) -> str:
    """The messages, each below its role; media as a short description."""
    from promptops.report.visible import visible_line

    parts = []
    for message in rendered.request.messages:
        parts.append(f"--- {message['role']}")
        for text in _texts(message):
            parts.extend(visible_line(line) for line in text.split("\n"))
    return "\n".join(parts) + "\n"


def _texts(message: dict[str, Any]) -> Iterator[str]:
    import json

    content = message.get("content")
    if isinstance(content, str) and (content or not message.get("tool_calls")):
        yield content
    for part in content if isinstance(content, list) else ():
        yield part["text"] if part["type"] == "text" else f"[{_described(part)}]"
    for call in message.get("tool_calls") or ():
        yield f"[call {json.dumps(call, ensure_ascii=False)}]"


def _described(part: dict[str, Any]) -> str:
    source = str(part.get("url") or part.get("data") or "")
    return f"{part['type']} {source[:60]}{'…' if len(source) > 60 else ''}"


def _annotated(rendered: Any) -> str:
    """Each line after its source file and line, with the inputs in it."""
    from promptops.report.visible import visible, visible_line, visible_path
    from promptops.workspace.render import rendered_lines

    found = list(rendered_lines(rendered))
    places = [f"{visible_path(line.place.path)}:{line.place.line}" for line in found]
    width = max((len(place) for place in places), default=0)
    shown, message = [], -1
    for line, place in zip(found, places, strict=True):
        if line.message != message:
            message = line.message
            shown.append(f"--- {line.role}")
        values = f"   <- {', '.join(map(visible, line.inputs))}" if line.inputs else ""
        shown.append(f"{place.ljust(width)} | {visible_line(line.text)}{values}")
    return "\n".join(shown) + "\n"
