"""How many tokens a text has, counted as its model does: with an extra package, for some models.

The package `splintr-rs` (the extra `tokens`) holds the vocabularies and reads nothing from a
network. What stands below is public: OpenAI's own table in tiktoken, and the vocabularies that
models with open weights are published with. A model that isn't there is estimated
(`analysis.tokens`), since a wrong count must never be called exact: all of Anthropic's and
Google's, and what is named after a deployment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache

from promptops.patterns import lazy_pattern
from promptops.records import field, record

_BEFORE = lazy_pattern(r"^(?:ft:|.*/|(?:[a-z-]+\.)+)?")
"""A fine-tuned model's mark, who publishes it (`meta-llama/`), or where it runs (`us.meta.`)."""

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
    """Counts the tokens of a text by itself: nothing that a provider puts around messages.

    Attributes:
        name: Of the encoding, such as o200k_base.
    """

    name: str
    _encode: Callable[[str], Sequence[int]] = field(repr=False)

    def count(self, text: str) -> int:
        """Tokens of a text; what spells a special token is text like any other."""
        return len(self._encode(text.encode("utf-8", "replace").decode("utf-8")))


def counter(provider: str | None, model: str | None) -> Counter | None:
    """What counts a model's tokens exactly; None where it isn't known or isn't installed.

    The first time takes about 0.05 s and 50 MB for each encoding, and 0.13 s more for the first
    word of several tokens.
    """
    name = encoding(provider, model)
    return None if name is None else _loaded(name)


def encoding(provider: str | None, model: str | None) -> str | None:
    """The name of a model's encoding, where it is public; None otherwise."""
    if not model or (provider or "").lower().startswith("azure"):  # there ids are what users chose
        return None
    bare = _BEFORE.sub("", model.lower(), count=1)
    return next((name for name, models in _ENCODINGS if models.match(bare)), None)


def installed() -> str:
    """What identifies the installed package, of its files: another version may count differently.

    "" if it is not installed. Does not import it.
    """
    from importlib.util import find_spec

    spec = find_spec("splintr")
    if spec is None or not spec.origin:
        return ""
    with os.scandir(os.path.dirname(spec.origin)) as entries:
        stats = sorted((each.name, each.stat()) for each in entries if each.is_file())
    return "-".join(f"{stat.st_size:x}.{stat.st_mtime_ns:x}" for _, stat in stats)


@cache
def _loaded(name: str) -> Counter | None:
    from importlib import import_module

    try:
        tokenizer = import_module("splintr").Tokenizer.from_pretrained(name)
        return Counter(name, tokenizer.encode_ordinary)
    except (ImportError, AttributeError, ValueError):  # not there, or of before this interface
        return None
