"""SEC011."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.analysis.secrets import find_secrets, without_escapes
from promptops.catalog.catalog import Catalog
from promptops.catalog.references import is_below
from promptops.lint import Problem, Severity, rule
from promptops.model.config import Config
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.repo.tree import holding

_SETTINGS = ("promptops.toml", "pyproject.toml", "channels.yaml")
_SHORTEST = 12
_FOR_KEYS = lazy_pattern(r"auth|key|token|secret|cookie|passw", re.IGNORECASE)
_STAND_IN = lazy_pattern(r"xxx|\.\.\.|\*\*\*|example|your|placeholder|[<>{}$]", re.IGNORECASE)
_HINT = "revoke it and remove it: it stays in the history once it is committed"


@rule("SEC011", severity=Severity.ERROR, unsuppressable=True, masked=True)
def secret_in_settings(catalog: Catalog) -> Iterator[Problem]:
    """The configuration and its code contain no API key, token, private key or password.

    The rule searches `promptops.toml`, `[tool.promptops]`, `channels.yaml` and the Python files of
    assertions in the same way as prompts. The value of a header whose name marks it as a secret is
    always reported. Everyone who can read the repository could use the secret. The finding never
    shows it. Put the key into an environment variable and name the variable with `api_key_env`.

    Bad:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"
        headers = {x-api-token = "q8Zt3LmWv0XyRb7N"}

    Bad:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"
        provider_options = {openai = {api_key = "q8Zt3LmWv0XyRb7N"}}

    Good:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"
        base_url = "https://models.example.com/v1"
        api_key_env = "ACME_API_KEY"
    """
    for path in _searched(catalog):
        text = catalog.files.text(path)
        if text is None:
            continue
        found = [(m.start, m.end, m.message) for m in find_secrets(without_escapes(text.value))]
        if path == catalog.config.path:
            found += _secret_headers(catalog.config, text, found)
        for start, end, message in sorted(found):
            yield Problem(message, at=text.place(start, end), hint=_HINT)


def _searched(catalog: Catalog) -> Iterator[str]:
    yield from _SETTINGS
    roots = catalog.config.prompts
    for path in holding(catalog.files.entries, ".py"):
        if path.endswith(".py") and any(is_below(path, root) for root in roots):
            yield path


def _secret_headers(
    config: Config, text: Text, found: list[tuple[int, int, str]]
) -> Iterator[tuple[int, int, str]]:
    """Values of headers whose name marks them as secrets, where they are written."""
    for name, value in _headers(config):
        secret = value.split()[-1] if value.split() else ""
        start = text.value.find(secret) if _is_secret(name, secret) else -1
        end = start + len(secret)
        if start >= 0 and not any(first < end and start < last for first, last, _ in found):
            yield start, end, f"a secret: the value of the header `{name}`"


def _headers(config: Config) -> Iterator[tuple[str, str]]:
    for profile in config.models.values():
        yield from profile.headers.items()


def _is_secret(name: str, value: str) -> bool:
    named = _FOR_KEYS.search(name) is not None
    return named and len(value) >= _SHORTEST and _STAND_IN.search(value) is None
