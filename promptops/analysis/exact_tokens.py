"""Exact token counts, for models with public tokenizers, with an extra package.

The package `splintr-rs` (the extra `tokens`) contains the vocabularies and makes no network
requests. The table below is public: OpenAI's own table in tiktoken, and the vocabularies of models
with open weights. Tokens of other models are estimated (`analysis.tokens`), since a wrong count
must never be called exact: all models of Anthropic and Google, and names of deployments.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache

from promptops.analysis.models import has_deployments
from promptops.patterns import lazy_pattern
from promptops.records import field, record

_BEFORE = lazy_pattern(r"^(?:ft:|.*/|(?:[a-z-]+\.)+)?")
"""Prefixes of ids: a fine-tuned model, its publisher (`meta-llama/`), its region (`us.meta.`)."""

_ENCODINGS = tuple(
    (name, lazy_pattern(rf"(?:{models})(?![^-:@])"))
    for name, models in (
        ("o200k_base", r"(?:chat)?gpt-4o|gpt-4\.[15]|gpt-5(?:\.\d+)?|o[13]|o4-mini"),
        ("o200k_harmony", r"gpt-oss"),
        ("cl100k_base", r"gpt-4|gpt-3\.5(?:-turbo)?|davinci-002|babbage-002"),
        ("llama3", r"(?:meta-)?llama-?3(?:[.-][123])?-\d+b"),
        ("deepseek_v3", r"deepseek-(?:v3(?:-0324)?|r1(?:-0528)?)\Z"),
        ("mistral_v1", r"(?:open-)?mixtral-8x7b|mistral-7b(?:-instruct)?-v0[.:][12]"),
        ("mistral_v2", r"(?:open-)?mixtral-8x22b|mistral-7b(?:-instruct)?-v0[.:]3|codestral-2405"),
        ("mistral_v3", r"(?:open-)?mistral-nemo"),
        ("qwen3", r"qwen(?:2\.5|3)-\d+(?:\.\d+)?b"),
    )
)


@record(frozen=True, slots=True)
class Counter:
    """Counts the tokens of a text, without those that a provider adds to messages.

    Attributes:
        name: Of the encoding, such as o200k_base.
    """

    name: str
    _encode: Callable[[str], Sequence[int]] = field(repr=False)

    def count(self, text: str) -> int:
        """The number of tokens; the text of a special token counts as plain text."""
        return len(self._encode(text.encode("utf-8", "replace").decode("utf-8")))


def counter(provider: str | None, model: str | None) -> Counter | None:
    """The exact counter of a model; None if it is unknown or the package is not installed.

    The first time takes about 0.05 s and 50 MB for each encoding, and 0.13 s more for the first
    word of several tokens.
    """
    name = encoding(provider, model)
    return None if name is None else _loaded(name)


def encoding(provider: str | None, model: str | None) -> str | None:
    """The name of a model's encoding; None if it is not public."""
    if not model or has_deployments(provider):
        return None
    bare = _BEFORE.sub("", model.lower(), count=1)
    return next((name for name, models in _ENCODINGS if models.match(bare)), None)


def installed() -> str:
    """An identifier of the files of the installed package; another version may count differently.

    "" if it is not installed, or not in a folder. Does not import it.
    """
    from importlib.util import find_spec

    spec = find_spec("splintr")
    if spec is None or not spec.origin:
        return ""
    try:
        with os.scandir(os.path.dirname(spec.origin)) as entries:
            stats = sorted((file.name, file.stat()) for file in entries if file.is_file())
    except OSError:
        return ""
    return "-".join(f"{stat.st_size:x}.{stat.st_mtime_ns:x}" for _, stat in stats)


@cache
def _loaded(name: str) -> Counter | None:
    from importlib import import_module

    try:
        tokenizer = import_module("splintr").Tokenizer.from_pretrained(name)
        return Counter(name, tokenizer.encode_ordinary)
    except (ImportError, AttributeError, ValueError):  # not there, or of before this interface
        return None
