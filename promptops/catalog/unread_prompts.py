"""Files in a prompt root that look like prompts but are not read: misnamed, or of other tools."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.suggestions import nearest_name

_YAML_ENDINGS = (".yaml", ".yml")
_CASE_FILE_ENDINGS = tuple(f".cases{ending}" for ending in _YAML_ENDINGS)
_FORMAT_KEY = r"""["']?format["']?[ \t]*:[ \t]*["']?promptops/"""
_MESSAGES_KEY = r"""["']?messages["']?[ \t]*:[ \t]*(?:$|\[|#)"""
_STARTS_WITH_OWN_FORMAT = lazy_pattern(f"\ufeff?(?:#[^\\n]*\\n|\\s){{0,100}}{_FORMAT_KEY}")
_OWN_FORMAT = lazy_pattern(f"^\ufeff?{_FORMAT_KEY}", re.MULTILINE)
_LOOKS_LIKE_PROMPT = lazy_pattern(f"^\ufeff?{_MESSAGES_KEY}", re.MULTILINE)

UNREAD_MESSAGE = "this file is not read as a prompt"
"""The message for such a file; `UnreadPrompt.fix` is the hint."""


@record(frozen=True, slots=True, kw_only=True)
class UnreadPrompt:
    """A file that looks like a prompt.

    Attributes:
        certain: It is a prompt file of promptops under a wrong name: not one of another tool, and
            not a copy of a prompt beside it.
        fix: The command that gives it the suffix of a prompt file, or imports it; for a copy, a
            sentence.
    """

    path: str
    certain: bool
    fix: str


def unread_prompts(catalog: Catalog, paths: Iterable[str]) -> Iterator[UnreadPrompt]:
    """Those of some files that look like prompt files but that nothing reads."""
    likely = [path for path in paths if _is_candidate(catalog, path)]
    catalog.files.prefetch(likely)
    for path in likely:
        text = catalog.files.text(path)
        found = None if text is None else _unread(catalog, path, text.value)
        if found is not None and not catalog.is_needed(path):
            yield found


def _unread(catalog: Catalog, path: str, text: str) -> UnreadPrompt | None:
    """A file that looks like a prompt; None for any other."""
    from shlex import quote

    # A trailing blank in a name is invisible.
    certain = path.rstrip().endswith(PROMPT_ENDINGS) or _has_own_format(path, text)
    if certain or (not _is_foreign_name(path) and _LOOKS_LIKE_PROMPT.search(text)):
        proper = proper_name(path)
        if proper in catalog.files.entries:
            fix = f"delete it, or rename it: `{proper}` exists"
            return UnreadPrompt(path=path, certain=False, fix=fix)
        fix = f"git mv {quote(path)} {quote(proper)}"
        return UnreadPrompt(path=path, certain=certain, fix=fix)
    if not _is_foreign_name(path) or not is_foreign_prompt(path, text):
        return None
    folder = quote(posixpath.dirname(path) or ".")
    fix = f"promptops import {quote(path)} --to {folder} && rm {quote(path)}"
    return UnreadPrompt(path=path, certain=False, fix=fix)


def _has_own_format(path: str, text: str) -> bool:
    if _is_foreign_name(path):
        return _STARTS_WITH_OWN_FORMAT.match(text) is not None or is_own_json(path, text)
    return _OWN_FORMAT.search(text) is not None


def _is_foreign_name(path: str) -> bool:
    return path.lower().endswith(FOREIGN_ENDINGS)


def proper_name(path: str) -> str:
    """The path with the suffix of a prompt file.

    `a.PROMPT.yml`, `a.promt.yaml`, `a.prompt.json` and `a.yaml` are all `a`.
    """
    stem = re.sub(r"(?i)\.(?:ya?ml(?:\.\w+)?|json|txt)[\s~]*$", "", path)
    name, dot, last = stem.rpartition(".")
    if dot and "/" not in last and nearest_name(last.lower(), ("prompt",), 0.7) is not None:
        stem = name
    return f"{stem}{PROMPT_ENDINGS[0]}"


def _is_candidate(catalog: Catalog, path: str) -> bool:
    """Whether the name may be that of a prompt, also in capitals or renamed, that is not read."""
    if path.endswith(PROMPT_ENDINGS):
        return False
    name = path.rpartition("/")[2].lower().rstrip().rstrip("~")
    is_yaml = name.endswith((*_YAML_ENDINGS, ".prompt.txt")) or any(
        f"{ending}." in name for ending in _YAML_ENDINGS
    )
    if not (is_yaml or _is_foreign_name(name)) or name.endswith(_CASE_FILE_ENDINGS):
        return False
    roots = catalog.config.prompts
    return catalog.files.is_file(path) and any(is_below(path, root) for root in roots)


# Prompt files of other tools, as far as their names and their content are certain.

FOREIGN_ENDINGS = (".prompty", ".prompt", ".prompt.md", ".json")
_PLAIN_TEXT_ENDINGS = (".prompty", ".prompt")
_VS_CODE_HEADER = lazy_pattern(
    r"\ufeff?\s{0,100}---[ \t]*\n(?:(?!---)[^\n]*\n){0,100}?"
    r"(?:mode|agent|model|tools|description)[ \t]*:"
)
"""Of a prompt of VS Code; other Markdown beside a prompt may describe it."""
_ROLE_KEY = lazy_pattern(r"\"role\"\s*:")
_ROLES = ("system", "developer", "user", "assistant", "tool")
_SYSTEM_ROLES = ("system", "developer")


def is_foreign_prompt(path: str, text: str) -> bool:
    """Whether a file whose name has one of the endings is a prompt of another tool."""
    name = path.lower()
    if name.endswith(_PLAIN_TEXT_ENDINGS):
        is_partial = name.rpartition("/")[2].startswith("_")
        return bool(text.strip()) and not is_partial
    if name.endswith(".prompt.md"):
        return _VS_CODE_HEADER.match(text) is not None
    return _ROLE_KEY.search(text) is not None and _is_request(_parsed_json(text), name)


def is_own_json(path: str, text: str) -> bool:
    """Whether a file is a prompt file of promptops in JSON, which YAML contains."""
    if not path.lower().endswith(".json") or '"promptops/' not in text:
        return False
    value = _parsed_json(text)
    return isinstance(value, Mapping) and str(value.get("format")).startswith("promptops/")


def _is_request(value: Any, name: str) -> bool:
    """Whether JSON is a request of an API with a model or a system message.

    A conversation alone may be an example; the ending `.prompt.json` says what it is.
    """
    is_named = name.endswith(".prompt.json")
    if not isinstance(value, Mapping):
        return is_named and _is_chat(value)
    messages = value.get("messages")
    if not isinstance(messages, list) or not _is_chat(messages):
        return False
    return is_named or "model" in value or messages[0]["role"] in _SYSTEM_ROLES


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, Mapping) and one.get("role") in _ROLES and "content" in one
            for one in value
        )
    )


def _parsed_json(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
