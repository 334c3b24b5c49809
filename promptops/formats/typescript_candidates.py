"""Expressions in TypeScript and JavaScript that may be prompts, found by a scanner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptops.formats.typescript_scanner import after_blanks, literal, quoted, skipped
from promptops.formats.typescript_values import (
    MAX_OTHER,
    ListValue,
    ObjectValue,
    OtherValue,
    TextValue,
    TypescriptValues,
    Value,
)
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_TOKEN = lazy_pattern(r"[\"'`/{}]|[A-Za-z_$][\w$]*")
_TYPE = r"(?:\s*:[^=;(){}\n]{0,200})?"
_DECLARED = lazy_pattern(rf"\s+([A-Za-z_$][\w$]*){_TYPE}\s*=(?![=>])\s*")
_ASSIGNED = lazy_pattern(rf"{_TYPE}\s*=(?![=>])\s*|\s*:(?!:)\s*")
_EXTENDED = lazy_pattern(r"\s*\+=|\s*\.\s*(?:push|unshift)\s*\(")
_PARAMETERS = r"\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)"
_RETURNS = r"(?:\s*:[^=;{}\n]{0,200})?"
_ARROW = lazy_pattern(rf"(?:async\s+)?(?:{_PARAMETERS}{_RETURNS}|([A-Za-z_$][\w$]*))\s*=>\s*")
_FUNCTION_HEAD = lazy_pattern(rf"\s*\*?\s*([A-Za-z_$][\w$]*)?\s*{_PARAMETERS}{_RETURNS}\s*(?=\{{)")
_METHOD_HEAD = lazy_pattern(rf"\s*{_PARAMETERS}{_RETURNS}\s*(?=\{{)")
_NUMBER = lazy_pattern(r"-?\d{1,15}(?:\.\d{0,14}[1-9])?")
_NOT_METHOD_NAMES = frozenset(
    ("if", "for", "while", "switch", "catch", "function", "return", "with")
)
_DECLARING = frozenset(("const", "let", "var"))
_MAX_PARAMETERS = 600


@record(frozen=True, slots=True, kw_only=True)
class CodeCandidate:
    """An expression that may be a prompt.

    Attributes:
        name: What it is assigned to; of a returned one and of messages of a call, the name of the
            function around it, or "".
        variable: The name by which other code refers to it, or "".
        owner: The name of the object that has it as a property, or "".
        value: An object is that of a call, with a system message of its own.
        request: The object that contains the messages, such as that of a call, or None.
        defaults: Of the arguments of the function around it, as far as they are plain values.
        extended: Offsets where the code adds to it later.
        is_template: Whether a prompt template of LangChain is made of it.
        is_sent: Whether code sends it to a model by its name.
        requests: Those of later calls that send the messages by their name.
    """

    name: str
    variable: str
    owner: str
    value: TextValue | ListValue | ObjectValue
    request: ObjectValue | None
    defaults: Mapping[str, str | float | bool]
    extended: list[int]
    requests: list[ObjectValue]
    is_template: bool = False
    is_sent: bool = False


@record(frozen=True, slots=True)
class _Function:
    """A function that is open: its name, its parameters, and the braces open outside of it."""

    name: str
    parameters: str
    depth: int


@record(frozen=True, slots=True)
class _Owner:
    """An object with a name that is open, and the braces open outside of it."""

    name: str
    depth: int


def code_candidates(source: str) -> list[CodeCandidate]:
    """The strings and lists of messages of a file that have a name, in their order."""
    sent = _sent_names(source)
    found = list(_Scanner(source).candidates())
    return [replace(one, is_sent=one.variable in sent) for one in found]


class _Scanner:
    """One file, from its beginning to its end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values = TypescriptValues(source)
        self._at = 0
        self._braces: list[int] = []
        self._functions: list[_Function] = []
        self._owners: list[_Owner] = []
        self._latest: dict[str, CodeCandidate] = {}

    def candidates(self) -> Iterator[CodeCandidate]:
        """A file that ends within a template literal has no more after it."""
        while (match := _TOKEN.search(self._source, self._at)) is not None:
            self._at, token = match.start(), match[0]
            if token == "{":
                yield from self._opened()
            elif token == "}":
                self._closed()
            elif token == "`":
                self._at, _ = literal(self._source, self._at)
                if self._at < 0:
                    return
            elif token == "/":
                self._at = skipped(self._source, self._at)
            elif token in ("'", '"'):
                yield from self._string()
            else:
                yield from self._word(token, match.end())

    def _opened(self) -> Iterator[CodeCandidate]:
        """A brace: the request of a call of a model, or anything else, which is read further."""
        request = self._request()
        if request is not None:
            self._at = request.end
            parameters = self._functions[-1].parameters if self._functions else ""
            yield self._candidate("", "", request, parameters)
            return
        self._braces.append(self._at)
        self._at += 1

    def _closed(self) -> None:
        self._at += 1
        if self._braces:
            self._braces.pop()
            for opened in (self._functions, self._owners):
                while opened and opened[-1].depth >= len(self._braces):
                    opened.pop()

    def _request(self) -> ObjectValue | None:
        """The request that begins here, if it has a system message; None for anything else."""
        if not _calls_model(self._source, self._at):
            return None
        value = self._values.value(self._at)
        if not isinstance(value, ObjectValue):
            return None
        self._link(value, dict(value.fields).get("messages"))
        return value if any(map(_is_candidate, _texts_of(self._source, value))) else None

    def _link(self, request: ObjectValue, messages: Value | None) -> None:
        """Keep a request with the list of messages that it sends by its name."""
        if isinstance(messages, OtherValue):
            named = self._latest.get(self._source[messages.start : messages.end].strip())
            if named is not None and isinstance(named.value, ListValue):
                named.requests.append(request)

    def _string(self) -> Iterator[CodeCandidate]:
        """A string in quotes, which may be a key."""
        start = self._at
        self._at = skipped(self._source, start)
        end, key = quoted(self._source, start)
        colon = after_blanks(self._source, end) if end > 0 else len(self._source)
        if self._source[colon : colon + 1] == ":":
            yield from self._head(key, "", colon + 1)

    def _word(self, word: str, end: int) -> Iterator[CodeCandidate]:
        self._at = end
        if word in _DECLARING:
            match = _DECLARED.match(self._source, end, end + _MAX_PARAMETERS)
            if match is not None:
                yield from self._head(match[1], match[1], match.end())
        elif word == "return":
            name = self._functions[-1].name if self._functions else ""
            yield from self._head(name, "", end) if name else ()
        elif word == "function":
            self._open(_FUNCTION_HEAD.match(self._source, end, end + _MAX_PARAMETERS), "")
        elif _EXTENDED.match(self._source, end) is not None:
            self._extend(word, end - len(word))
        else:
            yield from self._named(word, end)

    def _named(self, word: str, end: int) -> Iterator[CodeCandidate]:
        """A property, an assignment, or a method."""
        match = _ASSIGNED.match(self._source, end, end + _MAX_PARAMETERS)
        if match is not None:
            is_key = match[0].strip() == ":"
            yield from self._head(word, "" if is_key else word, match.end())
        elif word not in _NOT_METHOD_NAMES and self._source[end : end + 1] == "(":
            self._open(_METHOD_HEAD.match(self._source, end, end + _MAX_PARAMETERS), word)

    def _open(self, match: re.Match[str] | None, name: str) -> None:
        """Open the function whose parameters match, if any."""
        if match is None:
            return
        groups = match.groups()
        named = groups[0] if len(groups) > 1 and groups[0] else name
        opened = _Function(named, groups[-1] or "", len(self._braces))
        self._functions.append(opened)
        self._at = match.end()

    def _head(self, name: str, variable: str, position: int) -> Iterator[CodeCandidate]:
        """What is assigned to a name; the scanner goes on after it, or inside of it."""
        self._at = position = after_blanks(self._source, position)
        arrow = _ARROW.match(self._source, position, position + _MAX_PARAMETERS)
        parameters = self._functions[-1].parameters if self._functions else ""
        if arrow is not None:
            parameters = arrow[1] or ""
            self._at = position = after_blanks(self._source, arrow.end())
            if self._source[position : position + 1] == "{":
                self._functions.append(_Function(name, parameters, len(self._braces)))
                return
        inside = _template_argument(self._source, position)
        value = self._values.value(position if inside is None else inside)
        if inside is not None and isinstance(value, TextValue | ListValue):
            self._at = value.end
            found = self._candidate(name, variable, value, parameters)
            yield replace(found, is_template=True, request=None)
            return
        if variable.isupper():
            value = self._number(value)
        if self._source[position : position + 1] == "{":
            self._owners.append(_Owner(name, len(self._braces)))
        if not _is_candidate(value):
            # Parts of a sum that is too long would be read again and again.
            self._at = max(self._at, value.end) if _is_too_long(value) else self._at
            return
        assert isinstance(value, TextValue | ListValue)
        self._at = value.end
        if variable and self._reads(value, variable):
            self._extend(variable, value.start)
            return
        yield self._candidate(name, variable, value, parameters)

    def _number(self, value: Value) -> Value:
        """A number as its text; any other value as it is."""
        written = self._source[value.start : value.end].strip()
        if not isinstance(value, OtherValue) or _NUMBER.fullmatch(written) is None:
            return value
        return TextValue(start=value.start, end=value.end, pieces=(written,))

    def _candidate(
        self,
        name: str,
        variable: str,
        value: TextValue | ListValue | ObjectValue,
        parameters: str,
    ) -> CodeCandidate:
        request = None
        if isinstance(value, ObjectValue):
            request = value
            name = self._functions[-1].name if self._functions else name
        elif isinstance(value, ListValue) and not variable and self._braces:
            around = self._values.value(self._braces[-1])
            request = around if isinstance(around, ObjectValue) else None
            name = self._functions[-1].name if self._functions else name
        found = CodeCandidate(
            name=name,
            variable=variable,
            owner=".".join(one.name for one in self._owners),
            value=value,
            request=request,
            defaults=dict(_defaults_of(parameters)),
            extended=[],
            requests=[],
        )
        if variable:
            self._latest[variable] = found
        return found

    def _extend(self, variable: str, offset: int) -> None:
        if variable in self._latest:
            self._latest[variable].extended.append(offset)

    @staticmethod
    def _reads(value: TextValue | ListValue, variable: str) -> bool:
        """Whether a string contains the variable that it is assigned to."""
        sources = value.pieces[1::2] if isinstance(value, TextValue) else ()
        return any(re.search(rf"(?<![\w$.]){re.escape(variable)}(?![\w$])", one) for one in sources)


