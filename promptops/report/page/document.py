"""One HTML page without any external resources, and the limits of what it shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from promptops.plurals import counted
from promptops.records import record
from promptops.report.differences import Segment, word_difference
from promptops.report.visible import visible

_PACKAGE = "promptops"
_BASE = "report/page/base"

PICTURE = "report/page/picture"
"""The style of pictures with axes, for `document`."""


def document(
    folder: str,
    filters: Mapping[str, Callable[..., Any]],
    *,
    parts: Sequence[str] = (),
    top: int = 2,
    **values: Any,
) -> str:
    """The page of a folder below `promptops/`: its `page.html.j2`.

    Style and script are inline; the content security policy allows only these two.

    Args:
        folder: A folder such as `commands/diff` with `page.css` and `page.js`.
        parts: Parts shared with other pages, such as `commands/diff/changes`: the path of style
            and script without suffix.
        top: The heading level of prompts.
    """
    names = (_BASE, *parts, f"{folder}/page")
    style, script = _joined(names, ".css"), _joined(names, ".js")
    environment = _environment(_compiled(folder))
    environment.filters |= filters
    environment.globals["top"] = top
    return environment.get_template(f"{folder}/page.html.j2").render(
        **values, style=Markup(style), script=Markup(script), policy=_policy(style, script)
    )


def _joined(names: Iterable[str], ending: str) -> str:
    """The contents of those files that exist."""
    found = (files(_PACKAGE).joinpath(*f"{name}{ending}".split("/")) for name in names)
    return "\n".join(each.read_text("utf-8") for each in found if each.is_file())


def _policy(style: str, script: str) -> str:
    """A content security policy with hashes of the exact contents of the two tags."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


class _Compiled(BytecodeCache):
    """The compiled templates of a page, for the next one that this process writes."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


@cache
def _compiled(folder: str) -> _Compiled:
    """Of one folder, whose filters are always the same: a template is compiled for its filters."""
    return _Compiled()


def _environment(compiled: BytecodeCache) -> Environment:
    """The template environment; names are paths such as `commands/diff/prompt.html.j2`."""
    environment = Environment(
        autoescape=True,
        bytecode_cache=compiled,
        loader=PackageLoader(_PACKAGE, "."),
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
    """The lines of a text with their line ends."""
    return "\n".join(visible(line, len(line)) for line in text.split("\n"))


def _sentence(message: str) -> Markup:
    """HTML for a text; backticks mark code."""
    pieces = visible(message).split("`")
    if len(pieces) % 2 == 0:
        return Markup("%s") % "`".join(pieces)
    return Markup("").join(
        Markup("<code>%s</code>") % piece if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def _amount(number: float) -> str:
    return f"{round(number):,}"


# Limits the texts that the page of a run shows.

# Browsers still open a page of this many characters quickly.
_MOST_TO_SHOW = 20_000_000
_MOST_TO_COMPARE = 2_000_000
_LONGEST_TO_COMPARE = 200_000
_LONGEST_TEXT = 20_000
_CASE_WEIGHS = 2_000
_MOST_CASES = 10_000


@record(frozen=True, slots=True)
class Cut:
    """A text, cut to the room on the page.

    Attributes:
        left_out: The number of characters that are not shown.
    """

    text: str
    left_out: int = 0


@record(slots=True)
class Room:
    """The characters that can still be shown and compared.

    Attributes:
        cases: The limit of cases.
    """

    to_show: int = _MOST_TO_SHOW
    to_compare: int = _MOST_TO_COMPARE
    cases: int = _MOST_CASES

    def take_case(self) -> None:
        """Count the markup of a case."""
        self.to_show -= _CASE_WEIGHS

    def show(self, text: str) -> Cut:
        kept = text[: max(0, min(_LONGEST_TEXT, self.to_show))]
        self.to_show -= len(kept)
        return Cut(kept, len(text) - len(kept))

    def compare(self, before: str, after: str) -> tuple[Segment, ...]:
        """The difference of two texts; empty if it would take too long."""
        length = len(before) + len(after)
        if length > min(_LONGEST_TO_COMPARE, self.to_compare, self.to_show):
            return ()
        self.to_compare -= length
        self.to_show -= length
        return word_difference(before, after)
