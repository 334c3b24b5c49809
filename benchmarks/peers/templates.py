"""Two messages and six variables, for whoever renders templates: once with logic, once without.

The templates are Jinja's, no newline behind a tag, so that what it trims makes no difference.
"""

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
INPUTS = {
    "plain": _SHARED | {"team": "hardware"},
    "logic": _SHARED | {"known_issues": _ISSUES},
}


def messages(texts):
    """As chat completions have them."""
    return [{"role": role, "content": text} for role, text in zip(ROLES, texts, strict=True)]
