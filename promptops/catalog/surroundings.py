"""Facts beyond the files that a prompt needs: other prompts, and files that the tree lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptops.catalog.files import Files


class Surroundings:
    """What a check of one prompt may learn beyond the files that the prompt needs.

    A result that depends on such a fact is valid only for this catalog and must not be cached.

    Attributes:
        files: The files of the tree; reading those that the prompt needs is not recorded.
        were_used: At least one fact was requested.
    """

    def __init__(
        self,
        files: Files,
        *,
        paths: Callable[[], Mapping[str, str]],
        state: Callable[[str], str | None],
        includers: Callable[[str], tuple[str, ...]],
    ) -> None:
        """`paths` is by prompt id; `state` and `includers` are as the methods with these names."""
        self.files = files
        self.were_used = False
        self._paths = paths
        self._state = state
        self._includers = includers

    def state(self, path: str) -> str | None:
        """The state of a file that the tree lacks: untracked, ignored, unstaged; None if absent."""
        self.were_used = True
        return self._state(path)

    def content(self, path: str) -> bytes | None:
        """The content of a file that the prompt does not need; None if the tree lacks it."""
        self.were_used = True
        return self.files.data(path)

    def is_tracked(self, path: str) -> bool:
        """Whether git tracks a file; `git add` changes that without changing any file."""
        self.were_used = True
        entry = self.files.entries.get(path)
        return entry is not None and entry.tracked

    def includers(self, path: str) -> tuple[str, ...]:
        """The prompt files that need a file, directly or through what they include and extend."""
        self.were_used = True
        return self._includers(path)

    def has_prompt(self, identity: str) -> bool:
        """Whether a prompt has this id. Only a negative reply counts as used.

        An existing prompt is a file that the other one needs.
        """
        found = identity in self._paths()
        self.were_used |= not found
        return found