def _is_too_long(value: Value) -> bool:
    return isinstance(value, OtherValue) and value.end - value.start > MAX_OTHER


def _is_candidate(value: Value) -> bool:
    """Whether it is a string, or a list of messages."""
    if isinstance(value, ListValue):
        return any(
            isinstance(item, ObjectValue) and {"role", "content"} <= dict(item.fields).keys()
            for item in value.items
        )
    return isinstance(value, TextValue)


# Calls of models, by the object that they pass

_CALLED_NAME = lazy_pattern(r"([A-Za-z_$][\w$]*)\s*\(\s*\Z")
_LANGCHAIN_TEMPLATE = lazy_pattern(r"(?:Chat)?PromptTemplate\s*\.\s*from(?:Template|Messages)\(\s*")
_LONGEST_CALLED_NAME = 100
_AI_SDK_FUNCTIONS = frozenset(("generateText", "streamText", "generateObject", "streamObject"))
_CALLED_METHODS = frozenset(("create", "parse", "stream"))
_SYSTEM_KEYS = frozenset(("system", "instructions"))
_SENT_NAME = lazy_pattern(
    r"\b(?:system|systemPrompt|systemInstruction|instructions"
    r"|role\s*:\s*[\"'](?:system|developer|user)[\"']\s*,\s*content)"
    r"\s*:\s*(?:this\.)?([A-Za-z_$][\w$]*)(?![\w$(.])"
)
"""A variable that is a system prompt or the text of a message."""
_TEXT_KEYS = ("system", "instructions", "prompt", "input", "messages")


