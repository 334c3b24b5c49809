"""One HTML page without any external resources."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from promptops.counting import counted
from promptops.report.parts.visible import visible

_REPORT = "promptops.report"
_BASE = "page/base"


def document(
    folder: str,
    filters: Mapping[str, Callable[..., Any]],
    *,
    parts: Sequence[str] = (),
    top: int = 2,
    **values: Any,
) -> str:
    """The page of a folder below `report/`: its `page.html.j2`.

    Style and script stand in the page; a policy allows these two and nothing else.

    Args:
        folder: Such as `diff/page`. Its own style and script are `page.css` and `page.js`.
        parts: What other pages show, too, such as `diff/page/changes`, by the name of its style and
            its script.
        top: The level of the headings of prompts.
    """
    names = (_BASE, *parts, f"{folder}/page")
    style, script = _joined(names, ".css"), _joined(names, ".js")
    environment = _environment()
    environment.filters |= filters
    environment.globals["top"] = top
    return environment.get_template(f"{folder}/page.html.j2").render(
        **values, style=Markup(style), script=Markup(script), policy=_policy(style, script)
    )


def _joined(names: Iterable[str], ending: str) -> str:
    """Of the files of a kind, those that are there."""
    found = (files(_REPORT).joinpath(*f"{name}{ending}".split("/")) for name in names)
    return "\n".join(each.read_text("utf-8") for each in found if each.is_file())


def _policy(style: str, script: str) -> str:
    """A content security policy; hashes are of what stands between the tags, to the character."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _environment() -> Environment:
    """Templates are named by where they stand: `diff/page/prompt.html.j2`."""
    environment = Environment(
        autoescape=True,
        loader=PackageLoader(_REPORT, "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "visible": visible,
        "whole": _whole,
        "sentence": _sentence,
        "counted": counted,
        "amount": _amount,
    }
    return environment


def _whole(text: str) -> str:
    """All of a text, with its line ends."""
    return "\n".join(visible(line, len(line)) for line in text.split("\n"))


def _sentence(message: str) -> Markup:
    """Text between backticks is shown as code."""
    pieces = visible(message).split("`")
    if len(pieces) % 2 == 0:
        return Markup("%s") % "`".join(pieces)
    return Markup("").join(
        Markup("<code>%s</code>") % piece if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def _amount(number: float) -> str:
    return f"{round(number):,}"
