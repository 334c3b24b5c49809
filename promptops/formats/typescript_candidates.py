"""Which expressions of TypeScript and JavaScript may be prompts, found by a scanner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptops.formats.prompts_in_code import (
    ARGUMENTS,
    FEWEST_WORDS_SENT,
    Slot,
    snake,
)
from promptops.formats.typescript_messages import (
    CONTENT_KEYS,
    ROLES_OF_LANGCHAIN,
    SYSTEM_KEYS,
    content_of,
    makes_message,
)
from promptops.formats.typescript_values import (
    MAX_OTHER,
    ListValue,
    ObjectValue,
    OtherValue,
    TextValue,
    TypescriptValues,
    Value,
    after_blanks,
    literal,
    quoted,
    skipped,
)
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_TOKEN = lazy_pattern(r"[\"'`/{}\[]|[A-Za-z_$][\w$]*")
_TYPE = r"(?:\s*:[^=;(){}\n]{0,200})?"
_DECLARED = lazy_pattern(rf"\s+([A-Za-z_$][\w$]*){_TYPE}\s*=(?![=>])\s*")
_ASSIGNED = lazy_pattern(rf"{_TYPE}\s*=(?![=>])\s*|\s*:(?!:)\s*")
_EXTENDED = lazy_pattern(r"\s*\+=|\s*\.\s*(?:push|unshift)\s*\(")
_PARAMETERS = r"\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)"
_RETURNS = r"(?:\s*:[^=;{}\n]{0,200})?"
_ARROW = lazy_pattern(rf"(?:async\s+)?(?:{_PARAMETERS}{_RETURNS}|([A-Za-z_$][\w$]*))\s*=>\s*")
_FUNCTION_HEAD = lazy_pattern(rf"\s*\*?\s*([A-Za-z_$][\w$]*)?\s*{_PARAMETERS}{_RETURNS}\s*(?=\{{)")
_METHOD_HEAD = lazy_pattern(rf"\s*{_PARAMETERS}{_RETURNS}\s*(?=\{{)")
_NAME = lazy_pattern(r"[A-Za-z_$][\w$]*")
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
        slot: Where the code has a string.
        role: Of the message that it is the content of.
        function: The name of the function around it, or "".
        parameters: Words in the parameters of that function.
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
    slot: Slot = "name"
    role: str | None = None
    function: str = ""
    parameters: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        """The name with that of its object."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def path(self) -> str:
        """The name with those of its function and its object."""
        return f"{self.function}.{self.full_name}" if self.function else self.full_name


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
    sent = {match[1] for match in _SENT_NAME.finditer(source)}
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
        self._headed = ("", 0)
        self._last_name = ""

    def candidates(self) -> Iterator[CodeCandidate]:
        """A file that ends within a template literal has no more after it."""
        while (match := _TOKEN.search(self._source, self._at)) is not None:
            self._at, token = match.start(), match[0]
            if token == "{":
                yield from self._opened()
            elif token == "}":
                self._closed()
            elif token == "[":
                yield from self._listed()
            elif token == "`":
                start = self._at
                self._at, _ = literal(self._source, start)
                if self._at < 0:
                    return
                yield from self._other_text(start)
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
            yield replace(self._candidate("", "", request, parameters), slot="argument")
            return
        name = self._headed_name(self._at)
        if name:
            self._owners.append(_Owner(name, len(self._braces)))
        self._braces.append(self._at)
        self._at += 1

    def _headed_name(self, at: int) -> str:
        """The name of what the call is assigned to whose argument begins at an offset, or ""."""
        name, position = self._headed
        is_call = _CALL_OF_HEAD.fullmatch(self._source, position, at)
        return name if is_call is not None else ""

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
        texts = _texts_of(self._source, value)
        return value if any(_is_candidate(one, self._source) for one in texts) else None

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
        else:
            yield from self._other_text(start)

    def _listed(self) -> Iterator[CodeCandidate]:
        """A bracket: a list of messages without a name, or what is read further."""
        start = self._at
        self._at += 1
        if _BEGINS_MESSAGES.match(self._source, start):
            value = self._values.value(start)
            if isinstance(value, ListValue) and _is_candidate(value, self._source):
                self._at = value.end
                found = self._candidate(self._inside(), "", value, self._parameters())
                yield replace(found, is_template=_MADE.match(self._source, start) is not None)

    def _other_text(self, start: int) -> Iterator[CodeCandidate]:
        """A string that is the value of no name: an argument, or an element of a list."""
        if self._at - start < _SHORTEST_OTHER or _NOT_FOR_MODELS.search(
            self._source[max(start - _LONGEST_CALLED_NAME, 0) : start]
        ):
            return
        before = self._source[max(start - _LONGEST_CALLED_NAME, 0) : start]
        made = _MESSAGE_BEFORE.search(before)
        value = self._values.value(start)
        if not isinstance(value, TextValue):
            value = self._values.text(start)
        if isinstance(value, TextValue):
            self._at = max(self._at, value.end)
            chosen = self._last_name if _CHOSEN.search(before) else ""
            name = chosen or self._inside() or "text"
            found = self._candidate(name, "", value, self._parameters())
            role = None if made is None else ROLES_OF_LANGCHAIN[f"{made[1]}Message"]
            yield replace(found, slot=_slot(role, chosen), role=role)

    def _parameters(self) -> str:
        return self._functions[-1].parameters if self._functions else ""

    def _inside(self) -> str:
        """The name of the function around, or of the object."""
        if self._functions:
            return self._functions[-1].name
        return self._owners[-1].name.rpartition(".")[2] if self._owners else ""

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
        elif _template_argument(self._source, end - len(word)) is not None:
            yield from self._head(self._inside() or "template", "", end - len(word))
            self._at = max(self._at, end)  # what is not read is not looked at again
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
        self._headed = (variable, position)
        self._last_name = name
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
        if not _is_candidate(value, self._source):
            # Parts of a sum that is too long would be read again and again.
            self._at = max(self._at, value.end) if _is_too_long(value) else self._at
            return
        assert isinstance(value, TextValue | ListValue)
        self._at = value.end
        if variable and self._reads(value, variable):
            self._extend(variable, value.start)
            return
        yield self._placed(self._candidate(name, variable, value, parameters))

    def _placed(self, found: CodeCandidate) -> CodeCandidate:
        """A candidate with what its place says: its role, and whether it is an argument."""
        if isinstance(found.value, ListValue):
            is_made = _MADE.match(self._source, found.value.start) is not None
            return replace(found, is_template=is_made)
        if _PROMPT_TAG.match(self._source, found.value.start):
            return replace(found, slot="argument")
        if found.variable:
            return found
        if found.name in CONTENT_KEYS and self._braces:
            around = self._values.value(self._braces[-1])
            fields = dict(around.fields) if isinstance(around, ObjectValue) else {}
            role = _role_of(fields.get("role"))
            if role in ("system", "developer", "user"):
                name = self._inside() or str(role)
                return replace(found, name=name, slot="role", role=role)
        if _DESCRIBING.fullmatch(found.name):
            return replace(found, slot="text")
        return replace(found, slot="key") if snake(found.name) in ARGUMENTS else found

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
            name = self._functions[-1].name if self._functions else self._headed_name(value.start)
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
            function=self._functions[-1].name if self._functions else "",
            parameters=frozenset(_NAME.findall(parameters)),
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


