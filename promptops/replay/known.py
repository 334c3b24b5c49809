"""The known answers: of the cases of a catalog, and in the file of the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import zip_longest
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import without_ending
from promptops.errors import InputError, PromptopsError, UsageError
from promptops.model.answer import Answer
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import Message, Request, TextPart
from promptops.patterns import lazy_pattern
from promptops.plurals import some_lines
from promptops.records import record
from promptops.release.tags import TagNames, releases
from promptops.replay.answers import body_of
from promptops.replay.recordings import AppRecording, RecordingFile, read
from promptops.replay.requests import Api, ApiRequest, rendered_request
from promptops.runtime.template import nodes
from promptops.source.config import OWN_FILE
from promptops.source.recording_files import APPLICATION_ENDING, ENDING
from promptops.testing.plan import PlannedCase, plan_cases
from promptops.testing.recordings.store import Store
from promptops.workspace.workspace import Workspace, workspace_at

MOST_DIFFERENCES = 3
_NAMES = {
    "chat": "chat completions",
    "responses": "the Responses API",
    "messages": "the Messages API",
    "gemini": "generateContent",
}
_LONGEST = 80


@record(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """A request that is known.

    Attributes:
        origin: Where it comes from, as messages show it.
        prompt: The id of its prompt, or "".
        case: The name of its case, or "".
        answer: The recorded answer of a case; None without one.
        recording: That of the application's file, or None.
    """

    request: ApiRequest
    origin: str
    prompt: str = ""
    case: str = ""
    answer: Answer | None = None
    recording: AppRecording | None = None

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The body of the response; None if no answer is recorded."""
        if self.recording is not None:
            return self.recording.response
        return body_of(self.request, self.answer) if self.answer is not None else None

    @property
    def answered_by(self) -> str:
        """The model that answered, or ""."""
        if self.recording is not None:
            return self.recording.model
        return self.answer.model if self.answer is not None else ""


class _Cases:
    """The cases at one revision; they are rendered with the first request of an API."""

    def __init__(self, catalog: Catalog, release: str = "") -> None:
        """`release` is the name of the revision in messages; "" for the work tree."""
        self.catalog = catalog
        self._revision = f" in {release}" if release else ""
        self._store = Store(catalog)
        self._found: dict[Api, dict[str, KnownRequest]] = {}

    def of(self, api: Api) -> Mapping[str, KnownRequest]:
        """The cases that an API can express, by the digest of their requests."""
        if api not in self._found:
            found = self._found[api] = {}
            for each in (each for planned in self._planned for each in self._known(api, planned)):
                if each.answer or each.request.digest not in found:
                    found[each.request.digest] = each
        return self._found[api]

    def without_answer(self, case: KnownRequest) -> str:
        """Why a case has no answer."""
        path = self.catalog.paths.get(case.prompt, "")
        problems = [f"{each.at}: {each.message}; " for each in self._store.problems(path)]
        how = f"promptops test {case.prompt} --record"
        recorded = {each.case for each in self._store.recordings(path)}
        why = "has no recorded answer"
        if case.case in recorded:
            why = "sends another request than when it was recorded"
        return f"{''.join(problems[:1])}{case.origin} {why}: {how}"

    @cached_property
    def _planned(self) -> list[PlannedCase]:
        planned = plan_cases(self.catalog, self.catalog.prompts(), 1)
        return [each for each in planned if each.request is not None]

    def _known(self, api: Api, planned: PlannedCase) -> Iterator[KnownRequest]:
        """The requests of a case, one for each turn; without those that the API can't express."""
        for number, (rendered, answer) in enumerate(self._asked(planned), 1):
            try:
                request = rendered_request(api, rendered)
            except (UsageError, InputError):
                continue
            turn = f"turn {number} of " if planned.case.turns else ""
            of = f"the case `{planned.case.name}` of `{planned.prompt.id}`{self._revision}"
            yield KnownRequest(
                request=request,
                origin=f"{turn}{of}",
                prompt=planned.prompt.id,
                case=planned.case.name,
                answer=answer,
            )

    def _asked(self, planned: PlannedCase) -> Iterator[tuple[Request, Answer | None]]:
        """The requests of a case with their recorded answers."""
        assert planned.request is not None
        if not planned.case.turns:
            yield planned.request, self._store.answer_to(planned)
            return
        conversation = self._store.conversation(planned)
        yield from ((turn.request, turn.answer) for turn in conversation.turns)
        step = conversation.next()
        if step is not None and not step.judge:
            yield step.request, None


