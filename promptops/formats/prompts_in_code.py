"""Which strings of code are prompts, and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeGuard

from promptops.formats.document import (
    LeftOutText,
    Loss,
    SourceDocument,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.plain_texts import id_step, identity, role_in, stem_steps
from promptops.patterns import lazy_pattern
from promptops.records import replace

Slot = Literal["role", "argument", "key", "name", "listed", "signature", "asked", "text"]
"""Where code has a string: the content of a message with a role; an argument or a key with the name
of a prompt; a variable, a field or a function with any name; one of several; the docstring of a
signature of DSPy; the first argument of a method such as `chat`; anything else."""
_SHORTEST_NAMED = 40
"""Characters of a string with the name of a prompt, at least."""
_SHORTEST_UNNAMED = 200
"""Characters of any other string, at least."""
_SHORTEST_PERSONA = 60
"""Characters of any other string that begins with `You are a`, at least."""
_FEWEST_WORDS = 5
FEWEST_WORDS_SENT = 3
"""Words of its own that a text needs which code sends to a model, at least."""
_FEWEST_WORDS_OF_PROMPTS = 12
"""Words of a string in a file or a class of prompts, at least."""
ARGUMENTS = frozenset(
    str.split(
        "system prompt system_prompt user_prompt instruction instructions system_instruction"
        " template user_template backstory persona system_message system_instructions"
        " state_modifier"
    )
)
"""Arguments and keys whose value is a prompt, in lower case with `_`."""
_QUESTION = lazy_pattern(
    r"(?i)\A\s*(?:are you sure|do you (?:really )?(?:want|wish)|would you like"
    r"|(?:press|hit|enter) )|[\[(]y(?:es)?\s?/\s?n(?:o)?[\])]"
)
"""What a program asks its users."""
_KEYWORD = lazy_pattern(r"\s*[\w./>$%#@-]*\s*")
"""A name, a path or a sign, which is not a label of a text."""
_WIDE_CHARACTER = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of languages without blanks between words."""
_PLAIN_WORD = lazy_pattern(r"\W*[^\W\d_]+(?:['’-][^\W\d_]+)*\W*")
EXPRESSION = "\ue000"
"""Stands before and after each expression in a text."""
_LEAST_PLAIN_WORDS = 0.55
"""The share of words of a text that is in prose, at least."""
_OTHER_LANGUAGE_START = lazy_pattern(
    r"\s*(?:(?i:<!doctype|<\?xml|<(?:div|html|head|body|svg|style|span|p|pre|table|t[dr]|script|button"
    r"|font)\b)|(?:MERGE|MATCH)\s*\(|SELECT\b|select\s[\w*.,\s]+\sfrom\s|INSERT\b|UPDATE\s+\w+\s+SET"
    r"|CREATE\s+(?:OR\s|TABLE|INDEX|TRIGGER|FUNCTION|VIEW)"
    r"|(?:query|mutation|fragment)\b[^.{}]*\{\s|[.#@]?[\w-]+\s*\{\s*[\w-]+\s*:\s|#!/|@echo|\^?\(\?)"
)
"""Languages by their first words."""
_PROGRAM_LINE = lazy_pattern(
    r"(?m)^[ \t]*(?:>>> |import [\w.]+[ \t]*$|from [\w.]+ import |def \w+\(|class \w+.*:[ \t]*$"
    r"|#include\b|#!/|\(\?(?:[:=!]|P<)|Traceback \(|usage: |subroutine |function \w+\(|\w+ = \w+\()"
)
"""Lines of programs."""
_LEADING = lazy_pattern(
    r"(?:\s{1,40}|[*_#>=~-]{1,40}\s{0,20}(?:[A-Z][\w ]{0,30}[*_=:#-]{1,40}\s{1,20})?"
    r"|</?[A-Za-z_][\w .:/-]{0,60}>|\{%[^%]{0,200}%\}|#{1,6}[^\n]{0,80}\n|\[[A-Z][\w ]{0,30}\]"
    r"|(?:ROLE|Role|SYSTEM|System|TASK|Task|INSTRUCTIONS?|Instructions?)\s{0,5}:)"
)
"""Emphasis, a heading or an opening tag before a text."""
APPENDED = "messages that the code appends to a list are not read"
SAVE_TO_FILE = "write the text to a file, and import that file"
_NAMED_SHORT = f"under {_SHORTEST_NAMED} characters or {_FEWEST_WORDS} words"
_OTHER_LANGUAGE = "in HTML, CSS, SQL or a programming language"
REPORTED = "raised, logged, printed or shown to people"
_NOT_ADDRESSED = "no command such as `Answer`, and no `You are`"
_UNNAMED = "a command, but neither the name of a prompt nor `You are`"
_LISTED = "one of several strings, which may be examples"
_OF_SIGNATURE = "a DSPy signature, whose request DSPy builds from its fields, too"
_ASKED = "passed to a method whose name does not say that it calls a model"
ONLY_VALUES = f"under {FEWEST_WORDS_SENT} words of its own"
_WORDS_SHOWN = 60


