"""Files in a prompt root that only look like prompt files, and prompt files of other tools."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.foreign_prompts import FOREIGN_ENDINGS, is_foreign_prompt, is_own_json
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.suggestions import nearest_name

_YAML = (".yaml", ".yml")
_CASES = tuple(f".cases{ending}" for ending in _YAML)
_FORMAT = r"""["']?format["']?[ \t]*:[ \t]*["']?promptops/"""
_MESSAGES = r"""["']?messages["']?[ \t]*:[ \t]*(?:$|\[|#)"""
_OWN = lazy_pattern(f"\ufeff?(?:#[^\\n]*\\n|\\s){{0,100}}{_FORMAT}")
_LOOKS = lazy_pattern(f"^\ufeff?(?:{_FORMAT}|{_MESSAGES})", re.MULTILINE)

UNREAD = "this file is not read as a prompt"
"""The message for such a file; `UnreadPrompt.command` is the hint."""


@record(frozen=True, slots=True, kw_only=True)
class UnreadPrompt:
    """A file that looks like a prompt.

    Attributes:
        command: The command that gives it the suffix of a prompt file, or imports it.
    """

    path: str
    command: str


def unread_prompts(catalog: Catalog, paths: Iterable[str]) -> Iterator[UnreadPrompt]:
    """Those of some files that look like prompt files but that nothing reads."""
    likely = [path for path in paths if _is_candidate(catalog, path)]
    catalog.files.prefetch(likely)
    for path in likely:
        text = catalog.files.text(path)
        command = None if text is None else _command(path, text.value)
        if command is not None and not catalog.is_needed(path):
            yield UnreadPrompt(path=path, command=command)


def _command(path: str, text: str) -> str | None:
    """The command for a file that looks like a prompt; None for any other."""
    from shlex import quote

    if not _is_foreign_name(path):
        looks = _LOOKS.search(text) is not None
    else:
        looks = _OWN.match(text) is not None or is_own_json(path, text)
    if looks:
        return f"git mv {quote(path)} {quote(proper_name(path))}"
    if not _is_foreign_name(path) or not is_foreign_prompt(path, text):
        return None
    folder = quote(posixpath.dirname(path) or ".")
    return f"promptops import {quote(path)} --to {folder} && rm {quote(path)}"


def _is_foreign_name(path: str) -> bool:
    return path.lower().endswith(FOREIGN_ENDINGS)


def proper_name(path: str) -> str:
    """The path with the suffix of a prompt file.

    `a.PROMPT.yml`, `a.promt.yaml`, `a.prompt.json` and `a.yaml` are all `a`.
    """
    stem = re.sub(r"(?i)\.(?:ya?ml(?:\.\w+)?|json)$", "", path)
    name, dot, last = stem.rpartition(".")
    if dot and "/" not in last and nearest_name(last.lower(), ("prompt",), 0.7) is not None:
        stem = name
    return f"{stem}{PROMPT_ENDINGS[0]}"


def _is_candidate(catalog: Catalog, path: str) -> bool:
    """Whether the name may be that of a prompt, also in capitals or renamed, that is not read."""
    if path.endswith(PROMPT_ENDINGS):
        return False
    name = path.rpartition("/")[2].lower()
    is_yaml = name.endswith(_YAML) or any(f"{ending}." in name for ending in _YAML)
    if not (is_yaml or _is_foreign_name(name)) or name.endswith(_CASES):
        return False
    roots = catalog.config.prompts
    return catalog.files.is_file(path) and any(is_below(path, root) for root in roots)
