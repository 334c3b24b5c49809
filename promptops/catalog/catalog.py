"""All prompts at one revision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from promptops.analysis.includes import includes
from promptops.analysis.secrets import Masked, masked
from promptops.catalog.build import PromptBuilder, layers, texts
from promptops.catalog.files import (
    Files,
    FileTree,
    PromptDocuments,
    PromptIds,
    Surroundings,
    near_ids,
    without_ending,
)
from promptops.catalog.graph import Graph
from promptops.catalog.references import ReferenceResolver
from promptops.catalog.stored_facts import Names
from promptops.json_pointer import escaped
from promptops.model.config import Config
from promptops.model.finding import Problem
from promptops.model.internal_error import CaughtBug
from promptops.model.loaded import FileReference, LoadedPrompt
from promptops.model.place import Place, Text
from promptops.model.prompt import Prompt
from promptops.records import replace
from promptops.source.config import OWN_FILE, SHARED_FILE
from promptops.source.document import MAX_BYTES, Document
from promptops.source.recording_files import ENDING as RECORDINGS
from promptops.source.recording_files import first_of, free_path
from promptops.source.toml_places import TomlPlaces

if TYPE_CHECKING:
    from promptops.runtime.template.template import Template


class Catalog:
    """The prompts of one tree; each file is read and parsed on first use.

    Attributes:
        revision: The tree: `worktree`, `index`, or the id of a commit.
        releases: From each release tag to the digest of its bundle, `sha256:…`, where it is known;
            None if the tree belongs to no repository.
    """

    def __init__(
        self,
        tree: FileTree,
        config: Config,
        elsewhere: Callable[[str], str | None] = lambda _path: None,
        *,
        known: Callable[[], Mapping[str, Names]] = dict,
        releases: Callable[[], Mapping[str, str | None]] | None = None,
    ) -> None:
        """Facts from outside of the tree are requested when a rule needs them.

        Args:
            elsewhere: The state of a file that the tree lacks: untracked, ignored, unstaged.
            known: The names in files, as an earlier run stored them.
            releases: See the attribute.
        """
        self._elsewhere = elsewhere
        self._known = known
        self.releases = releases
        self._includers: dict[str, tuple[str, ...]] = {}
        self.config = config
        self.revision = tree.revision
        self.files = Files(tree)
        self.resolver = ReferenceResolver(self.files, config)
        self._loaded: dict[str, LoadedPrompt] = {}
        self._lines = FileLines(self.files)
        self._includes = IncludedTemplates(self.files, self.load)
        self._profile: str | None = None

    def with_profile(self, profile: str) -> Catalog:
        """The same files, with a profile of the configuration as the model of every prompt.

        As if each prompt file had `model: {profile: PROFILE}`; its own parameters stay.
        """
        tree = self.files.tree
        found = Catalog(
            tree, self.config, self._elsewhere, known=self._known, releases=self.releases
        )
        found.files, found.resolver, found.documents = self.files, self.resolver, self.documents
        found._lines, found._includes, found._profile = self._lines, self._includes, profile
        return found

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """From each prompt's id to its path, in the order of ids.

        If two files have the same id, the first one; REP001 reports the other.
        """
        found: dict[str, str] = {}
        for path in sorted(self.ids):
            found.setdefault(self.ids[path], path)
        return dict(sorted(found.items()))

    @cached_property
    def prompt_files(self) -> tuple[str, ...]:
        """Every path in a prompt root with the suffix of a prompt file, of any kind."""
        return tuple(self.ids)

    @cached_property
    def ids(self) -> PromptIds:
        """From the path of each prompt file to its id, in the tree's order."""
        return PromptIds(self.files.entries, self.config.prompts)

    def ids_near(self, paths: Collection[str] | None) -> Mapping[str, str]:
        """As `ids`: those that may collide with the ids of some prompt files; all for None."""
        return self.ids if paths is None else near_ids(self.ids, self.files.entries, paths)

    @property
    def folders(self) -> frozenset[str]:
        """Folders with the name of a prompt file, where prompts would not be expected."""
        return self.ids.folders

    def id_of(self, path: str) -> str | None:
        """A prompt file's id: its path in the root without the suffix; None for other files."""
        return self.ids.of(path)

    def loaded(self, path: str) -> LoadedPrompt:
        """A prompt file, read and resolved.

        A bug of promptops that prevents this is a problem of this file only.
        """
        if path not in self._loaded:
            with CaughtBug() as bug:
                self._loaded[path] = self._load(path)
            if bug.error is not None:
                problem = bug.error.problem(Place(path))
                identity = self.id_of(path) or ""
                self._loaded[path] = LoadedPrompt(
                    id=identity, path=path, prompt=None, problems=(problem,)
                )
        return self._loaded[path]

    def known(self, path: str) -> LoadedPrompt | None:
        """A prompt file if it was loaded before; else None."""
        return self._loaded.get(path)

    def _load(self, path: str) -> LoadedPrompt:
        document = self.document(path)
        chain = layers(document, self.document, self._follow_parent)
        identity = self.id_of(path) or ""
        loaded = PromptBuilder(self.files, self.config, chain, identity, self._profile).loaded()
        if loaded.prompt is None or "retrieve" not in loaded.prompt.evaluation:
            return loaded
        from promptops.catalog.recordings import recordings_at, with_recorded_inputs

        found = recordings_at(self.files, self.recordings_of(path)).recordings
        return replace(loaded, prompt=with_recorded_inputs(loaded.prompt, found))

    def prompts(self, paths: Iterable[str] | None = None) -> Iterator[LoadedPrompt]:
        """The prompt files of some paths, or all of them, in order."""
        wanted = list(self.paths.values()) if paths is None else list(paths)
        self.files.prefetch(wanted)
        return (self.loaded(path) for path in wanted)

    def prompts_once(self, paths: Sequence[str]) -> Iterator[LoadedPrompt]:
        """Prompt files in this order; each is dropped when the next one is requested.

        Reusing memory makes reading faster. Files that were read before are not dropped.
        """
        self.files.prefetch(paths)
        for path in paths:
            known = path in self._loaded
            yield self.loaded(path)
            if not known:
                del self._loaded[path]
                self.documents.drop(path)

    @cached_property
    def documents(self) -> PromptDocuments:
        """The prompt files as YAML documents."""
        return PromptDocuments(self.files, self.ids)

    def document(self, path: str) -> Document:
        """A prompt file with the place of each value; what prevents parsing is in its problems."""
        return self.documents.document(path)

    def _follow_parent(self, written: str, place: Place, base: str) -> FileReference | Problem:
        return self.resolver.follow("extends", written, place, base)

    def load(self, origin: str, name: str) -> Text | None:
        """The template that the file `origin` includes by `name`; None if it does not exist."""
        found = self.resolver.follow("template", name, Place(origin), origin)
        return None if isinstance(found, Problem) else self.files.text(found.target)

    def template(self, text: Text) -> Template | None:
        """A text, parsed as a template; None if it has no tags, or invalid ones."""
        from promptops.runtime.template.template import TemplateError, is_template, parse

        if not is_template(text.value):
            return None
        try:
            return parse(text.value)
        except TemplateError:
            return None

    def included(self, text: Text) -> tuple[Text, ...]:
        """All templates that a text includes at any depth, each once, breadth first."""
        return self._includes.included(text)

    def reached(self, prompt: Prompt) -> tuple[Text, ...]:
        """The body files and partials that a prompt's messages use, each once."""
        return self._includes.reached(prompt)

    def dependencies(self, path: str) -> frozenset[str]:
        """The paths of the files that findings about a prompt file depend on.

        The files that it, its partials and its schemas name, existing or not; every place where
        such a file may be added; its recordings, and the path of the next recording file.
        """
        loaded = self.loaded(path)
        read = {reference.target for reference in loaded.references}
        read |= self._own_recordings(path)
        if loaded.prompt is not None:
            read |= {text.path for text in self.reached(loaded.prompt)}
        named = (self.graph.targets(file) for file in (path, *read))
        return frozenset(read.union(*named) - {path, ""})

    def recordings_of(self, path: str) -> str:
        """The path of the first recording file of a prompt file, whether or not it exists.

        It identifies the recordings of the prompt.
        """
        return f"{without_ending(path)}{RECORDINGS}"

    def recording_files(self, path: str) -> tuple[str, ...]:
        """The existing recording files of a prompt file, in order, links and conflicts included."""
        return self.files.recordings(self.recordings_of(path))

    def _own_recordings(self, path: str) -> frozenset[str]:
        first, found = self.recordings_of(path), self.recording_files(path)
        return frozenset((first, free_path(first, found), *found))

    def surroundings(self) -> Surroundings:
        """A new record of what a check uses beyond the files that its prompt needs."""
        return Surroundings(
            self.files, paths=lambda: self.paths, state=self._elsewhere, includers=self.includers
        )

    @cached_property
    def graph(self) -> Graph:
        """The references between the files below the roots."""
        return Graph(self.files, self.config, self._value, self._known())

    def _value(self, path: str) -> Any:
        return self.document(path).value

    def includers(self, path: str) -> tuple[str, ...]:
        """The prompt files that need a file, directly or through what they include and extend."""
        if path not in self._includers:
            prompts = (each for each in self.dependent_prompts(path) if self.reaches(each, path))
            self._includers[path] = tuple(prompts)
        return self._includers[path]

    def is_needed(self, path: str) -> bool:
        """Whether any prompt file needs a file; an unreadable one may need whatever it names."""
        return any(True for _ in self.dependent_prompts(path))

    def dependent_prompts(self, path: str) -> Iterator[str]:
        """The prompt files that may need a file, as far as the names in all files show.

        Some may name another file; `reaches` reads a prompt to decide. Parses all files.
        """
        return (other for other in self.graph.dependents(path) if other in self.ids)

    def reaches(self, prompt_file: str, path: str) -> bool:
        """Whether a prompt file needs a file."""
        loaded = self.loaded(prompt_file)
        if any(reference.target == path for reference in loaded.references):
            return True
        found = loaded.prompt
        return found is not None and any(text.path == path for text in self.reached(found))

    def masked(self, path: str) -> Masked:
        """A file with its secrets masked, newlines as LF; empty if it is missing or over 1 MB."""
        return self._lines.masked(path)

    def masked_line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, with its secrets masked; "" if it does not exist."""
        return self._lines.masked_line(path, number)

    def line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, without its newline; "" if it does not exist."""
        return self._lines.line(path, number)

    def forget(self, paths: Collection[str], *, listing: bool) -> frozenset[str]:
        """Compute anew what depends on some files, whose content changed.

        Until the names in all files are known (`Graph.parse_all`), all that was loaded is dropped.

        Args:
            listing: Whether files came or went.

        Returns:
            The paths, and the files that depend on them.
        """
        self.files.forget(paths, listing=listing)
        self._lines.forget(paths)
        for path in paths:
            self.documents.drop(path)
            self.graph.forget(path)
        touched = frozenset(paths).union(*map(self._dependent_on, paths))
        self._includers.clear()
        self._includes.forget(touched)
        for path in touched:
            self._loaded.pop(path, None)
        if listing:
            for path in touched:
                self.documents.drop(path)
            for name in ("paths", "prompt_files", "ids"):
                self.__dict__.pop(name, None)
            self.documents.ids = self.ids
        return touched

    def _dependent_on(self, path: str) -> Iterable[str]:
        if not self.graph.is_complete:
            return (*self._loaded, *self._includes.paths)
        recorded = first_of(path)
        above = (
            () if recorded is None else (p for p in self.ids if self.recordings_of(p) == recorded)
        )
        return (*self.graph.dependents(path), *above)