def refusal(  # noqa: PLR0911  # one line for each of the conditions, the first of which decides
    name: str, text: str, slot: Slot, *, of_prompts: bool = False
) -> str | None:
    """Why a string of code is not a prompt; None for a prompt, "" if it is not worth a mention.

    Args:
        text: With a `\ue000` before and after each expression in it.
        of_prompts: The file, its folder or the class is called `prompts`.
    """
    bare = _bare(text)
    length, words = _measured(text)
    if slot == "asked":
        found = refusal(name, text, "text", of_prompts=of_prompts)
        return _ASKED if found == "" and words >= FEWEST_WORDS_SENT else found
    if slot == "signature":
        return _OF_SIGNATURE if words >= FEWEST_WORDS_SENT else ""
    if slot in ("role", "argument", "key"):
        return _refusal_of_sent(text, bare, words, slot)
    own = slot == "name" and is_of_prompt(name)
    if role_of(name) == "assistant" and not is_certain(name):
        return ""
    if _is_program(text, named=own):
        return _OTHER_LANGUAGE if own and words >= _FEWEST_WORDS else ""
    if own:
        return _refusal_of_named(name, bare, length, words)
    unnamed = _NOT_ADDRESSED if of_prompts and words >= FEWEST_WORDS_SENT else ""
    if words < _FEWEST_WORDS:
        return unnamed
    command, you = _addressed(bare)
    addressed = command or you
    own_name = name.rpartition(".")[2]
    is_other = _OF_INTERFACE.search(own_name) or _OF_PROGRAMS.search(own_name) or slot == "listed"
    if of_prompts and addressed and words >= _FEWEST_WORDS_OF_PROMPTS and not is_other:
        return None
    if _is_prompt_by_text(name, bare, length, command=command):
        return None
    if not addressed or _is_documentation(bare) or not _is_prose(bare):
        return unnamed
    return _LISTED if slot == "listed" else _UNNAMED


def _refusal_of_sent(text: str, bare: str, words: int, slot: Slot) -> str | None:
    if _is_program(text, named=True):
        return _OTHER_LANGUAGE if words >= _FEWEST_WORDS else ""
    if words < FEWEST_WORDS_SENT:
        own = "".join(text.split(EXPRESSION)[::2])
        is_label = words > 1 or slot == "role" or not _KEYWORD.fullmatch(own)
        return ONLY_VALUES if words and is_label else ""
    if _QUESTION.search(bare) and slot != "role":
        return REPORTED
    few = slot == "key" and words < _FEWEST_WORDS and not any(_addressed(bare))
    return _NAMED_SHORT if few else None