def _calls_model(source: str, at: int) -> bool:
    """Whether an object at an offset is the first argument of a call of a model, by its name."""
    call = _CALLED_NAME.search(source[max(at - _LONGEST_CALLED_NAME, 0) : at])
    return call is not None and call[1] in (_AI_SDK_FUNCTIONS | _CALLED_METHODS)


def _sent_names(source: str) -> frozenset[str]:
    """The variables that code sends to a model, as a system prompt or the text of a message."""
    return frozenset(match[1] for match in _SENT_NAME.finditer(source))


def _template_argument(source: str, at: int) -> int | None:
    """The offset of what a prompt template of LangChain is made of; None for anything else."""
    match = _LANGCHAIN_TEMPLATE.match(source, at)
    return match.end() if match is not None else None


def _texts_of(source: str, request: ObjectValue) -> list[Value]:
    """The system message, the prompt and the messages of a call of the AI SDK.

    Of another call only with a system message that is apart from the messages.
    """
    fields = dict(request.fields)
    call = _CALLED_NAME.search(source[max(request.start - _LONGEST_CALLED_NAME, 0) : request.start])
    is_method = call is None or call[1] in _CALLED_METHODS
    if is_method and not _SYSTEM_KEYS & fields.keys():
        return []
    return [fields[key] for key in _TEXT_KEYS if key in fields]


# Parameters of functions with a constant default

_CONSTANT_DEFAULT = lazy_pattern(
    r"([A-Za-z_$][\w$]*)(?:\s*:[^=,]{0,100})?\s*=\s*(?=[\"'`\d]|true\b|false\b)"
)
_NUMBER_OR_BOOLEAN = lazy_pattern(r"-?\d{1,15}(?:\.\d{1,15})?(?![\w.])|true\b|false\b")


def _defaults_of(parameters: str) -> Iterator[tuple[str, str | float | bool]]:
    """The names and values of defaults that are strings, numbers or booleans.

    Args:
        parameters: What is between the parentheses of a function.
    """
    for match in _CONSTANT_DEFAULT.finditer(parameters):
        plain = _NUMBER_OR_BOOLEAN.match(parameters, match.end())
        if plain is None:
            found = TypescriptValues(parameters).value(match.end())
            if isinstance(found, TextValue) and len(found.pieces) == 1:
                yield match[1], found.pieces[0]
        elif plain[0] in ("true", "false"):
            yield match[1], plain[0] == "true"
        else:
            yield match[1], float(plain[0]) if "." in plain[0] else int(plain[0])
