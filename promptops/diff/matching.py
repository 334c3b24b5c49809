"""CHG501, CHG502 and CHG504: matches the prompts of both sides."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.diff.changes import change
from promptops.model.bump import Bump
from promptops.model.change import NOT_COMPARED, Change
from promptops.model.finding import Problem
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.records import record

State = Literal["added", "removed", "renamed", "changed", "unreadable"]


@record(frozen=True, slots=True, kw_only=True)
class PromptPair:
    """One prompt on both sides; None if a side lacks it.

    Attributes:
        likely: For a removed prompt, the id of an added one with the same content.
    """

    base: Catalog
    head: Catalog
    before: LoadedPrompt | None
    after: LoadedPrompt | None
    likely: str | None = None

    @property
    def id(self) -> str:
        """The newer id; the older one of a removed prompt."""
        return self._one.id

    @property
    def path(self) -> str:
        """The path of the newer file; the older one of a removed prompt."""
        return self._one.path

    @property
    def before_id(self) -> str | None:
        """The older id, if it differs."""
        if self.before is None or self.after is None or self.before.id == self.after.id:
            return None
        return self.before.id

    @property
    def state(self) -> State:
        """`unreadable` if one of the two sides can't be read."""
        if self.after is None:
            return "removed"
        if self.after.prompt is None:
            return "unreadable"
        if self.before is None:
            return "added"
        if self.before.prompt is None:
            return "unreadable"
        return "renamed" if self.before_id else "changed"

    @property
    def _one(self) -> LoadedPrompt:
        found = self.after or self.before
        assert found is not None
        return found


def matches(base: Catalog, head: Catalog, paths: Collection[str]) -> Iterator[PromptPair]:
    """Prompts of both sides, paired by id, or else by their earlier names."""
    chosen = set(paths)
    olds = {name: path for name, path in base.paths.items() if path in chosen}
    news = {name: path for name, path in head.paths.items() if path in chosen}
    # A file may be given for one side only: the other one is found by its id.
    olds |= {name: base.paths[name] for name in news if name in base.paths}
    news |= {name: head.paths[name] for name in olds if name in head.paths}
    renamed = _renamed(news, base, head)
    olds |= {name: base.paths[name] for name in renamed}
    base.files.prefetch(olds.values())
    head.files.prefetch(news.values())
    taken = {after for after in renamed.values() if after not in base.paths}
    for name in sorted(olds.keys() | news.keys()):
        if name in taken:
            continue
        after = renamed.get(name, name)
        yield _match(base, head, olds.get(name), news.get(after), news)


def _match(
    base: Catalog, head: Catalog, old: str | None, new: str | None, news: dict[str, str]
) -> PromptPair:
    before = base.loaded(old) if old is not None else None
    after = head.loaded(new) if new is not None else None
    likely = None
    if old is not None and new is None:
        blob = base.files.blob(old)
        same = (n for n, p in news.items() if n not in base.paths and head.files.blob(p) == blob)
        likely = next(same, None)
    return PromptPair(base=base, head=head, before=before, after=after, likely=likely)


def _renamed(news: dict[str, str], base: Catalog, head: Catalog) -> dict[str, str]:
    """From each removed id to the prompt that has it as an alias."""
    found: dict[str, str] = {}
    for name, path in news.items():
        prompt = head.loaded(path).prompt
        for alias in prompt.aliases if prompt is not None else ():
            if alias in base.paths and alias not in head.paths:
                found.setdefault(alias, name)
    return found


def added(match: PromptPair) -> list[Change]:
    """The change for a prompt that only the newer side has."""
    prompt = match.after.prompt if match.after else None
    if prompt is None:
        return _broken(match.after)
    if prompt.status == "draft":
        return [change("CHG502", "", "a draft was added, which is not released", bump=Bump.NONE)]
    what = "variant" if prompt.extends else "prompt"
    return [change("CHG502", "", f"the {what} was added")]


def removed(match: PromptPair) -> list[Change]:
    """The change for a prompt that only the older side has."""
    prompt = match.before.prompt if match.before else None
    if prompt is not None and prompt.status == "draft":
        return [change("CHG701", "", "a draft was removed, which was not released", bump=Bump.NONE)]
    moved = f"; `{match.likely}` has the same content: give it `aliases: [{match.id}]`"
    hint = moved if match.likely else ""
    if prompt is not None and prompt.extends:
        return [change("CHG504", "", f"the variant was removed{hint}")]
    return [change("CHG501", "", f"the prompt was removed{hint}")]


def unreadable(match: PromptPair) -> list[Change]:
    """A prompt that a side can't parse; if the newer side can, it counts as new."""
    if match.after is not None and match.after.prompt is None:
        return _broken(match.after)
    failed = _internal(match.before)
    if failed is not None:
        return [not_compared(failed.message)]
    why = _why(match.before)
    return [change("CHG502", "", f"the earlier version can't be parsed, not compared: {why}")]


def not_compared(reason: object) -> Change:
    """The change for an internal error during the comparison."""
    return change(NOT_COMPARED, "", f"the sides were not compared: {reason}")


def _internal(loaded: LoadedPrompt | None) -> Problem | None:
    problems = loaded.problems if loaded is not None else ()
    return next((each for each in problems if each.code == CODE), None)


def _broken(loaded: LoadedPrompt | None) -> list[Change]:
    failed = _internal(loaded)
    if failed is not None:
        return [not_compared(failed.message)]
    return [change("CHG501", "", f"it can't be parsed: {_why(loaded)}")]


def _why(loaded: LoadedPrompt | None) -> str:
    problem = next(iter(loaded.problems), None) if loaded is not None else None
    return f"{problem.message} ({problem.at})" if problem is not None else "it is not a prompt file"