def _refusal_of_named(name: str, bare: str, length: int, words: int) -> str | None:
    is_persona = _PERSONA.match(bare) is not None and words >= FEWEST_WORDS_SENT
    is_short = length < _SHORTEST_NAMED and snake(name.rpartition(".")[2]) not in ARGUMENTS
    if (is_short or words < _FEWEST_WORDS) and not is_persona:
        return _NAMED_SHORT if words >= FEWEST_WORDS_SENT else ""
    addressed = any(_addressed(bare)) or _is_in_other_language(bare)
    if is_certain(name) and not _QUESTION.search(bare):
        return None
    if _is_documentation(bare):
        return _OTHER_LANGUAGE
    own = name.rpartition(".")[2]
    if not _NAMED.search(own) and not is_of_role(own) and is_of_other_text(name):
        return _NOT_ADDRESSED
    return None if addressed and not _QUESTION.search(bare) else _NOT_ADDRESSED


def _is_prompt_by_text(name: str, bare: str, length: int, *, command: bool) -> bool:
    """Whether a text is that of a prompt, whatever its name is, if that is not one of errors."""
    if _is_documentation(bare):
        return False
    if _PERSONA.match(bare) and length >= _SHORTEST_PERSONA:
        return True
    if length < _SHORTEST_UNNAMED or not command or not _TASK.search(bare):
        return False
    return _is_prose(bare) and not _has_script(bare) and not is_of_other_text(name)


def _bare(text: str) -> str:
    """A text without the emphasis, the heading and the opening tags that it begins with."""
    at = 0
    while (match := _LEADING.match(text, at)) is not None and match.end() < len(text):
        at = match.end()
    return text[at:]


def _addressed(bare: str) -> tuple[bool, bool]:
    """Whether a text has a command, and whether it has a sentence such as `You are …`."""
    other = (
        _YOU_IN_OTHER_LANGUAGE.search(bare) is not None and _SENTENCE_MARK.search(bare) is not None
    )
    return _COMMAND.search(bare) is not None, other or _YOU_SENTENCE.search(bare) is not None


def snake(name: str) -> str:
    """`systemPrompt` as `system_prompt`."""
    return "".join(
        f"_{char.lower()}" if char.isupper() and index else char.lower()
        for index, char in enumerate(name)
    )


def begins(text: str) -> str:
    """The first words of a text, in one line; `…` stands for an expression."""
    plain = " ".join("…".join(text.split(EXPRESSION)[::2]).split())
    return plain if len(plain) <= _WORDS_SHOWN else f"{plain[:_WORDS_SHOWN].rstrip()}…"


def _is_program(text: str, *, named: bool) -> bool:
    """Whether a text is in HTML, CSS, SQL or a programming language."""
    if _OTHER_LANGUAGE_START.match(text):
        return True
    if not named:
        return _PROGRAM_LINE.match(text) is not None
    return _PROGRAM_LINE.match(text) is not None or (
        _has_script(text) and not any(_addressed(text))
    )


def own_words(text: str) -> int:
    """The words of a text that are not in expressions; a character that is a word counts as two."""
    return _measured(text)[1]


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


def sent_text(turns: Iterable[SourceTurn]) -> str:
    """The text of the messages but for those of the assistant, with their expressions marked."""
    messages = (turn for turn in turns if isinstance(turn, SourceMessage))
    return " ".join(message_text(one) for one in messages if one.role != "assistant")


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


def code_id(path: str, name: str) -> str:
    """The id of a string of code, by its file and its name with its classes and functions.

    Words that two of them repeat are written once: `greeting-prompt` for the variable `prompt` of
    `greeting_prompt`. If an id can have none of the letters that tell a name from others, it is
    that of the file.
    """
    words: list[str] = []
    for step in name.split("."):
        own = id_step(step.replace("_", "-")).split("-")
        most = min(len(words), len(own))
        shared = next((size for size in range(most, 0, -1) if words[-size:] == own[:size]), 0)
        words += own[shared:]
    words = [word for word in words if word]
    is_lost = any(char.isalpha() and not id_step(char) for char in name)
    own_step = "" if is_lost and _OF_ANY.issuperset(words) else "-".join(words)
    return identity(*stem_steps(path), own_step)


