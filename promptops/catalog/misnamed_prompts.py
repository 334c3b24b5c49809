"""Files in a prompt root that look like prompt files but have another suffix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.patterns import lazy_pattern
from promptops.suggestions import nearest_name

_YAML = (".yaml", ".yml")
_CASES = tuple(f".cases{ending}" for ending in _YAML)
_FORMAT = r"""["']?format["']?[ \t]*:[ \t]*["']?promptops/"""
_MESSAGES = r"""["']?messages["']?[ \t]*:[ \t]*(?:$|\[|#)"""
_LOOKS = lazy_pattern(f"^\ufeff?(?:{_FORMAT}|{_MESSAGES})", re.MULTILINE)


def unread_prompts(catalog: Catalog, paths: Iterable[str]) -> Iterator[str]:
    """Those of some files that look like prompt files but that nothing reads."""
    likely = [path for path in paths if _is_candidate(catalog, path)]
    catalog.files.prefetch(likely)
    for path in likely:
        text = catalog.files.text(path)
        if text is not None and _LOOKS.search(text.value) and not catalog.is_needed(path):
            yield path


UNREAD = "this file is not read as a prompt"


def rename_command(path: str) -> str:
    """The command that gives a file the suffix of a prompt file."""
    import shlex

    return f"git mv {shlex.quote(path)} {shlex.quote(proper_name(path))}"


def proper_name(path: str) -> str:
    """The path with the suffix of a prompt file.

    `a.PROMPT.yml`, `a.promt.yaml` and `a.yaml` are all `a`.
    """
    stem = re.sub(r"(?i)\.ya?ml(?:\.\w+)?$", "", path)
    name, dot, last = stem.rpartition(".")
    if dot and "/" not in last and nearest_name(last.lower(), ("prompt",), 0.7) is not None:
        stem = name
    return f"{stem}{PROMPT_ENDINGS[0]}"


def _is_candidate(catalog: Catalog, path: str) -> bool:
    """Whether the name is that of a YAML file, also in capitals or renamed, that is not read."""
    if path.endswith(PROMPT_ENDINGS):
        return False
    name = path.rpartition("/")[2].lower()
    is_yaml = name.endswith(_YAML) or any(f"{ending}." in name for ending in _YAML)
    if not is_yaml or name.endswith(_CASES):
        return False
    roots = catalog.config.prompts
    return catalog.files.is_file(path) and any(is_below(path, root) for root in roots)