MOST_RELEASES = 3
"""Applications load a release, whose prompts may differ from those of the work tree."""


class KnownAnswers:
    """The answers in the application's file, of the work tree and of the newest releases.

    Attributes:
        file: The recordings of the application.
    """

    def __init__(self, workspace: Workspace, file: RecordingFile) -> None:
        self.file = file
        self.catalog = workspace.catalog
        self._workspace = workspace
        self._cases = _Cases(workspace.catalog)

    def find(self, request: ApiRequest) -> KnownRequest | None:
        """The known request that equals a request; the application's own file takes precedence.

        Raises InputError if that file can't be read.
        """
        digest = request.digest
        recording = self.file.read().recordings.get(digest)
        if recording is not None:
            return self._recorded(recording, digest)
        known = self._cases.of(request.api).get(digest)
        if known is not None and known.answer is not None:
            return known
        released = (each.of(request.api).get(digest) for each in self._releases)
        return next((each for each in released if each is not None and each.answer), known)

    @cached_property
    def _releases(self) -> list[_Cases]:
        """The cases of the newest releases that can be read, the newest first."""
        repository, found = self._workspace.repository, []
        names = TagNames(self._workspace.config.release.tag_format)
        for release in reversed(releases(repository, names)[-MOST_RELEASES:]):
            with suppress(PromptopsError):
                catalog = workspace_at(repository, release.commit).catalog
                found.append(_Cases(catalog, release.name))
        return found

    def explain(self, request: ApiRequest, way_out: str) -> str:
        """Why there is no answer to a request, with the nearest request and the difference.

        `way_out` is how to record a request that no case sends.
        """
        same = self._cases.of(request.api).get(request.digest)
        if same is not None:
            recorded = self._nearest(request, (e for e in self._every(request.api) if e.body))
            why = self._cases.without_answer(same)
            if recorded is None:
                return why
            found = "; ".join(differences(request, recorded.request))
            return f"{why}; nearest with an answer is {recorded.origin}: {found}"
        nearest = self._nearest(request, self._every(request.api))
        what = f"no recording of this request to `{request.model}`"
        if nearest is None:
            api = _NAMES[request.api]
            none = f"{what}: neither {self.file.name} nor a case has any request for {api}"
            return f"{none}; {way_out}"
        found = "; ".join(differences(request, nearest.request))
        return f"{what}; nearest is {nearest.origin}: {found}; {way_out}"

    def origin_of(self, request: ApiRequest) -> tuple[str, str]:
        """The id of the prompt that a request was rendered from, and the digest of its content.

        The literal texts of all messages that are always sent must be in the request, in order, in
        messages of the same roles. The prompt with the longest texts wins; ("", "") for none, and
        if two are equal.
        """
        same = self._cases.of(request.api).get(request.digest)
        if same is not None:
            return same.prompt, self.digest_of(same.prompt) or ""
        said: dict[str, str] = {}
        for role, text in request.messages:
            said[_kind(role)] = f"{said.get(_kind(role), '')}\n{text}"
        sizes = {
            loaded.id: _literal_size(self.catalog, loaded, said)
            for loaded in self.catalog.prompts()
        }
        most = max(sizes.values(), default=0)
        longest = [id_ for id_, size in sizes.items() if size == most]
        if most < _SHORTEST or len(longest) > 1:
            return "", ""
        return longest[0], self.digest_of(longest[0]) or ""

    def digest_of(self, prompt: str) -> str | None:
        """The digest of a prompt's content, without its cases; None for no readable prompt."""
        return prompt_digest(self.catalog, prompt)

    def _recorded(self, recording: AppRecording, digest: str) -> KnownRequest:
        line = self.file.read().lines[digest]
        of = f" of `{recording.prompt}`" if recording.prompt else ""
        return KnownRequest(
            request=recording.request,
            origin=f"the recording{of} at {self.file.name}:{line}",
            prompt=recording.prompt,
            recording=recording,
        )

    def _nearest(self, request: ApiRequest, among: Iterable[KnownRequest]) -> KnownRequest | None:
        """The request with the most equal lines, then the fewest others, then equal settings."""
        lines, settings = _lines(request), request.settings.items()

        def nearness(each: KnownRequest) -> tuple[int, int, int]:
            others = _lines(each.request)
            equal = sum(each.request.settings.get(name) == value for name, value in settings)
            return (lines & others).total(), -others.total(), equal

        return max(among, key=nearness, default=None)

    def _every(self, api: Api) -> Iterator[KnownRequest]:
        for digest, recording in self.file.read().recordings.items():
            if recording.request.api == api:
                yield self._recorded(recording, digest)
        for cases in (self._cases, *self._releases):
            yield from cases.of(api).values()