class CodePrompts:
    """The prompts of one file, and the strings that are left out, in their order."""

    def __init__(self, path: str, selects: Callable[[str], bool] | None) -> None:
        """Args:
        path: Of the file, below its source.
        selects: Whether the user selects a proposed id; None if no names are selected.
        """
        self._path = path
        self._selects = selects or (lambda _id: False)
        self._prompts: list[tuple[SourceDocument, bool]] = []
        self._others: list[tuple[LeftOutText, Callable[[], SourceDocument | Loss], bool]] = []

    def add(self, document: SourceDocument, *, hidden: bool) -> None:
        """A prompt; a hidden one is part of another, and is only found if the user selects it."""
        self._prompts.append((document, hidden))

    def leave_out(
        self, text: LeftOutText, forced: Callable[[], SourceDocument | Loss], *, hidden: bool
    ) -> None:
        """A string that is not a prompt; `forced` is its prompt if the user selects it.

        A hidden one is part of a prompt, and is not reported.
        """
        self._others.append((text, forced, hidden))

    def found(self) -> Iterator[SourceDocument | Loss | LeftOutText]:
        """The prompts, and what is left out; of one name all but the first get a number.

        The numbers do not depend on what the user selects.
        """
        taken: Counter[str] = Counter()
        for hidden in (False, True):
            for document in (one for one, is_hidden in self._prompts if is_hidden is hidden):
                named = replace(document, id=_numbered(document.id, taken))
                if not hidden or self._selects(named.id):
                    yield named
        for text, forced, is_hidden in self._others:
            own = _numbered(code_id(self._path, text.name), taken)
            if self._selects(own):
                selected = forced()
                yield replace(selected, id=own) if _is_document(selected) else selected
            elif not is_hidden:
                yield replace(text, name=own.rpartition("/")[2])


def _is_document(found: SourceDocument | Loss) -> TypeGuard[SourceDocument]:
    return isinstance(found, SourceDocument)


def _numbered(wanted: str, taken: Counter[str]) -> str:
    taken[wanted] += 1
    return wanted if taken[wanted] == 1 else f"{wanted}-{taken[wanted]}"


# What CrewAI sends for an agent or a task.

_OF_AGENT = (
    ("role", "You are ", ". "),
    ("backstory", "", ""),
    ("goal", "\nYour personal goal is: ", ""),
)
_OF_TASK = (
    ("description", "", ""),
    ("expected_output", "\n\nThis is the expected criteria for your final answer: ", ""),
)


def crew_message(
    texts: Mapping[str, tuple[TemplatePart, ...]],
) -> tuple[str, tuple[TemplatePart, ...]]:
    """The role and the text of an agent (system) or of a task (user), of those that it has."""
    is_agent = "goal" in texts
    parts: list[TemplatePart] = []
    for key, before, after in _OF_AGENT if is_agent else _OF_TASK:
        if key in texts:
            parts += [TextPart(before), *texts[key], TextPart(after)]
    return ("system" if is_agent else "user"), tuple(parts)


# A system text and the user text that belongs to it.

_OF_ROLES = {"system": "system", "sys": "system", "user": "user", "human": "user"}
_OF_ANY = frozenset(("prompt", "template", "message", "msg", "text", "instruction", "instructions"))
_WORDS = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def pairs_of(names: Sequence[tuple[str, str | None]]) -> Mapping[int, int]:
    """The index of the user text of each system text, by the index of that.

    `TRIAGE_SYSTEM` and `TRIAGE_USER`; `system` and `prompt` of one function or of one call.

    Args:
        names: The full names of texts in a file, and their roles if the code defines them.
    """
    groups: dict[tuple[str, str], dict[str, list[int]]] = {}
    for index, (name, given) in enumerate(names):
        owner, rest, role = _role_and_rest(name)
        groups.setdefault((owner, rest), {}).setdefault(given or role, []).append(index)
    pairs: dict[int, int] = {}
    for (owner, _), roles in groups.items():
        users = roles.get("user") or (roles.get("", []) if owner else [])
        systems = roles.get("system", [])
        if len(systems) == len(users) == 1:
            pairs[systems[0]] = users[0]
    return pairs


