"""The tests in a red-team file of promptfoo: generated tests (YAML), or results (JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.errors import InputError
from promptops.jobs.probing.imports.attack import ImportedAttack, utf8
from promptops.source.config_errors import refuse
from promptops.source.document import read_any
from promptops.source.json_lines import read_value
from promptops.source.lines import Lines

_ALIAS = "SCH010"
_DEFAULT_OWASP = "LLM01:2025"
_OWASP = {
    "pii": "LLM02:2025",
    "cross-session-leak": "LLM02:2025",
    "shell-injection": "LLM05:2025",
    "sql-injection": "LLM05:2025",
    "excessive-agency": "LLM06:2025",
    "rbac": "LLM06:2025",
    "bfla": "LLM06:2025",
    "bola": "LLM06:2025",
    "tool-discovery": "LLM06:2025",
    "prompt-extraction": "LLM07:2025",
    "hallucination": "LLM09:2025",
    "overreliance": "LLM09:2025",
    "bias": "LLM09:2025",
    "divergent-repetition": "LLM10:2025",
    "reasoning-dos": "LLM10:2025",
}
"""By the plugin of promptfoo, without its variant; all others are injections and jailbreaks."""
_CONTRACTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "prompt-extraction": ({"type": "no-leak"},),
    "pii": ({"type": "no-personal-data"},),
}


def promptfoo_attacks(path: str, data: bytes) -> Iterator[ImportedAttack]:
    """The attack of each test that a plugin generated; other tests are ignored.

    An attack is judged by the test's goal, not by the grader of promptfoo, which needs its servers.
    Raises InputError, with the place, for a file that is neither YAML nor JSON.
    """
    written = _written(path, data)
    settings = written.get("redteam")
    variable = settings.get("injectVar") if isinstance(settings, Mapping) else None
    for test in _tests(written):
        yield from _attack(test, variable)


def _written(path: str, data: bytes) -> Mapping[str, Any]:
    value = _json(path, data) if path.endswith(".json") else _yaml(path, data)
    if not isinstance(value, Mapping):
        raise InputError("expected a mapping with `tests` or `results`", where=f"{path}:1:1")
    return value


def _json(path: str, data: bytes) -> Any:
    text = utf8(path, data)
    value, problems = read_value(Lines(path, text), 0, len(text))
    refuse([problem for problem in problems if value is None], text)
    return value


def _yaml(path: str, data: bytes) -> Any:
    document = read_any(path, data)
    # promptfoo writes equal values once, and aliases after that.
    refuse([each for each in document.problems if each.code != _ALIAS], document.text)
    return document.value


def _tests(written: Mapping[str, Any]) -> Iterator[Any]:
    tests = written.get("tests")
    yield from tests if isinstance(tests, list) else ()
    results = written.get("results")
    rows = results.get("results") if isinstance(results, Mapping) else results
    for row in rows if isinstance(rows, list) else ():
        yield row.get("testCase") if isinstance(row, Mapping) else None


def _attack(test: Any, variable: Any) -> Iterator[ImportedAttack]:
    metadata = test.get("metadata") if isinstance(test, Mapping) else None
    plugin = metadata.get("pluginId") if isinstance(metadata, Mapping) else None
    text = _text(test.get("vars"), variable) if isinstance(plugin, str) else ""
    if isinstance(plugin, str) and isinstance(metadata, Mapping) and text:
        base = plugin.partition(":")[0]
        yield ImportedAttack(
            kind=plugin,
            text=text,
            owasp=_OWASP.get(base, _DEFAULT_OWASP),
            goal=str(metadata.get("goal") or ""),
            contracts=_CONTRACTS.get(base, ()),
        )


def _text(variables: Any, variable: Any) -> str:
    """The attacked variable: the one that the file names, else `prompt`, else the longest."""
    values = variables if isinstance(variables, Mapping) else {}
    texts = {str(name): value for name, value in values.items() if isinstance(value, str)}
    named = texts.get(str(variable), texts.get("prompt"))
    return named if named is not None else max(texts.values(), key=len, default="")