def prompt_digest(catalog: Catalog, prompt: str) -> str | None:
    """The digest of a prompt's content as a bundle has it; None for no readable prompt."""
    from promptops.bundles.build import PromptLines

    path = catalog.paths.get(prompt)
    if path is None:
        return None
    try:
        line = PromptLines(catalog, lambda _: None, programs=False).line(catalog.loaded(path))
    except InputError:
        return None
    return str(line["digest"])


# Recordings of an application whose prompt has changed since.


def stale_recordings(workspace: Workspace, selected: Container[str]) -> Iterator[str]:
    """A sentence for each recording in any file of the revision, and for each unreadable line.

    `selected` are paths of prompt files: recordings of other prompts are left out, except those
    that no longer exist. Below a folder with its own configuration is another catalog.
    """
    repository, catalog = workspace.repository, workspace.catalog
    names = repository.names(workspace.revision)
    others = tuple(each.removesuffix(OWN_FILE) for each in names if each.endswith(f"/{OWN_FILE}"))
    found_names = (each for each in names if each.endswith(APPLICATION_ENDING))
    own = {f"{without_ending(path)}{ENDING}" for path in catalog.ids}
    paths = sorted(each for each in found_names if not each.startswith(others) and each not in own)
    tree = repository.tree(workspace.revision, under=paths) if paths else None
    for path, data in tree.read(paths).items() if tree is not None else ():
        found = read(path, data)
        for error in found.errors:
            yield f"{error.where}: {error.message}; {error.hint}"
        for digest, each in found.recordings.items():
            file = catalog.paths.get(each.prompt)
            if not each.prompt or not (file is None or file in selected):
                continue
            now = prompt_digest(catalog, each.prompt)
            if now != each.prompt_digest:
                what = "has changed since" if now else "no longer exists"
                where = f"{path}:{found.lines[digest]}"
                yield f"{where}: the recording of {each.by} is from `{each.prompt}`, which {what}"


# The difference between two requests.


def _lines(request: ApiRequest) -> Counter[tuple[str, str]]:
    return Counter((role, line) for role, text in request.messages for line in text.split("\n"))


def differences(request: ApiRequest, recorded: ApiRequest) -> list[str]:
    """What differs: the first line of each message, then the settings; at most a few."""
    found = [*_message_differences(request, recorded), *_setting_differences(request, recorded)]
    return some_lines(found, MOST_DIFFERENCES)


def _message_differences(request: ApiRequest, recorded: ApiRequest) -> Iterator[str]:
    pairs = zip_longest(request.messages, recorded.messages)
    roles = Counter(role for role, _ in request.messages)
    for number, (own, other) in enumerate(pairs, 1):
        if own is None or other is None:
            role = (own or other)[0]
            yield f"message {number} ({role}) is {'missing' if own is None else 'not recorded'}"
            continue
        message = f"{own[0]} message" if roles[own[0]] == 1 else f"message {number} ({own[0]})"
        if own[0] != other[0]:
            yield f'message {number}: role "{own[0]}" instead of "{other[0]}"'
        elif own[1] != other[1]:
            yield f"{message}, {_line_difference(own[1], other[1])}"


