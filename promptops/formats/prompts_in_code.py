"""Which strings of code are prompts, and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceMessage,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.plain_texts import id_step, role_in
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import replace

_SHORTEST_NAMED = 40
"""Characters of a string with such a name, at least."""
_SHORTEST_UNNAMED = 200
"""Characters of any other string, at least."""
_QUESTION = lazy_pattern(
    r"(?i)\A\s*(?:are you sure|do you (?:really )?(?:want|wish)|would you like"
    r"|(?:press|hit|enter) )|[\[(]y(?:es)?\s?/\s?n(?:o)?[\])]"
)
"""What a program asks its users."""
_WIDE_CHARACTER = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of languages without blanks between words."""
_PLAIN_WORD = lazy_pattern(r"\W*[^\W\d_]+(?:['’-][^\W\d_]+)*\W*")
_FEWEST_WORDS = 5
FEWEST_WORDS_SENT = 3
"""Words of its own that a text needs which code sends to a model, at least."""
EXPRESSION = "\ue000"
"""Stands before and after each expression in a text."""
_LEAST_PLAIN_WORDS = 0.55
"""The share of words of a text that is in prose, at least."""
_OTHER_LANGUAGE_START = lazy_pattern(
    r"\s*(?:(?i:<!doctype|<\?xml|<(?:div|html|head|body|svg|style|span|p|pre|table|t[dr]|script|button"
    r"|font)\b)|SELECT\b|select\s[\w*.,\s]+\sfrom\s|INSERT\b|UPDATE\s+\w+\s+SET"
    r"|CREATE\s+(?:OR\s|TABLE|INDEX|TRIGGER|FUNCTION|VIEW)"
    r"|(?:query|mutation|fragment)\b[^.{}]*\{\s|[.#@]?[\w-]+\s*\{\s*[\w-]+\s*:\s|#!/|@echo|\^?\(\?)"
)
"""Languages by their first words."""
_PROGRAM_LINE = lazy_pattern(
    r"(?m)^[ \t]*(?:>>> |import [\w.]+[ \t]*$|from [\w.]+ import |def \w+\(|class \w+.*:[ \t]*$"
    r"|#include\b|#!/|\(\?(?:[:=!]|P<)|Traceback \(|usage: |subroutine |function \w+\(|\w+ = \w+\()"
)
"""Lines of programs."""
APPENDED = "messages that the code appends to a list are not read"
SAVE_TO_FILE = "write the text to a file, and import that file"
_NAMED_SHORT = f"with under {_SHORTEST_NAMED} characters or 5 words"
_UNNAMED_SHORT = (
    f"with under {_SHORTEST_UNNAMED} characters and no word such as `prompt` in the name"
)
_OTHER_LANGUAGE = "in HTML, CSS, SQL or a programming language"
_REPORTED = "that the program raises, logs or prints"
_NOT_ADDRESSED = "without a command such as `Answer` and without `You are`"
_OTHER_NAME = "with a name of errors, documentation or data"
_ONLY_VALUES = "in messages with under 3 words of their own"


class CodeTexts:
    """The strings of one file: which are prompts, and how many are left out by which rule."""

    def __init__(self) -> None:
        self._left_out: list[tuple[str, str, Place]] = []

    def is_prompt(self, name: str, text: str, place: Place) -> bool:
        """Whether a string is a prompt.

        Args:
            text: With a `\ue000` before and after each expression in it.
        """
        named = is_of_prompt(name)
        rule = _rule(name, text, named=named)
        if rule is not None and _is_likely(text, named=named):
            self._left_out.append((name, rule, place))
        return rule is None

    @staticmethod
    def is_sent(text: str) -> bool:
        """Whether a string is a prompt, if code sends it to a model: it has words of its own."""
        return _measured(text)[1] >= FEWEST_WORDS_SENT and not _is_program(text, named=True)

    def is_report(self, name: str, text: str, place: Place) -> bool:
        """Whether a string that code raises, logs or prints is no prompt, by its name."""
        if CERTAIN.search(name) or role_in(name.rpartition(".")[2]) is not None:
            return False
        if _is_likely(text, named=is_of_prompt(name)):
            self._left_out.append((name, _REPORTED, place))
        return True

    def has_words(self, text: str, place: Place) -> bool:
        """Whether messages contain words and not only values; `text` is what is constant."""
        if _measured(text)[1] >= FEWEST_WORDS_SENT:
            return True
        self._left_out.append(("", _ONLY_VALUES, place))
        return False

    @property
    def named_left_out(self) -> bool:
        """Whether a string with the name of a prompt was left out."""
        return any(
            rule == _NAMED_SHORT or (rule == _NOT_ADDRESSED and is_of_role(name))
            for name, rule, _ in self._left_out
        )

    def left_out(self, used: Collection[str] = ()) -> Loss | None:
        """A note on the strings that are left out; None without one.

        Args:
            used: Names of strings that are part of prompts, which are not left out.
        """
        found = [(rule, place) for name, rule, place in self._left_out if name not in used]
        if not found:
            return None
        rules = Counter(rule for rule, _ in found)
        listed = ", ".join(f"{count} {rule}" for rule, count in rules.items())
        message = f"{counted(len(found), 'string')} left out: {listed}"
        hint = "save a prompt among them to a text file, and import that file"
        return Loss(code="IMP315", message=message, place=found[0][1], hint=hint)


