"""Distinguishes a quoted attack or an example of one from an actual attack."""

from __future__ import annotations

import re

from promptops.patterns import lazy_pattern

_ATTACK = (
    r"(?:attack\w*|injections?|injected|jailbreak\w*|manipulat\w+|malicious|suspicious|hostile"
    r"|adversarial|phishing|hijack\w*|abus(?:e|ive)|red[ -]team\w*|unsafe"
    r"|angriff\w*|attaque\w*|ataque\w*|attacco|攻击|攻撃|공격)"
)
_NAMES_ATTACK = lazy_pattern(rf"(?<!\w){_ATTACK}(?!\w)")
# Words of a sentence that quotes a phrase or says how to handle it.
_FRAMES_QUOTE = lazy_pattern(
    rf"(?<!\w)(?:{_ATTACK}|treat(?:s|ed)?|flag(?:s|ged)?|label\w*|classif\w+|detect\w*|recogni\w+"
    r"|report(?:s|ed)?|reject\w*|refus\w+|declin\w+|resist\w*|block(?:s|ed)?|mention\w*|quot\w+"
    r"|obey(?:s|ed)?|compl(?:y|ies|ied)|follows|repeats|ignores|says?|said|reads?|writes?|wrote"
    r"|written|typed?|types|contains?|tried|tries|starts?|e\.g|for example|for instance|examples?"
    r"|such|like|including|as in|of the form|phrases?|sentences?|texts?|words?|lines?|means?|even"
    r"|although|despite|without|never|not|nothing|cannot|no|fails?|pass(?:es)?|scores?|expected|unchanged"
    r"|beispiel|etwa|exemple|ejemplo|esempio)(?!\w)|n['’]t(?!\w)"
)
_LABEL = lazy_pattern(
    rf"(?:^|[|,;\t]|→|->|=>)[ ]*[\"'`]?{_ATTACK}[\"'`]?[ ]*(?:$|[|,;:\t]|→)", re.MULTILINE
)
_GIVEN = lazy_pattern(
    r"\W*(?:text|input|message|user|customer|example|ticket|e-?mail|prompt|query|document)\b\W"
)
_VERDICT = lazy_pattern(
    r"\W*(?:label|output|class|category|verdict|expected|answer|result|type|assistant)\b"
)
_ITEM = lazy_pattern(r"\s*(?:[-*+•]|\d{1,2}[.)])\s")
_SENTENCE_END = lazy_pattern(r"[.!?](?=\s)|\n\s*\n")

_CLOSERS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "‘": "’",
    "«": "»",
    "»": "«",
    "„": "“”",
    "「": "」",
    "『": "』",
}
_STRAIGHT = frozenset("\"'`")
_REACH = 300
"""In characters: how much of a sentence, a quotation or a line is checked."""
_MAX_ITEMS = 30


def is_mention(lower: str, start: int, end: int) -> bool:
    """Whether the phrase at a span is quoted, or listed or labelled as an example of an attack.

    `lower` is the whole text in lower case.
    """
    before = lower[max(0, start - _REACH) : start].rpartition("\n\n")[2]
    after = lower[end : end + _REACH].partition("\n\n")[0]
    return (
        _is_quoted(before, after)
        or _is_labelled(lower, start, end)
        or _is_listed(lower[max(0, start - 2_000) : start])
    )


def _is_quoted(before: str, after: str) -> bool:
    opened = _open_quote(before)
    if opened is None:
        return False
    closed = _end_of_quote(after, _CLOSERS[before[opened]])
    if closed is None:
        return False
    outside = f"{_last_sentence(before[:opened])} {_SENTENCE_END.split(after[closed:], 1)[0]}"
    return _FRAMES_QUOTE.search(outside) is not None


def _open_quote(before: str) -> int | None:
    """The start of the quotation that is open at the end of a text."""
    opened: int | None = None
    for at, character in enumerate(before):
        if opened is not None:
            if _closes(before, at, _CLOSERS[before[opened]]):
                opened = None
        elif character in _CLOSERS and not (
            character in _STRAIGHT and before[at - 1 : at].isalnum()
        ):
            opened = at
    return opened


def _end_of_quote(after: str, closers: str) -> int | None:
    return next((at + 1 for at in range(len(after)) if _closes(after, at, closers)), None)


def _closes(text: str, at: int, closers: str) -> bool:
    """Whether a quotation mark closes; an apostrophe inside a word does not."""
    return text[at] in closers and not (text[at] in "'’" and text[at + 1 : at + 2].isalnum())


def _last_sentence(text: str) -> str:
    ends = list(_SENTENCE_END.finditer(text.rstrip()))
    return text[ends[-1].end() :] if ends else text


def _is_labelled(lower: str, start: int, end: int) -> bool:
    """Whether it is in a table, or in an example with its label on the next line."""
    first = lower.rfind("\n", max(0, start - _REACH), start) + 1
    first = first or max(0, start - _REACH)
    line, _, rest = lower[first : end + _REACH].partition("\n")
    if _LABEL.search(line):
        return True
    following = rest.lstrip().partition("\n")[0]
    is_example = _GIVEN.match(line) and _VERDICT.match(following)
    return bool(is_example) and _NAMES_ATTACK.search(following) is not None


def _is_listed(before: str) -> bool:
    """Whether it is an item of a list whose introduction mentions attacks."""
    line = before[before.rfind("\n") + 1 :]
    marker = _ITEM.match(f"{line} ")
    if marker is None or line[marker.end() :].strip(" \"'“‘`«„"):
        return False
    for introduction in reversed(before.split("\n")[-_MAX_ITEMS:-1]):
        if introduction.strip() and not _ITEM.match(introduction):
            return _NAMES_ATTACK.search(introduction) is not None
    return False
