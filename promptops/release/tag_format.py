"""The names of release tags: `release.tag_format` of the configuration."""

from __future__ import annotations

import re

from promptops.errors import InputError
from promptops.model.version import VERSION, Version, parse
from promptops.records import record

PLACE = "{version}"


@record(frozen=True, slots=True)
class TagNames:
    """Tag names by the configuration's `release.tag_format`.

    `v{version}` gives `v1.8.0`, and for one prompt `support/triage@v1.8.0`.
    """

    tag_format: str

    def __post_init__(self) -> None:
        """Raises InputError for a format that could not be parsed again."""
        if self.tag_format.count(PLACE) != 1:
            hint = "such as `v{version}`"
            raise InputError(f"{self.tag_format!r} must contain {PLACE!r} once", hint=hint)

    def write(self, version: Version) -> str:
        """The name of a release's tag."""
        return self.tag_format.replace(PLACE, str(version))

    def read(self, name: str) -> Version | None:
        """The version in a tag name, including prereleases; None for another kind of tag."""
        before, _, after = self.tag_format.partition(PLACE)
        found = re.fullmatch(f"{re.escape(before)}({VERSION}){re.escape(after)}", name, re.ASCII)
        return parse(found[1], prereleases=True) if found is not None else None

    def write_of_prompt(self, prompt: str, version: Version) -> str:
        """The name of one prompt's own tag."""
        return f"{prompt}@{self.write(version)}"

    def read_of_prompt(self, name: str) -> tuple[str, Version] | None:
        """The prompt and the version in the name of a prompt's own tag, or None."""
        prompt, at, rest = name.partition("@")
        version = self.read(rest) if at and prompt else None
        return (prompt, version) if version is not None else None
