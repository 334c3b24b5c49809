"""What the tag of a release is called: the form that writes it, the pattern that reads it."""

from __future__ import annotations

import re

from promptops.errors import InputError
from promptops.model.version import VERSION, Version, parse
from promptops.records import record

PLACE = "{version}"


@record(frozen=True, slots=True)
class TagNames:
    """The names that a configuration's `release.tag_format` makes.

    `v{version}` names `v1.8.0`, and for one prompt, beside it, `support/triage@v1.8.0`.
    """

    tag_format: str

    def __post_init__(self) -> None:
        """Raises InputError for a form that could not be read back."""
        if self.tag_format.count(PLACE) != 1:
            hint = "such as `v{version}`"
            raise InputError(f"{self.tag_format!r} must hold {PLACE!r} once", hint=hint)

    def write(self, version: Version) -> str:
        """The name of a release's tag."""
        return self.tag_format.replace(PLACE, str(version))

    def read(self, name: str) -> Version | None:
        """The version that a tag's name tells, prereleases too; None for another kind of tag."""
        before, _, after = self.tag_format.partition(PLACE)
        found = re.fullmatch(f"{re.escape(before)}({VERSION}){re.escape(after)}", name, re.ASCII)
        return parse(found[1], prereleases=True) if found is not None else None

    def write_of_prompt(self, prompt: str, version: Version) -> str:
        """The name of one prompt's own tag."""
        return f"{prompt}@{self.write(version)}"

    def read_of_prompt(self, name: str) -> tuple[str, Version] | None:
        """The prompt and the version that such a name tells, or None."""
        prompt, at, rest = name.partition("@")
        version = self.read(rest) if at and prompt else None
        return (prompt, version) if version is not None else None
