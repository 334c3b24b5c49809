"""One release tag of a repository, which may be misnamed."""

from __future__ import annotations

from promptops.errors import IntegrityError
from promptops.model.config import Config
from promptops.model.release import Release, ReleaseRecord
from promptops.model.version import Version
from promptops.records import field, record
from promptops.release.record import read_record
from promptops.release.tag_format import TagNames
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.workspace.workspace import configuration

PREFIX = "refs/tags/"
_FACTS = (
    "%(refname)",
    "%(objecttype)",
    "%(objectname)",
    "%(tag)",
    "%(*objecttype)",
    "%(*objectname)",
    "%(contents)",
    "%(contents:signature)",
)


@record(frozen=True, slots=True, kw_only=True)
class ReleaseTag:
    """A tag with the name of a release.

    Attributes:
        name: The name of the ref.
        inside: The name in the tag object; None for a tag that is not annotated.
        id: The id of the tag object.
        signature: The signature in the object, or "".
        config: The configuration in the commit.
    """

    name: str
    version: Version
    inside: str | None
    id: str
    commit: str
    record: ReleaseRecord
    signature: str
    config: Config = field(repr=False)

    @property
    def release(self) -> Release:
        """Raises IntegrityError for a misnamed tag."""
        if self.inside != self.name:
            raise IntegrityError(self.problem, where=self.name, hint=self.hint)
        return Release(name=self.name, version=self.version, tag=self.id, commit=self.commit)

    @property
    def problem(self) -> str:
        """The problem with the two names, or ""."""
        if self.inside is None:
            return f"the tag {self.name!r} is not annotated, so it carries no record"
        return f"the tag object is named {self.inside!r}, but the ref is {self.name!r}"

    @property
    def hint(self) -> str:
        if self.inside is None:
            return "a release is an annotated tag: promptops release"
        return "an old release may be presented as a new one: find out who created the ref"


def release_tag(repository: Repository, name: str) -> ReleaseTag | None:
    """The tag of a release; None if there is no such tag or its name is not that of a release.

    Raises InputError for a configuration that can't be read.
    """
    name = name.removeprefix(PREFIX)
    row = _row(repository, name)
    if row is None:
        return None
    _, kind, identity, inside, kind_of_target, target, text, signature = row
    annotated = kind == "tag"
    if (kind_of_target if annotated else kind) != "commit":
        return None
    commit = target if annotated else identity
    repository.remember_commit(commit)
    config = configuration(repository, commit)
    version = TagNames(config.release.tag_format).read(name)
    if version is None:
        return None
    return ReleaseTag(
        name=name,
        version=version,
        inside=inside if annotated else None,
        id=identity,
        commit=commit,
        record=read_record(text.removesuffix(signature) if annotated else ""),
        signature=signature,
        config=config,
    )


def _row(repository: Repository, name: str) -> list[str] | None:
    """The ref's facts from git; None if there is no ref with exactly that name."""
    form = "%00".join(_FACTS)
    answer = repository.git.ask("for-each-ref", f"--format={form}%00", "--", f"{PREFIX}{name}")
    values = decode(answer.stdout).split("\0")[:-1]
    rows = (values[at : at + len(_FACTS)] for at in range(0, len(values), len(_FACTS)))
    return next((row for row in rows if row[0].lstrip("\n") == f"{PREFIX}{name}"), None)
