"""Does what a page asks of its reader, from an empty directory, and tells where it is wrong.

    python -m tests.docs.following docs/start.md            what differs
    python -m tests.docs.following --write docs/start.md    have the page say what is printed

Times are fixed, so that the ids of commits are the same everywhere: each block is another day, and
each command another minute of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from tests.docs.pages import TYPED, Block, Command, blocks, commands, page_before
from tests.docs.shell import Printed, Shell

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FIRST_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANYTHING = "…"
NOTHING: Mapping[str, str] = MappingProxyType({})
SERVED = ("MODEL_URL", "MODEL")
"""The variables of a page that needs a model: its address and its name."""
PROJECT = "https://git.example.com/acme/promptops"

# `master`, as git itself sets it: pages must not rely on the default branch of their reader.
GITCONFIG = f"""\
[user]
	name = Ada Author
	email = ada@example.com
[init]
	defaultBranch = master
[url "{{project}}"]
	insteadOf = {PROJECT}
"""
# `false` is how a configuration file says --no-build-isolation.
PIP = "[global]\nno-index = true\nno-build-isolation = false\nno-deps = true\nquiet = 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A command whose page is wrong."""

    command: Command
    printed: Printed

    def __str__(self) -> str:
        head = f"line {self.command.line}: $ {self.command.text}\n(exit {self.printed.status})\n"
        shown = "" if self.command.shown is None else f"the page says:\n{self.command.shown}"
        return f"{head}{shown}printed was:\n{self.printed.text}"


def follow(page: Path, home: Path, variables: Mapping[str, str] = NOTHING) -> list[Difference]:
    """Follow a page, and before it the pages that it goes on from, with a home of its own.

    `variables` are set in the environment of the shell.
    """
    with Reader(home, variables) as reader:
        for before in reversed(list(_pages_before(page))):
            list(reader.follow(before))
        return list(reader.follow(page))


def _pages_before(page: Path) -> Iterator[Path]:
    while before := page_before(page):
        yield before
        page = before


class Reader:
    """Somebody with a shell, an empty directory and no network."""

    def __init__(self, home: Path, variables: Mapping[str, str] = NOTHING) -> None:
        self._home = home
        self._day = FIRST_DAY
        folder = home / "work"
        site = home / "site"
        folder.mkdir(parents=True)
        site.mkdir()
        (home / ".gitconfig").write_text(GITCONFIG.format(project=home / "promptops.git"))
        (home / "pip.conf").write_text(f"{PIP}target = {site}\n")
        self._stack = ExitStack()
        self._shell = Shell(folder, {**_environment(home, site), **variables})

    def __enter__(self) -> Reader:
        self._stack.enter_context(self._shell)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def follow(self, page: Path) -> Iterator[Difference]:
        for block in blocks(page):
            if block.title and not block.left_out:
                self._save(block)
            elif block.language in TYPED and not block.left_out:
                yield from self._type(block)

    def _save(self, block: Block) -> None:
        path = self._shell.folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.body, encoding="utf-8")

    def _type(self, block: Block) -> Iterator[Difference]:
        if PROJECT in block.body:
            _publish(self._home / "promptops.git")
        for minute, command in enumerate(commands(block)):
            date = (self._day + timedelta(minutes=minute)).isoformat()
            self._shell.set({"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
            printed = self._shell.type(command.text)
            if not as_shown(command, printed):
                yield Difference(command=command, printed=printed)
        self._day += timedelta(days=1)


def _publish(repository: Path) -> None:
    """Make a repository of this project as it stands here: it is cloned by its address."""
    if repository.exists():
        return
    git = ["git", f"--git-dir={repository}", f"--work-tree={ROOT}"]
    author = ["-c", "user.name=Ada Author", "-c", "user.email=ada@example.com"]
    commit = [*author, "commit", "--quiet", "--message", "As it stands"]
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], commit):
        subprocess.run([*git, *arguments], check=True, cwd=ROOT)


def as_shown(command: Command, printed: Printed) -> bool:
    """Whether a command did what its page says; where the page shows nothing, it succeeds."""
    if command.shown is None:
        return printed.status == 0
    return matches(command.shown, printed.text)


def matches(shown: str, printed: str) -> bool:
    """Whether all of a text is what is shown; `…` is anything, on a line of its own any lines.

    Blanks at the end of a line are not seen.
    """
    lines = _seen(shown)
    pattern = "".join(r"(?:.*\n)*" if line == ANYTHING else _like(line) for line in lines)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _seen(printed))) is not None


def _seen(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _like(line: str) -> str:
    return ".*".join(map(re.escape, line.split(ANYTHING))) + "\n"


def _environment(home: Path, site: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        "PATH": path,
        "HOME": str(home),
        "PIP_CONFIG_FILE": str(home / "pip.conf"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def corrected(page: Path, differences: list[Difference]) -> str:
    """The text of a page that shows what was printed, with `…` where it was and is still right."""
    text = page.read_text("utf-8")
    for each in reversed(differences):
        start, shown = each.command.start, each.command.shown
        if shown is not None:
            text = text[:start] + _kept(shown, each.printed.text) + text[start + len(shown) :]
    return text


def _kept(shown: str, printed: str) -> str:
    vague = [line for line in shown.splitlines() if ANYTHING in line and line.strip() != ANYTHING]
    lines = _seen(printed) if printed.strip() else []
    kept = [next((v for v in vague if matches(v, line)), line) for line in lines]
    return "".join(f"{line}\n" for line in kept)


def main(arguments: list[str]) -> int:
    found = 0
    for page in [Path(each) for each in arguments if each != "--write"]:
        with TemporaryDirectory() as folder:
            served = {name: os.environ[name] for name in SERVED if name in os.environ}
            differences = follow(page.resolve(), Path(folder) / "home", served)
        if "--write" in arguments:
            page.write_text(corrected(page, differences), encoding="utf-8")
            differences = [each for each in differences if each.command.shown is None]
        for each in differences:
            print(f"{page}: {each}", end="\n\n")  # noqa: T201
        found += len(differences)
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
