"""The attempts in a report of garak, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.jobs.probing.imports.attack import ImportedAttack, utf8
from promptops.source.config_errors import config_error
from promptops.source.json_lines import read_value
from promptops.source.lines import Lines

_DEFAULT_OWASP = "LLM01:2025"
_OWASP = {
    "ansiescape": "LLM05:2025",
    "apikey": "LLM02:2025",
    "divergence": "LLM02:2025",
    "exploitation": "LLM05:2025",
    "leakreplay": "LLM02:2025",
    "misleading": "LLM09:2025",
    "packagehallucination": "LLM09:2025",
    "snowball": "LLM09:2025",
    "sysprompt_extraction": "LLM07:2025",
    "web_injection": "LLM05:2025",
    "xss": "LLM05:2025",
}
"""By module of garak; all others are prompt injections and jailbreaks."""
_CONTRACTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "sysprompt_extraction": ({"type": "no-leak"},),
    "apikey": ({"type": "no-secrets"},),
}


def garak_attacks(path: str, data: bytes) -> Iterator[ImportedAttack]:
    """The attack of each attempt with a text; other entries are ignored.

    Raises InputError, with the place, for a line that is not JSON.
    """
    lines = Lines(path, utf8(path, data))
    for number, row in enumerate(lines.text.split("\n"), 1):
        if '"attempt"' in row:  # a report has far more lines of other kinds
            yield from _attack(_entry(lines, number))


def _entry(lines: Lines, number: int) -> Any:
    value, problems = read_value(lines, *lines.row(number))
    if value is None and problems:
        raise config_error(problems, lines.text)
    return value


def _attack(entry: Any) -> Iterator[ImportedAttack]:
    if not isinstance(entry, Mapping) or entry.get("entry_type") != "attempt":
        return
    text = _text(entry.get("prompt"))
    if text:
        module = str(entry.get("probe_classname") or "other").partition(".")[0]
        yield ImportedAttack(
            kind=module,
            text=text,
            owasp=_OWASP.get(module, _DEFAULT_OWASP),
            goal=str(entry.get("goal") or ""),
            signs=tuple(_signs(entry.get("notes"))),
            contracts=_CONTRACTS.get(module, ()),
        )


def _text(prompt: Any) -> str:
    """The text of the last user turn; "" for an attack by image or sound.

    Older versions write a string, later ones a message, the latest a conversation.
    """
    if isinstance(prompt, str):
        return prompt
    if not isinstance(prompt, Mapping):
        return ""
    turns = prompt.get("turns")
    if isinstance(turns, list):
        users = [turn for turn in turns if isinstance(turn, Mapping) and turn.get("role") == "user"]
        return _text(users[-1].get("content")) if users else ""
    text = prompt.get("text")
    return text if isinstance(text, str) else ""


def _signs(notes: Any) -> Iterator[str]:
    """Strings that show success: garak notes them as `triggers`, older versions as `trigger`."""
    written = notes if isinstance(notes, Mapping) else {}
    triggers = written.get("triggers") or written.get("trigger") or ()
    for trigger in [triggers] if isinstance(triggers, str) else triggers:
        if isinstance(trigger, str):
            yield trigger