def pair_name(name: str) -> str:
    """The name of a pair, by that of its system text: `TRIAGE` for `TRIAGE_SYSTEM_PROMPT`."""
    owner, rest, _ = _role_and_rest(name)
    return ".".join(one for one in (owner, rest) if one) or "prompt"


def _role_and_rest(name: str) -> tuple[str, str, str]:
    """The owner of a name, its words that define no role, and its role."""
    owner, _, own = name.rpartition(".")
    words = [word.lower() for word in _WORDS.findall(own)]
    role = next((_OF_ROLES[word] for word in words if word in _OF_ROLES), "")
    rest = [word for word in words if word not in _OF_ROLES and word not in _OF_ANY]
    return owner, "-".join(rest), role or ("system" if "instruction" in own.lower() else "")


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
_PERSONA = lazy_pattern(r"(?i:you are|you['’]re|act as|as) (?:an?|the|now an?|tasked)\b")
"""How a text begins that gives a role to a model."""
_TASK = lazy_pattern(
    r"\bYou(?:['’]re| are| will| must| should| have)\b|\b[Yy]our (?:task|job|goal|role|objective)\b"
    r"|\bRespond\b|\b[Rr]espond (?:with|in|only|as)\b"
)
"""What only a text for a model says, besides its commands."""
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


def _is_in_other_language(text: str) -> bool:
    """Whether a text is in another language than English, as far as its letters show it."""
    return _OTHER_LETTER.search(text) is not None and _ENGLISH_WORD.search(text) is None


# Names of strings in source code: which are those of prompts, and which those of other texts.

_NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|instr(?![a-z])|persona|backstory")
"""Words in the names of prompts."""
_CERTAIN = lazy_pattern(r"(?i)prompt|instruction|instr(?![a-z])|persona|backstory")
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


_CALLED_PROMPTS = lazy_pattern(r"(?i)(?:\A|[^a-z]|[a-z](?=P))prompts?(?:[^a-z]|templates?\b|\Z)")


def is_called_prompts(path: str) -> bool:
    """Whether a file, a folder of it or a class is called `prompts`, as `SupportPrompts`."""
    return any(_CALLED_PROMPTS.search(step) for step in path.split("/"))


def role_of(name: str) -> str | None:
    """The role that the name of a string has, or that of its object: `SYSTEM`, `System.triage`."""
    owner, _, own = name.rpartition(".")
    of_owner = role_in(owner.rpartition(".")[2])
    return role_in(own) or (of_owner if of_owner in _ROLES else None)


def is_prompt_anyway(name: str) -> bool:
    """Whether a string is a prompt by its name, even if the code also prints it."""
    return bool(_CERTAIN.search(name)) or is_of_role(name)


def is_of_prompt(name: str) -> bool:
    """Whether a name may be that of a prompt: `SYSTEM`, `triage_template`, `Prompts.triage`."""
    owner, _, own = name.rpartition(".")
    if _OF_PROGRAMS.search(own) or _MESSAGE.fullmatch(own) or _OF_ERROR.search(name):
        return False
    if _OF_REPORTS.search(owner):
        return _CERTAIN.search(own) is not None
    named = _CERTAIN.search(name) or _NAMED.search(own) or _OF_TEMPLATES.search(owner)
    return bool(named or is_of_role(own))


def is_of_role(name: str) -> bool:
    """Whether a name has the word of a role of messages: `SYSTEM`, `userMessage`."""
    return role_in(name.rpartition(".")[2]) in _ROLES


def is_certain(name: str) -> bool:
    """Whether a name that may be that of a prompt is enough: `SYSTEM_PROMPT`, `PROMPTS.triage`."""
    owner, _, own = name.rpartition(".")
    if _OF_INTERFACE.search(own):
        return False
    return bool(_CERTAIN.search(own) or _OF_PROMPTS.search(owner))


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