def _rule(name: str, text: str, *, named: bool) -> str | None:
    """The rule by which a string is no prompt; None for a prompt."""
    if _is_program(text, named=named):
        return _OTHER_LANGUAGE
    length, words = _measured(text)
    if named:
        short = length < _SHORTEST_NAMED or words < _FEWEST_WORDS
        return _NAMED_SHORT if short else _rule_of_named(name, text)
    if length < _SHORTEST_UNNAMED or words < _FEWEST_WORDS:
        return _UNNAMED_SHORT
    if is_of_other_text(name):
        return _OTHER_NAME
    prose = _is_prose(text) and not _has_script(text) and not _is_documentation(text)
    if not prose:
        return _OTHER_LANGUAGE
    return None if _addresses_a_model(text[:_SHORTEST_UNNAMED]) else _NOT_ADDRESSED


def _rule_of_named(name: str, text: str) -> str | None:
    if is_certain(name) and not _QUESTION.search(text):
        return None
    if _is_documentation(text):
        return _OTHER_LANGUAGE
    return None if _addresses_a_model(text) or _is_in_other_language(text) else _NOT_ADDRESSED


def _is_program(text: str, *, named: bool) -> bool:
    """Whether a text is in HTML, CSS, SQL or a programming language."""
    if _OTHER_LANGUAGE_START.match(text):
        return True
    if not named:
        return _PROGRAM_LINE.search(text) is not None
    return _PROGRAM_LINE.match(text) is not None or (
        _has_script(text) and not _addresses_a_model(text)
    )


def _measured(text: str) -> tuple[int, int]:
    """The characters of a text, and its own words; a character that is a word counts as two."""
    own = "".join(text.split(EXPRESSION)[::2])
    wide = len(_WIDE_CHARACTER.findall(own))
    words = sum(any(map(str.isalpha, word)) for word in own.split())
    return len(text) + wide, words + wide


def _is_prose(text: str) -> bool:
    """Whether most of a text is words."""
    words = text.split()
    plain = sum(_PLAIN_WORD.fullmatch(word) is not None for word in words)
    return plain >= len(words) * _LEAST_PLAIN_WORDS


def _is_likely(text: str, *, named: bool) -> bool:
    """Whether a string that is left out is worth a mention."""
    length, words = _measured(text)
    if named:
        return words >= FEWEST_WORDS_SENT
    return words >= _FEWEST_WORDS and length >= _SHORTEST_NAMED


def message_text(message: SourceMessage) -> str:
    """The text of a message, with its expressions marked."""
    parts = (part for one in message.content if isinstance(one, TextContent) for part in one.parts)
    return marked_text(parts)


def marked_text(parts: Iterable[TemplatePart]) -> str:
    """The text of a template, with its expressions marked."""
    return "".join(
        part.text
        if isinstance(part, TextPart)
        else f"{EXPRESSION}{getattr(part, 'source', '')}{EXPRESSION}"
        for part in parts
    )


def numbered(found: Iterable[SourceDocument]) -> Iterator[SourceDocument]:
    """The prompts of a file; of several with one name all but the first get a number."""
    taken: Counter[str] = Counter()
    for document in found:
        taken[document.id] += 1
        count = taken[document.id]
        yield document if count == 1 else replace(document, id=f"{document.id}-{count}")


# Strings for other programs and for programmers

_SCRIPT_LINE = lazy_pattern(
    r"(?m)^[ \t]*(?:fi|esac|done|end(?: if| do)?|if \[.*|set -\w.*|export \w+=.*|def \w+\(.*)$"
    r"|^[ \t]*>>> |\b(?:pip|npm) install\b|^[ \t]*\\[a-z]+\{"
)
"""Lines of scripts, and commands for a terminal."""
_DOCUMENTATION = lazy_pattern(
    r"(?m)^[ \t]*(?:Parameters|Returns|Raises|Examples|Notes|See Also)[ \t]*\n[ \t]*-{3,}"
    r"|:(?:func|class|meth|mod|ref|param|attr|exc|math)\b|^[ \t]*\.\. \w+::"
)
"""Documentation of a function."""
_COMMENT_LINES = lazy_pattern(r"(?:(?:#|//)[^\n]*(?:\n\s*|\Z)){2,}")
"""Lines of which each is a comment."""


def _has_script(text: str) -> bool:
    """Whether a text contains a line of a script, or a command for a terminal."""
    return _SCRIPT_LINE.search(text) is not None


def _is_documentation(text: str) -> bool:
    """Whether a text documents a function, or is a comment of a program."""
    return (
        _DOCUMENTATION.search(text) is not None
        or _COMMENT_LINES.fullmatch(text.strip()) is not None
    )


# Instructions to a model: a command, or `You are`

