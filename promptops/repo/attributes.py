"""Git attributes that make the bytes of a file on disk differ from those of its commit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from promptops.errors import GitError, os_reason
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.repo.process import Git, ProcessOutput, decode, records

FILE = ".gitattributes"
CONVERTING = ("working-tree-encoding", "filter", "ident", "text", "eol", "crlf")
"""All attributes that make git change bytes on checkout or when a file is added."""

Values = Mapping[str, str]
"""Values by attribute, as git prints them; without unspecified attributes."""

_USAGE = 129
"""The exit status of git for an unknown option."""
_OF_THE_REPOSITORY = ("-c", f"core.attributesFile={os.devnull}")
_ENCODING = "working-tree-encoding"
_SAME_AS_UTF_8 = lazy_pattern(r"utf-?8", re.IGNORECASE)
_HOLDS_ASCII = lazy_pattern(
    r"(us-?)?ascii|iso-?8859-\d+|latin-?\d+|(windows-|cp)125\d|koi8-[ru]", re.IGNORECASE
)
_IDENT = lazy_pattern(rb"\$Id(:[^$\n]*)?\$")


def converted_on_disk(
    git: Git, common_dir: Path, paths: Sequence[str], indexed: Sequence[str]
) -> frozenset[str]:
    """The paths whose bytes on disk may differ from the committed ones.

    Depends on the attributes and the configuration of the work tree. Most repositories have none
    of them; then git is not asked about each path.

    Args:
        indexed: Attribute files in the index, which git reads if the work tree lacks them.
    """
    answer = git.ask("config", "--get-regexp", "^core[.](autocrlf|attributesfile)$")
    settings = decode(answer.stdout).lower().splitlines()
    if any(line.startswith("core.autocrlf") and not _is_off(line) for line in settings):
        return frozenset(paths)
    named = any(line.startswith("core.attributesfile") for line in settings)
    places = _places(git.directory, common_dir, paths)
    if not (named or indexed or any(map(os.path.lexists, places))):
        return frozenset()
    values = _parse_attributes(git.ask(*_question(), given=_listed(paths)), git)
    return frozenset(path for path, each in values.items() if set(each.values()) != {"unset"})


def attributes_at(
    git: Git, paths: Sequence[str], *, commit: str | None = None, cached: bool = False
) -> Mapping[str, Values]:
    """The converting attributes that the repository itself sets, by path; only for paths with any.

    Args:
        commit: Read the attributes of this commit; None for those of the work tree.
        cached: Read the attributes of the index.
    """
    silent = replace(git, environment={**git.environment, "GIT_ATTR_NOSYSTEM": "1"})
    given = _listed(paths)
    if cached:
        return _parse_attributes(
            silent.ask(*_OF_THE_REPOSITORY, *_question("--cached"), given=given), git
        )
    if commit is None:
        return _parse_attributes(silent.ask(*_OF_THE_REPOSITORY, *_question(), given=given), git)
    answer = silent.ask(*_OF_THE_REPOSITORY, *_question(f"--source={commit}"), given=given)
    if answer.status == _USAGE:  # before git 2.40
        answer = _in_an_index_of_its_own(silent, commit, given)
    return _parse_attributes(answer, git)


def altering(values: Values, content: bytes) -> Iterator[str]:
    """The attributes of a file that change the bytes of its content, as `name=value` or `name`.

    An unknown effect, as of a filter or an unusual encoding, counts as a change.
    """
    encoding = values.get(_ENCODING, "")
    if encoding not in ("", "unset") and not _keeps(encoding, content):
        yield f"{_ENCODING}={encoding}"
    if values.get("filter", "unset") != "unset":
        yield f"filter={values['filter']}"
    if values.get("ident") == "set" and _IDENT.search(content):
        yield "ident"
    yield from _altering_line_ends(values, content)


def attribute_files(paths: Iterable[str]) -> tuple[str, ...]:
    """The `.gitattributes` files that may apply to some paths, sorted."""
    folders = _with_those_above({path.rpartition("/")[0] for path in paths})
    return tuple(sorted(f"{folder}/{FILE}" if folder else FILE for folder in folders))


def _altering_line_ends(values: Values, content: bytes) -> Iterator[str]:
    text, eol = values.get("text", values.get("crlf", "")), values.get("eol", "")
    both = content.count(b"\r\n")
    if text == "unset" or (text == "auto" and (b"\r" in content or b"\0" in content)):
        return  # git does not convert these
    if eol == "crlf" and content.count(b"\n") > both:
        yield "eol=crlf"
    elif both and (text or eol):
        yield f"eol={eol}" if eol else "text"


def _keeps(encoding: str, content: bytes) -> bool:
    """Whether UTF-8 text has the same bytes in an encoding."""
    if _SAME_AS_UTF_8.fullmatch(encoding):
        return True
    name = encoding.partition("//")[0]
    return content.isascii() and _HOLDS_ASCII.fullmatch(name) is not None


def _is_off(line: str) -> bool:
    return line.partition(" ")[2] in ("false", "no", "off", "0", "")


def _places(root: Path, common_dir: Path, paths: Iterable[str]) -> Iterator[str]:
    """The attribute files that git reads for the files of a work tree."""
    yield "/etc/gitattributes"
    yield os.path.join(common_dir, "info", "attributes")
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield os.path.join(home, "git", "attributes")
    for folder in _with_those_above({path.rpartition("/")[0] for path in paths}):
        yield os.path.join(root, folder, FILE)


def _with_those_above(folders: Iterable[str]) -> set[str]:
    found, waiting = {""}, list(folders)
    while waiting:
        folder = waiting.pop()
        if folder not in found:
            found.add(folder)
            waiting.append(folder.rpartition("/")[0])
    return found


def _question(*options: str) -> tuple[str, ...]:
    return ("check-attr", "--stdin", "-z", *options, *CONVERTING)


def _listed(paths: Iterable[str]) -> bytes:
    return "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")


def _parse_attributes(answer: ProcessOutput, git: Git) -> Mapping[str, Values]:
    """Parse the output of `git check-attr`: path, attribute and value in turn."""
    if answer.status:
        raise git.error(answer)
    if answer.stdout.count(b"\0unspecified\0") * 3 == answer.stdout.count(b"\0"):
        return {}  # the usual case; parsing each value would take as long as git
    fields = records(answer.stdout)
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if value != "unspecified":
            found.setdefault(path, {})[name] = value
    return found


def _in_an_index_of_its_own(git: Git, commit: str, given: bytes) -> ProcessOutput:
    """Answer for a commit: read it into a temporary index, from which git reads attributes."""
    from tempfile import TemporaryDirectory  # imported here because hooks don't need it

    try:
        with TemporaryDirectory(prefix="promptops-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            apart = replace(git, environment={**git.environment, **index})
            apart.run("read-tree", commit)
            return apart.ask(*_OF_THE_REPOSITORY, *_question("--cached"), given=given)
    except OSError as error:
        message = f"the attributes of {commit[:12]} can't be read: {os_reason(error)}"
        hint = "set TMPDIR to a writable folder, or install git 2.40 or later"
        raise GitError(message.lower(), where=str(git.directory), hint=hint) from None