def _line_difference(own: str, other: str) -> str:
    pairs = zip_longest(own.split("\n"), other.split("\n"))
    for number, (line, recorded) in enumerate(pairs, 1):
        if line == recorded:
            continue
        if line is None or recorded is None:
            what = "is missing" if line is None else "is not recorded"
            return f"line {number}: {_quoted(line or recorded or '')} {what}"
        one, two = _different_words(line, recorded)
        return f"line {number}: {_quoted(one)} instead of {_quoted(two)}"
    raise AssertionError("the texts are equal")


def _different_words(one: str, two: str) -> tuple[str, str]:
    """The parts of two lines between equal words; not empty, unless a line is."""
    words, others = _WORDS.findall(one), _WORDS.findall(two)
    most = min(len(words), len(others))
    start = next((at for at in range(most) if words[at] != others[at]), most)
    end = next(
        (at for at in range(most - start) if words[-1 - at] != others[-1 - at]), most - start
    )
    if start + end == most:  # words were only added or removed: show those around
        start, end = max(start - 2, 0), max(end - 2, 0)
    return (
        "".join(words[start : len(words) - end]).strip(),
        "".join(others[start : len(others) - end]).strip(),
    )


_WORDS = lazy_pattern(r"\w+|\W")


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"}"'


def _setting_differences(request: ApiRequest, recorded: ApiRequest) -> Iterator[str]:
    one, two = request.settings, recorded.settings
    for name in dict.fromkeys((*one, *two)):
        if name not in two:
            yield f"`{name}` is set to {_short(one[name])}, and is not set there"
        elif name not in one:
            yield f"`{name}` is not set, and is {_short(two[name])} there"
        elif one[name] != two[name]:
            own, other = _data(one[name]), _data(two[name])
            if max(len(own), len(other)) > _LONGEST:  # tools and schemas: only what differs
                own, other = _different_words(own, other)
            yield f"`{name}` is {_quoted(own)} instead of {_quoted(other)}"


def _short(value: Any) -> str:
    return _quoted(_data(value))


def _data(value: Any) -> str:
    """A text, or any other value as JSON."""
    from promptops.runtime.request.canonical import canonical_json

    return value if isinstance(value, str) else canonical_json(value)


# Which prompt a request was rendered from.

_SHORTEST = 12
"""Characters of literal text by which a prompt is recognized."""

_KINDS = {"developer": "system", "tool": "user", "model": "assistant"}


def _kind(role: str) -> str:
    return _KINDS.get(role, role)


def _literal_size(catalog: Catalog, loaded: LoadedPrompt, said: Mapping[str, str]) -> int:
    """The characters of the literal texts of a prompt, if all are said in order; else 0."""
    ends: dict[str, int] = {}
    size = 0
    for message in loaded.prompt.messages if loaded.prompt is not None else ():
        if not isinstance(message, Message) or message.when is not None:
            continue
        kind = _kind(message.role)
        for part in message.parts:
            if not isinstance(part, TextPart) or part.when is not None:
                continue
            for piece in _pieces(catalog, part.text):
                at = said.get(kind, "").find(piece, ends.get(kind, 0))
                if at < 0:
                    return 0
                ends[kind] = at + len(piece)
                size += len(piece)
    return size


def _pieces(catalog: Catalog, text: Text, depth: int = 0) -> Iterator[str]:
    """The literal texts of a template outside of conditions and loops, in order."""
    template = catalog.template(text)
    if template is None:
        yield from filter(None, [text.value.strip()])
        return
    for node in template.tree.body:
        if isinstance(node, nodes.Output):
            for each in node.nodes:
                if isinstance(each, nodes.TemplateData) and each.data.strip():
                    yield each.data.strip()
        elif isinstance(node, nodes.Include) and isinstance(node.template, nodes.Const):
            target = catalog.load(text.path, str(node.template.value))
            if target is not None and depth < _DEEPEST:
                yield from _pieces(catalog, target, depth + 1)


_DEEPEST = 10
