"""Names of strings in source code: which are those of prompts, and which those of other texts."""

from __future__ import annotations

from promptops.formats.plain_texts import role_in
from promptops.patterns import lazy_pattern

NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|message|persona")
"""Words in the names of prompts."""
CERTAIN = lazy_pattern(r"(?i)prompt|instruction|persona")
"""Words that name a prompt also where a class or a function has them."""
_OF_PROMPTS = lazy_pattern(r"(?i)(?:prompts|personas|instructions)\Z")
"""How the names of objects end whose strings are all prompts."""
_OF_TEMPLATES = lazy_pattern(r"(?i)templates\Z")
_OF_INTERFACE = lazy_pattern(
    r"(?i)(?:title|label|tooltip|placeholder|hint|caption|button|heading|notice|delete"
    r"|description)\Z"
)
"""How the names of strings end that a program shows about prompts."""
_OF_PROGRAMS = lazy_pattern(
    r"(?i)error|err(?:or)?s?\b|warn|exception|fail|invalid|deprecat|usage|help(?!er)|expect"
)
"""Words in the names of what a program reports to its users."""
_OF_ERROR = lazy_pattern(r"(?:Error|Exception|Warning)\.[^.]+\Z")
"""An attribute of a class of errors."""
_OF_REPORTS = lazy_pattern(
    r"(?i)(?:errors|warnings|(?:error|warning|help)s?_?(?:messages|templates|texts|strings))\Z"
)
"""How the names of objects end whose strings a program reports."""
_OF_TEXTS = lazy_pattern(
    r"(?i)(?:\A|_)doc(?:string)?s?_|(?:docs?|docstrings?|doctests?|messages?|msgs?|description"
    r"|licen[cs]e|copyright|html|css|sql|regex|pattern|code|script|source|src|fmt|headers?|footer"
    r"|examples?|command|cmd|output|log|data|fixture|tests?|samples?|banner|epilog|config|yaml"
    r"|json|xml|toml|csv|svg|diff|patch|stdout|stderr|query|txt|ini|spec)\Z"
)
"""How the names of other long strings end, and documentation."""
_MESSAGE = lazy_pattern(r"(?i)(?:message|msg)s?\Z")
"""A name that a program also gives to what it shows to its users."""
_ROLES = frozenset(("system", "developer", "user"))
"""Words for the assistant are also in many other names."""


def is_of_prompt(name: str) -> bool:
    """Whether a name may be that of a prompt: `SYSTEM`, `triage_template`, `Prompts.triage`."""
    owner, _, own = name.rpartition(".")
    if _OF_PROGRAMS.search(own) or _MESSAGE.fullmatch(own) or _OF_ERROR.search(name):
        return False
    if _OF_REPORTS.search(owner):
        return CERTAIN.search(own) is not None
    named = CERTAIN.search(name) or NAMED.search(own) or _OF_TEMPLATES.search(owner)
    return bool(named or is_of_role(own))


def is_of_role(name: str) -> bool:
    """Whether a name has the word of a role of messages: `SYSTEM`, `userMessage`."""
    return role_in(name.rpartition(".")[2]) in _ROLES


def is_certain(name: str) -> bool:
    """Whether a name that may be that of a prompt is enough: `SYSTEM_PROMPT`, `PROMPTS.triage`."""
    owner, _, own = name.rpartition(".")
    if _OF_INTERFACE.search(own):
        return False
    return bool(CERTAIN.search(own) or _OF_PROMPTS.search(owner))


def is_of_other_text(name: str) -> bool:
    """Whether a name is that of errors, of documentation, or of data: `errors.missing`."""
    owner, _, own = name.rpartition(".")
    if _OF_PROGRAMS.search(own) or _OF_REPORTS.search(owner):
        return True
    return _OF_TEXTS.search(own.strip("_")) is not None
