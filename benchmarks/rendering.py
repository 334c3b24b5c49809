"""Two messages and six variables, for whoever renders templates: once with logic, once without.

The templates are Jinja's, no newline behind a tag, so that what it trims makes no difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corpus import git

MODEL = "gpt-5.4-mini-2026-03-17"
ROLES = ("system", "user")

_TICKET = "{{ customer }} writes:\n<ticket>\n{{ ticket }}\n</ticket>"
_TRIAGE = "You triage tickets for the Acme {{ product }}, in a {{ tone }} tone, in {{ language }}."
TEMPLATES = {
    "plain": (f"{_TRIAGE}\nYou work for {{{{ team }}}}.\nAnswer with one JSON object.", _TICKET),
    "logic": (
        _TRIAGE + "\n{% if known_issues %}Known issues:{% for issue in known_issues %} "
        '{{ issue["id"] }}, {{ issue["title"] }};{% endfor %}{% else %}There are no known issues.'
        "{% endif %} Answer with one JSON object.",
        _TICKET,
    ),
}
"""By the name of the prompt: what its messages say."""

_SHARED = {
    "product": "router",
    "tone": "formal",
    "language": "English",
    "customer": "Ada Lovelace",
    "ticket": "My router blinks red since the last update. Is the line down? " * 5,
}
_ISSUES = [{"id": "KI-7", "title": "Red light after an update"}, {"id": "KI-9", "title": "No tone"}]
INPUTS: dict[str, dict[str, Any]] = {
    "plain": _SHARED | {"team": "hardware"},
    "logic": _SHARED | {"known_issues": _ISSUES},
}

_TEXT = {"type": "string", "minLength": 1, "maxLength": 8000}
_ISSUE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "title"],
    "properties": {"id": _TEXT, "title": _TEXT},
}
_SCHEMAS = {
    "product": {"enum": ["router", "camera", "hub"]},
    "tone": {"enum": ["friendly", "formal"], "default": "friendly"},
    "language": {"type": "string", "maxLength": 20, "default": "English"},
    "customer": _TEXT,
    "ticket": _TEXT,
    "team": _TEXT,
    "known_issues": {"type": "array", "maxItems": 20, "default": [], "items": _ISSUE},
}


def make_prompts(folder: Path) -> None:
    """A repository with both prompts, tagged v1.0.0; JSON is YAML."""
    (folder / "prompts").mkdir(parents=True)
    (folder / "promptops.toml").write_text('prompts = ["prompts"]\n')
    for name, texts in TEMPLATES.items():
        prompt = {
            "format": "promptops/1",
            "model": {"provider": "openai", "id": MODEL},
            "inputs": {"properties": {each: _SCHEMAS[each] for each in INPUTS[name]}},
            "messages": messages(texts),
        }
        (folder / f"prompts/{name}.prompt.yaml").write_text(json.dumps(prompt))
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "prompts"]):
        git(folder, *arguments)
    git(folder, "tag", "-a", "v1.0.0", "-m", "v1.0.0")


def messages(texts: tuple[str, str]) -> list[dict[str, str]]:
    """As chat completions have them."""
    return [{"role": role, "content": text} for role, text in zip(ROLES, texts, strict=True)]