_COMMAND_VERBS = (
    "act|adopt|always|analy[sz]e|answer|ask|assess|assign|assume|begin|brainstorm|calculate"
    "|categori[sz]e|check (?:whether|if|for)|choose|cite|classify|combine|compare|complete"
    "|compose|condense|consider|continue|convert|correct|cover|create|critique|decide|describe"
    "|design|detect|determine|develop|do not|don['’]t|draft|edit|ensure|estimate|evaluate"
    "|examine|expand|explain|extract|fill|find|fix|focus|follow|format|generate|give|grade|guess|help"
    "|highlight|identify|ignore|imagine|improve|incorporate|infer|invent|judge|keep|limit"
    "|list (?!of|display)|locate|make|merge|never|only|optimi[sz]e|organi[sz]e|outline|output"
    "|paraphrase|perform|pick|plan|predict|pretend|prioriti[sz]e|proceed|produce|proofread|propose|provide|rank"
    "|rate|read|recommend|refine|remember|rephrase|reply (?:with|in|only|as|to the)|research"
    "|respond|return|review|revise|rewrite|route|score|select|shorten|simplify|solve|sort|speak"
    "|state|suggest|summari[sz]e|tag|take|tell|think|translate|treat|turn|use|verify|write"
    "|given (?:the|a|an|this|these)|based on (?:the|this|these|your)"
)
"""Words that begin a command, or the sentence that it is part of."""
_LINE_LEAD = r"[\s\d.)*#>\"'`•-]{0,20}"
"""What comes before the first word of a line, such as the number of an item."""
_COMMAND = lazy_pattern(
    rf"(?i:\A{_LINE_LEAD}(?:please,? )?(?:{_COMMAND_VERBS})\b|\bplease,? (?:{_COMMAND_VERBS})\b)"
    rf"|\A{_LINE_LEAD}Below (?:is|are)\b"
    rf"|(?:[.!?:]\s|\n){_LINE_LEAD}(?=[A-Z])(?i:{_COMMAND_VERBS})\b"
)
"""A command that begins a text, a sentence or a line, or that follows `please`."""
_YOU_SENTENCE = lazy_pattern(
    rf"(?:\A|[.!?:,]\s|\n|\ue000){_LINE_LEAD}You(?:['’]re)?\b"
    r"(?! (?:can|may|might|could|tried|cannot|already|have (?:not|no)|do not have|don['’]t have)\b)"
    r"|(?i:\byour (?:task|job|goal|role|objective|mission|answers?|responses?|output|reply)\b"
    r"|\bi (?:want|need|would like) you to\b|\bact as (?:a|an|the)\b|\bas an? (?:ai|expert)\b)"
)
"""A sentence about who answers."""
_YOU_IN_OTHER_LANGUAGE = lazy_pattern(
    r"你|您|请|請|あなた|ください|下さい|しなさい|당신|세요|시오"
    r"|\b(?:Du bist|Sie sind|Tu es|Vous êtes|Eres|Usted es|Você é"
    r"|Tu sei|Sei un[oa]?|Jesteś|Ты|Вы|Je bent|U bent|Du är|Sen bir)\b"
)
"""The same in other languages."""
_SENTENCE_MARK = lazy_pattern(r"[.。!！?？,，:：]")
_ENGLISH_WORD = lazy_pattern(r"(?i)\b(?:the|and|of|to|is|are|for|with|this|that|it)\b")
"""Words that nearly each English text has."""
_OTHER_LETTER = lazy_pattern(r"[^\W\d_a-zA-Z]")


def _addresses_a_model(text: str) -> bool:
    """Whether a text gives a command, or has a sentence such as `You are …`."""
    if _COMMAND.search(text) or _YOU_SENTENCE.search(text):
        return True
    return (
        _YOU_IN_OTHER_LANGUAGE.search(text) is not None and _SENTENCE_MARK.search(text) is not None
    )


def _is_in_other_language(text: str) -> bool:
    """Whether a text is in another language than English, as far as its letters show it."""
    return _OTHER_LETTER.search(text) is not None and _ENGLISH_WORD.search(text) is None


# Names of strings in source code: which are those of prompts, and which those of other texts.

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


# Names for the rows of lists, so that an id has `triage` in place of an index.

_KEYS_WITH_NAMES = ("id", "key", "slug", "name", "label", "title", "act")
_LONGEST_NAME = 60


def row_names(rows: Sequence[Any]) -> Mapping[int, str]:
    """The name of each row by its index, as a step of an id; none for a name that two rows have."""
    found = {index: name for index, row in enumerate(rows) if (name := id_step(_name(row)))}
    count = Counter(found.values())
    return {index: name for index, name in found.items() if count[name] == 1}


def _name(row: Any) -> str:
    """What a row is called by the first of some keys; "" without a short text there."""
    given = (row.get(key) for key in _KEYS_WITH_NAMES) if isinstance(row, Mapping) else ()
    texts = (one.strip() for one in given if isinstance(one, str) and len(one) <= _LONGEST_NAME)
    return next((one for one in texts if one and not one.isdigit()), "")
