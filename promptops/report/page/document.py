"""One HTML page that needs nothing beside itself, and reaches for nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from promptops.report.parts.summary import counted
from promptops.report.parts.visible import visible

_SHARED = "promptops.report.page"
_STYLES, _SCRIPTS = ("base.css", "page.css"), ("base.js", "page.js")


def document(package: str, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """The page of a package that has a `page.html.j2`, a `page.css` and perhaps a `page.js`.

    Style and script stand in the page; a policy allows these two and nothing else.
    """
    style, script = _joined(package, _STYLES), _joined(package, _SCRIPTS)
    environment = _environment(package)
    environment.filters |= filters
    return environment.get_template("page.html.j2").render(
        **values, style=Markup(style), script=Markup(script), policy=_policy(style, script)
    )


def _joined(package: str, names: tuple[str, str]) -> str:
    shared, own = files(_SHARED).joinpath(names[0]), files(package).joinpath(names[1])
    return "\n".join(part.read_text("utf-8") for part in (shared, own) if part.is_file())


def _policy(style: str, script: str) -> str:
    """A content security policy; hashes are of what stands between the tags, to the character."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _environment(package: str) -> Environment:
    environment = Environment(
        autoescape=True,
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(_SHARED, ".")]),
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
    """What stands between backticks is code."""
    pieces = visible(message).split("`")
    if len(pieces) % 2 == 0:
        return Markup("%s") % "`".join(pieces)
    return Markup("").join(
        Markup("<code>%s</code>") % piece if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def _amount(number: float) -> str:
    return f"{round(number):,}"