def _slot(role: str | None, chosen: str) -> Slot:
    if role is not None:
        return "role"
    return "name" if chosen else "text"


def _is_candidate(value: Value, source: str) -> bool:
    """Whether it is a string, or a list of messages."""
    if isinstance(value, ListValue):
        return any(
            _is_message(dict(item.fields))
            if isinstance(item, ObjectValue)
            else makes_message(source, item.start)
            for item in value.items
        )
    return isinstance(value, TextValue)


def _is_message(fields: Mapping[str, Value]) -> bool:
    return "role" in fields and any(key in fields for key in CONTENT_KEYS)


def _role_of(value: Value | None) -> str | None:
    return value.pieces[0] if isinstance(value, TextValue) and len(value.pieces) == 1 else None


# Calls of models, by the object that they pass

_CALLED_NAME = lazy_pattern(r"([A-Za-z_$][\w$]*)\s*\(\s*\Z")
_LANGCHAIN_TEMPLATE = lazy_pattern(r"(?:Chat)?PromptTemplate\s*\.\s*from(?:Template|Messages)\(\s*")
_LONGEST_CALLED_NAME = 100
_AI_SDK_FUNCTIONS = frozenset(
    str.split(
        "generateText streamText generateObject streamObject generate generateStream definePrompt"
    )
)
_BEGINS_MESSAGES = lazy_pattern(
    r"\[\s*(?:\.\.\.[\w.$]+,\s*)?(?:\{|new\s+(?:System|Human|AI)Message\()"
)
_MADE = lazy_pattern(r"\[\s*(?:\.\.\.[\w.$]+,\s*)?new\s+(?:System|Human|AI)Message\(")
_PROMPT_TAG = lazy_pattern(r"(?i)[\w$.]{0,60}prompt[\w$.]{0,60}\s{0,5}`")
_CALL_OF_HEAD = lazy_pattern(
    r"(?:await\s{1,20})?(?:new\s{1,20})?[\w$.]{1,200}(?:<[\w\s.,]{0,100}>)?\(\s{0,20}"
)
_CHOSEN = lazy_pattern(r"(?:\?|:|\|\||\?\?)\s*\Z")
"""What is before an alternative of a conditional expression."""
_MESSAGE_BEFORE = lazy_pattern(r"new\s+(System|Human)Message\(\s*(?:\{\s*content\s*:\s*)?\Z")
_NOT_FOR_MODELS = lazy_pattern(
    r"(?:\b(?:throw|import|from|require|Error|describe|it|test|expect|alert|confirm|t)\s*\(?\s*"
    r"|\bconsole\.\w+\(\s*|\blog\w*\.\w+\(\s*|\.describe\(\s*|\b(?:className|href|src|title)=\s*)\Z"
)
"""What comes before strings for people and for other programs."""
_SHORTEST_OTHER = 20
_DESCRIBING = lazy_pattern(r"description|label|title|placeholder|tooltip|help|hint|error\w*")
_CALLED_METHODS = frozenset(("create", "parse", "stream"))
_SENT_NAME = lazy_pattern(
    r"\b(?:system|systemPrompt|systemInstruction|instructions"
    r"|role\s*:\s*[\"'](?:system|developer|user)[\"']\s*,\s*content)"
    r"\s*:\s*(?:this\.)?([A-Za-z_$][\w$]*)(?![\w$(.])"
)
"""A variable that is a system prompt or the text of a message."""
_TEXT_KEYS = ("system", "systemInstruction", "instructions", "prompt", "input", "messages")