# The lines of files, as they are and with their secrets masked.


class FileLines:
    """Lines of the files of a tree, split on first use."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}
        self._masked: dict[str, Masked] = {}
        self._masked_lines: dict[str, list[str]] = {}

    def masked(self, path: str) -> Masked:
        """A file with its secrets masked, newlines as LF; empty if it is missing or over 1 MB."""
        if path not in self._masked:
            data = self._files.data(path) or b""
            text = data.decode("utf-8", "replace") if len(data) <= MAX_BYTES else ""
            self._masked[path] = masked(text.replace("\r\n", "\n"))
        return self._masked[path]

    def masked_line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, with its secrets masked; "" if it does not exist."""
        if path not in self._masked_lines:
            self._masked_lines[path] = self.masked(path).text.split("\n")
        return _line_at(self._masked_lines[path], number)

    def line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, without its newline; "" if it does not exist."""
        if path not in self._lines:
            text = (self._files.data(path) or b"").decode("utf-8", "replace")
            self._lines[path] = text.replace("\r\n", "\n").split("\n")
        return _line_at(self._lines[path], number)

    def forget(self, paths: Iterable[str]) -> None:
        """Split the lines of some files anew when they are next needed."""
        for path in paths:
            for known in (self._lines, self._masked, self._masked_lines):
                known.pop(path, None)


def _line_at(lines: list[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""


# The templates that other templates include, at any depth.


class IncludedTemplates:
    """What texts include, computed on first use."""

    def __init__(self, files: Files, load: Callable[[str, str], Text | None]) -> None:
        """`load` is as `Catalog.load`."""
        self._files = files
        self._load = load
        self._known: dict[tuple[str, str], tuple[Text, ...]] = {}

    @property
    def paths(self) -> Iterable[str]:
        """The paths of the texts whose includes are known."""
        return (path for path, _ in self._known)

    def included(self, text: Text) -> tuple[Text, ...]:
        """All templates that a text includes at any depth, each once, breadth first."""
        key = text.path, text.value
        if key not in self._known:
            self._known[key] = tuple(self._reach(text).values())
        return self._known[key]

    def reached(self, prompt: Prompt) -> tuple[Text, ...]:
        """The body files and partials that a prompt's messages use, each once."""
        found: dict[str, Text] = {}
        for text in texts(prompt):
            if text.path != prompt.path and self._files.is_file(text.path):
                found.setdefault(text.path, text)
            for included in self.included(text):
                found.setdefault(included.path, included)
        found.pop(prompt.path, None)
        return tuple(found.values())

    def forget(self, paths: Collection[str]) -> None:
        """Compute anew what the texts of some files include."""
        self._known = {key: found for key, found in self._known.items() if key[0] not in paths}

    def _reach(self, text: Text) -> dict[str, Text]:
        found: dict[str, Text] = {}
        waiting = [text]
        while waiting:
            current = waiting.pop(0)
            for name in dict.fromkeys(include.name for include in includes(current)):
                target = self._load(current.path, name)
                if target is not None and target.path not in found:
                    found[target.path] = target
                    waiting.append(target)
        return found


# The places of configuration keys, for problems of a catalog with its configuration.


def toml_places(catalog: Catalog) -> TomlPlaces | None:
    """The places at the catalog's revision; None without a configuration."""
    path = catalog.config.path
    text = catalog.files.text(path) if path is not None else None
    if path is None or text is None:
        return None
    return _scanned(path, text.value, "/tool/promptops" if path == SHARED_FILE else "")


def profile_place(catalog: Catalog, name: str, key: str, word: str = "") -> Place:
    """The place of a key of a model profile; of a word of its value, if it is found."""
    places = toml_places(catalog)
    if places is None:
        return Place(catalog.config.path or OWN_FILE)
    pointer = f"/models/{escaped(name)}/{key}"
    return (places.word(pointer, word) if word else None) or places.place(pointer)


_scanned = lru_cache(maxsize=4)(TomlPlaces)
