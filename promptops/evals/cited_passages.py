"""Citations in an answer: the ids in a text or a list, and the sentences that have any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.case_work import CaseWork
from promptops.evals.patterns import compiled, searchable_by
from promptops.evals.subject import Subject
from promptops.evals.texts import MAX_COMPARED_CHARS, sendable
from promptops.evals.verdict import Refused, Unjudgeable
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.explain import type_name

DEFAULT_PATTERN = r"""\[([^\[\]\s{}"',;]{1,80})\]"""
"""`[P1]`: an id in square brackets, without white space, quotes, braces and separators."""

_COST_OF_A_MATCH = 4_000
"""Of one match, in characters of text that are searched."""

_OF_A_CHARACTER = 3  # in units of CaseWork
_MOST_SENTENCES = 20_000

_SENTENCE_END = lazy_pattern(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n\s*")
_NO_WORD = lazy_pattern(r"[\W_]*")


@record(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer, and the ids that it cites, each once."""

    text: str
    ids: tuple[str, ...]


def check_pattern(arguments: Mapping[str, Any]) -> None:
    """Raises Refused for a pattern that is not RE2, or has not exactly one group."""
    pattern = arguments.get("pattern")
    if pattern is None:
        return
    at = "/arguments/pattern"
    try:
        groups = compiled(pattern).groups
    except Refused as error:
        raise Refused(error.message, hint=error.hint, at=at) from None
    if groups != 1:
        message = f"the pattern needs exactly one group, which is the id, and has {groups}"
        raise Refused(message, hint=r"such as '\b(P\d+)\b'", at=at)


def cited_ids(subject: Subject, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids that the checked value cites, each once: the items of a list, or those in a text.

    Raises Unjudgeable for any other value, and if it takes too long to find them.
    """
    value = subject.value
    if isinstance(value, (list, tuple)):
        return tuple(dict.fromkeys(_item(item, subject) for item in value))
    return _ids_in(subject.text, arguments, subject.record.work)


def _item(item: Any, subject: Subject) -> str:
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        raise Unjudgeable(f"expected a list of ids {subject.where}, got {type_name(item)}", "/path")
    return str(item)


def _ids_in(text: str, arguments: Mapping[str, Any], work: CaseWork) -> tuple[str, ...]:
    found = (match.group(1) for match in _matches(sendable(text), arguments, work))
    return tuple(dict.fromkeys(each for each in found if each))


def _matches(text: str, arguments: Mapping[str, Any], work: CaseWork) -> Iterator[Any]:
    """The matches of the pattern; raises Unjudgeable if finding them takes too long.

    A pattern without a bound can look at the rest of the text for each match.
    """
    pattern = arguments.get("pattern")
    if pattern is None:
        yield from compiled(DEFAULT_PATTERN).finditer(text)
        return
    at, left = "/arguments/pattern", MAX_COMPARED_CHARS
    for match in searchable_by(pattern, text, at, work).finditer(text):
        cost = _COST_OF_A_MATCH + len(text) - match.start()
        work.count(_OF_A_CHARACTER * cost)
        left -= cost
        if left < 0:
            raise Unjudgeable("it takes too long to find all citations", at)
        yield match


def cited_sentences(
    text: str, arguments: Mapping[str, Any], work: CaseWork
) -> tuple[CitedSentence, ...]:
    """The sentences with citations; one after the full stop belongs to the sentence before it.

    Raises Unjudgeable for too many sentences, and if it takes too long to find the citations.
    """
    found: list[list[str]] = []
    for sentence in _sentences(text):
        if found and _NO_WORD.fullmatch(_without_citations(sentence, arguments, work)):
            found[-1].append(sentence)
        else:
            found.append([sentence])
    whole = (" ".join(parts) for parts in found)
    cited = (CitedSentence(sentence, _ids_in(sentence, arguments, work)) for sentence in whole)
    return tuple(sentence for sentence in cited if sentence.ids)


def _sentences(text: str) -> list[str]:
    parts = (part.strip() for part in _SENTENCE_END.split(sendable(text)))
    found = [part for part in parts if part]
    if len(found) > _MOST_SENTENCES:
        raise Unjudgeable(f"the text has over {_MOST_SENTENCES:,} sentences")
    return found


def _without_citations(sentence: str, arguments: Mapping[str, Any], work: CaseWork) -> str:
    pieces, at = list[str](), 0
    for match in _matches(sentence, arguments, work):
        pieces.append(sentence[at : match.start()])
        at = match.end()
    return "".join((*pieces, sentence[at:]))
