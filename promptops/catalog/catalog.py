"""All prompts at one revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptops.analysis.includes import includes
from promptops.analysis.masking import Masked, masked
from promptops.catalog.build import PromptBuilder, texts
from promptops.catalog.files import Files, FileTree
from promptops.catalog.graph import Graph
from promptops.catalog.kept_facts import Names
from promptops.catalog.layers import layers
from promptops.catalog.near_ids import near_ids
from promptops.catalog.prompt_ids import PROMPT_ENDINGS, PromptIds
from promptops.catalog.references import ReferenceResolver
from promptops.model.config import Config
from promptops.model.finding import Problem
from promptops.model.internal_error import internal_error
from promptops.model.loaded import FileReference, LoadedPrompt
from promptops.model.place import Place, Text
from promptops.model.prompt import Prompt
from promptops.source.conflicts import CODE as CONFLICT
from promptops.source.conflicts import UNMERGED_HINT
from promptops.source.document import MAX_BYTES, Document, read
from promptops.source.recording_files import ENDING as RECORDINGS
from promptops.source.recording_files import MAX_FILES, numbered

if TYPE_CHECKING:
    from promptops.runtime.template.template import Template

ENDINGS = PROMPT_ENDINGS


def _nowhere(_path: str) -> None:
    return None


class Catalog:
    """The prompts of one tree; each file is read and parsed on first use.

    Attributes:
        revision: The tree: `worktree`, `index`, or the id of a commit.
        looked_around: A rule read other files than a prompt's own; its findings about the prompt
            hold only for this catalog and are not cached.
        whole: Everything is checked, so that rules may read every file; set to False if only
            some prompts are.
        places_first: The places in every file will be needed.
        concerned: Only findings in or about these paths are reported; None for all.
    """

    def __init__(
        self,
        tree: FileTree,
        config: Config,
        elsewhere: Callable[[str], str | None] = _nowhere,
        *,
        known: Callable[[], Mapping[str, Names]] = dict,
        releases: Callable[[], Mapping[str, str | None]] | None = None,
        before: Callable[[str], bytes | None] | None = None,
    ) -> None:
        """What stands outside the tree is asked for when a rule wants to know it.

        Args:
            elsewhere: What a file is that the tree lacks: untracked, ignored, unstaged.
            known: What files name, where it was found out before.
            releases: From each release tag to its bundle's digest, `sha256:…`, where it is known.
            before: What a file held at the base that the tree is compared with.
        """
        self._elsewhere = elsewhere
        self._known = known
        self.releases = releases
        self.before = before
        self.looked_around = False
        self.whole = True
        self.places_first = False
        self.concerned: frozenset[str] | None = None
        self._includers: dict[str, tuple[str, ...]] = {}
        self._included: dict[tuple[str, str], tuple[Text, ...]] = {}
        self.config = config
        self.revision = tree.revision
        self.files = Files(tree)
        self.resolver = ReferenceResolver(self.files, config)
        self._documents: dict[str, Document] = {}
        self._loaded: dict[str, LoadedPrompt] = {}
        self._lines: dict[str, list[str]] = {}
        self._shown: dict[str, Masked] = {}
        self._shown_lines: dict[str, list[str]] = {}

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """From each prompt's id to its path, in the order of ids.

        Where two files give one id, the first; REP001 speaks of the other.
        """
        found: dict[str, str] = {}
        for path in sorted(self.ids):
            found.setdefault(self.ids[path], path)
        return dict(sorted(found.items()))

    @cached_property
    def prompt_files(self) -> tuple[str, ...]:
        """Every path below a prompt root with the suffix of a prompt file, of any kind."""
        return tuple(self.ids)

    @cached_property
    def ids(self) -> PromptIds:
        """From the path of each prompt file to its id, in the tree's order."""
        return PromptIds(self.files.entries, self.config.prompts)

    @property
    def ids_in_question(self) -> Mapping[str, str]:
        """As `ids`, of all prompts that a finding on the id of a concerned one depends on."""
        if self.concerned is None:
            return self.ids
        return near_ids(self.ids, self.files.entries, self.concerned)

    @property
    def folders(self) -> frozenset[str]:
        """Folders with the name of a prompt file, where prompts would not be expected."""
        return self.ids.folders

    def id_of(self, path: str) -> str | None:
        """A prompt file's id: its path below the root without the suffix; None for other files."""
        return self.ids.of(path)

    def loaded(self, path: str) -> LoadedPrompt:
        """A prompt file, read and resolved.

        Where a bug of ours keeps it from being read, that is its problem; the others are read.
        """
        if path not in self._loaded:
            try:
                self._loaded[path] = self._load(path)
            except BaseException as error:  # noqa: BLE001  # re-raised unless it is a bug
                problem = internal_error(error).problem(Place(path))
                identity = self.id_of(path) or ""
                self._loaded[path] = LoadedPrompt(
                    id=identity, path=path, prompt=None, problems=(problem,)
                )
        return self._loaded[path]

    def _load(self, path: str) -> LoadedPrompt:
        document = self.document(path)
        chain = layers(document, self.document, self._follow_parent)
        return PromptBuilder(self.files, self.config, chain, self.id_of(path) or "").loaded()

    def prompts(self, paths: Iterable[str] | None = None) -> Iterator[LoadedPrompt]:
        """The prompt files of some paths, or all of them, in order."""
        wanted = list(self.paths.values()) if paths is None else list(paths)
        self.files.prefetch(wanted)
        return (self.loaded(path) for path in wanted)

    def prompts_once(self) -> Iterator[LoadedPrompt]:
        """All prompt files in order, for a caller that keeps none of them: each is then dropped.

        Reading goes faster where memory is used again. What was read before is kept.
        """
        wanted = list(self.paths.values())
        self.files.prefetch(wanted)
        for path in wanted:
            known = path in self._loaded
            yield self.loaded(path)
            if not known:
                del self._loaded[path]
                self._documents.pop(path, None)

    def document(self, path: str) -> Document:
        """A prompt file as YAML with places; what is no plain file says so in its problems."""
        if path not in self._documents:
            try:
                self._documents[path] = self._read(path)
            except BaseException as error:  # noqa: BLE001  # re-raised unless it is a bug
                problem = internal_error(error).problem(Place(path))
                self._documents[path] = _without_content(path, problem)
        return self._documents[path]

    def _read(self, path: str) -> Document:
        data = self.files.data(path)
        if data is None:
            return self._no_file(path)
        if self.places_first:
            return read(path, data)
        from promptops.source.quick_value import read_by_value

        return read_by_value(path, data)

    def _no_file(self, path: str) -> Document:
        entry = self.files.entries.get(path)
        absent = "folder" if path in self.folders else "missing"
        kind = entry.kind if entry is not None else absent
        code = CONFLICT if kind == "unmerged" else "SCH001"
        problem = Problem(_NO_FILE[kind], at=Place(path), hint=_WAY_OUT.get(kind), code=code)
        return _without_content(path, problem)

    def _follow_parent(self, written: str, place: Place, base: str) -> FileReference | Problem:
        return self.resolver.follow("extends", written, place, base)

    def load(self, origin: str, name: str) -> Text | None:
        """The template that the file `origin` includes by `name`; None where there is none."""
        found = self.resolver.follow("template", name, Place(origin), origin)
        return None if isinstance(found, Problem) else self.files.text(found.target)

    def template(self, text: Text) -> Template | None:
        """A parsed text; None for a text without tags, or with invalid ones."""
        from promptops.runtime.template.template import TemplateError, is_template, parse

        if not is_template(text.value):
            return None
        try:
            return parse(text.value)
        except TemplateError:
            return None

    def included(self, text: Text) -> tuple[Text, ...]:
        """All templates that a text reaches through includes, each once, in the order met."""
        key = text.path, text.value
        if key not in self._included:
            self._included[key] = tuple(self._reach(text).values())
        return self._included[key]

    def _reach(self, text: Text) -> dict[str, Text]:
        found: dict[str, Text] = {}
        waiting = [text]
        while waiting:
            current = waiting.pop(0)
            for name in dict.fromkeys(include.name for include in includes(current)):
                target = self.load(current.path, name)
                if target is not None and target.path not in found:
                    found[target.path] = target
                    waiting.append(target)
        return found

    def reached(self, prompt: Prompt) -> tuple[Text, ...]:
        """The body files and partials that a prompt's messages use, each once."""
        found: dict[str, Text] = {}
        for text in texts(prompt):
            if text.path != prompt.path and self.files.is_file(text.path):
                found.setdefault(text.path, text)
            for included in self.included(text):
                found.setdefault(included.path, included)
        found.pop(prompt.path, None)
        return tuple(found.values())

    def rests_on(self, path: str) -> frozenset[str]:
        """The files that decide what is said of a prompt file, and where any of them might be.

        Those it names, those that its partials and schemas name, and those that are missing; its
        recordings, which are named by nothing, and where the next file of them would be.
        """
        loaded = self.loaded(path)
        read = {reference.target for reference in loaded.references}
        read |= self._own_recordings(path)
        if loaded.prompt is not None:
            read |= {text.path for text in self.reached(loaded.prompt)}
        named = (self.graph.meant(each) for each in (path, *read))
        return frozenset(read.union(*named) - {path, ""})

    def recordings_of(self, path: str) -> str:
        """The first file of a prompt file's recordings, whether there are any or not.

        It stands for all of them: what is recorded for a prompt is kept under this path.
        """
        ending = next((ending for ending in ENDINGS if path.endswith(ending)), "")
        return f"{path.removesuffix(ending)}{RECORDINGS}"

    def recording_files(self, path: str) -> tuple[str, ...]:
        """The files of a prompt file's recordings that are there, in order, of whatever kind."""
        return self.files.recordings(self.recordings_of(path))

    def _own_recordings(self, path: str) -> frozenset[str]:
        first, found = self.recordings_of(path), self.recording_files(path)
        if not found:
            return frozenset((first,))
        following = (numbered(first, number) for number in range(1, MAX_FILES + 1))
        free = next((each for each in following if each not in found), first)
        return frozenset((first, free, *found))

    def elsewhere(self, path: str) -> str | None:
        """The state of a file that the tree lacks: untracked, ignored, unstaged, or None."""
        self.looked_around = True
        return self._elsewhere(path)

    @cached_property
    def graph(self) -> Graph:
        """The references between the files below the roots."""
        return Graph(self.files, self.config, self._value, self._known())

    def _value(self, path: str) -> Any:
        return self.document(path).value

    def includers(self, path: str) -> tuple[str, ...]:
        """The prompt files that need a file, themselves or through what they include and extend.

        Parses those that may.
        """
        self.looked_around = True
        if path not in self._includers:
            prompts = (other for other in self.graph.above(path) if other in self.ids)
            self._includers[path] = tuple(p for p in prompts if self.reaches(p, path))
        return self._includers[path]

    def is_needed(self, path: str) -> bool:
        """Whether any prompt file needs a file; an unreadable one may need whatever it names."""
        self.looked_around = True
        return any(other in self.ids for other in self.graph.above(path))

    def reaches(self, prompt_file: str, path: str) -> bool:
        """Whether a prompt file needs a file."""
        loaded = self.loaded(prompt_file)
        if any(reference.target == path for reference in loaded.references):
            return True
        found = loaded.prompt
        return found is not None and any(text.path == path for text in self.reached(found))

    def shown(self, path: str) -> Masked:
        """A file as it may be shown, newlines as LF; empty if it does not exist or exceeds 1 MB."""
        if path not in self._shown:
            data = self.files.data(path) or b""
            text = data.decode("utf-8", "replace") if len(data) <= MAX_BYTES else ""
            self._shown[path] = masked(text.replace("\r\n", "\n"))
        return self._shown[path]

    def shown_line(self, path: str, number: int) -> str:
        """A line of a file as it may be shown; "" if it does not exist."""
        if path not in self._shown_lines:
            self._shown_lines[path] = self.shown(path).text.split("\n")
        lines = self._shown_lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def line(self, path: str, number: int) -> str:
        """A line of a file, without its newline; "" if it does not exist."""
        if path not in self._lines:
            text = (self.files.data(path) or b"").decode("utf-8", "replace")
            self._lines[path] = text.replace("\r\n", "\n").split("\n")
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def _without_content(path: str, problem: Problem) -> Document:
    document = read(path, b"")
    document.problems = (problem,)
    return document


_NO_FILE = {
    "symlink": "a prompt file that is a symbolic link",
    "submodule": "a prompt file that is a submodule",
    "unmerged": "a prompt file with an unresolved merge conflict",
    "file": "a prompt file that can't be read",
    "folder": "a folder with the name of a prompt file",
    "missing": "there is no such file",
}
_WAY_OUT = {
    "symlink": "commit the file itself",
    "submodule": "commit the file itself",
    "folder": "rename it",
    "unmerged": UNMERGED_HINT,
}