def _calls_model(source: str, at: int) -> bool:
    """Whether an object at an offset is the first argument of a call of a model, by its name."""
    call = _CALLED_NAME.search(source[max(at - _LONGEST_CALLED_NAME, 0) : at])
    return call is not None and call[1] in (_AI_SDK_FUNCTIONS | _CALLED_METHODS)


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
    if is_method and not SYSTEM_KEYS & fields.keys():
        return []
    return [content_of(fields[key]) for key in _TEXT_KEYS if key in fields]


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


# Lists in TypeScript and JavaScript that begin without messages, and get them by `push`.

_APPEND_TOKEN = lazy_pattern(r"[\"'`/]|[A-Za-z_$][\w$]*")
_ANNOTATION = r"[^=;\"'`{}]{0,100}"
_BEGUN_LIST = lazy_pattern(
    rf"(?:\s{{0,20}}:{_ANNOTATION}(?:\{{[^{{}}=]{{0,300}}\}}{_ANNOTATION})?)?\s{{0,20}}=\s{{0,20}}(?=\[)"
)
_ADDED_MESSAGE = lazy_pattern(r"\s*\.\s*(?:push|unshift)\s*\(\s*(?=\{)")
_LONGEST_LINE = 5_000
_ADDING_METHODS = (".push", ".unshift")
_ROLES_OF_LISTS = ("system", "developer", "user")
_LONGEST_VALUE = 20_000
_MOST_UNREAD = 100


def appended_lists(source: str) -> Iterator[ListValue]:
    """The lists that code adds messages with texts to, each once, in the order of the file.

    None of minified code, which has long lines.
    """
    adds = any(method in source for method in _ADDING_METHODS)
    if adds and max(map(len, source.split("\n"))) <= _LONGEST_LINE:
        yield from sorted(_Appends(source).lists(), key=lambda found: found.start)


class _Appends:
    """One file, from its beginning to its end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._begun: dict[str, ListValue] = {}
        self._at = 0
        self._unread = 0

    def lists(self) -> Iterator[ListValue]:
        """The lists, as their first message is added.

        Stops at a template literal that is never closed, and after `_MOST_UNREAD` values that
        can't be read.
        """
        while (match := _APPEND_TOKEN.search(self._source, self._at)) is not None:
            if self._unread > _MOST_UNREAD:
                return
            self._at = match.start()
            if match[0] == "`":
                self._at, _ = literal(self._source, self._at)
                if self._at < 0:
                    return
            elif match[0] in "\"'/":
                self._at = skipped(self._source, self._at)
            else:
                self._at = match.end()
                yield from self._word(match[0])

    def _word(self, name: str) -> Iterator[ListValue]:
        begun = _BEGUN_LIST.match(self._source, self._at)
        added = _ADDED_MESSAGE.match(self._source, self._at) if name in self._begun else None
        if begun is not None:
            self._begin(name, after_blanks(self._source, begun.end()))
        elif added is not None and self._is_message(added.end()):
            yield self._begun.pop(name)

    def _begin(self, name: str, at: int) -> None:
        value = self._read(at)
        self._begun.pop(name, None)
        if isinstance(value, ListValue) and not any(
            isinstance(item, ObjectValue) for item in value.items
        ):
            start, end = at + value.start, at + value.end
            self._begun[name] = ListValue(start=start, end=end, items=())

    def _read(self, at: int) -> Value:
        """The value that begins within some characters; its offsets count from `at`.

        The scanner goes on after it.
        """
        value = TypescriptValues(self._source[at : at + _LONGEST_VALUE]).value(0)
        self._unread += isinstance(value, OtherValue)
        self._at = max(self._at, at + value.end)
        return value

    def _is_message(self, at: int) -> bool:
        """Whether an object is a message with words of its own."""
        value = self._read(at)
        fields = dict(value.fields) if isinstance(value, ObjectValue) else {}
        role, content = fields.get("role"), fields.get("content")
        if not isinstance(role, TextValue) or not isinstance(content, TextValue):
            return False
        words = " ".join(content.pieces[::2]).split()
        return role.pieces[0] in _ROLES_OF_LISTS and len(words) >= FEWEST_WORDS_SENT
