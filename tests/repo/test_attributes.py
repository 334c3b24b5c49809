"""Which git attributes change the bytes of a file, and for which files git sets them."""

import os
import shutil

import pytest

from promptops.repo.attributes import altering
from promptops.repo.repository import INDEX, WORKTREE, Repository

ENCODING = "working-tree-encoding"


@pytest.mark.parametrize(
    ("values", "content", "expected"),
    [
        ({}, b"a\r\n", []),
        ({ENCODING: "ASCII//TRANSLIT"}, "a\U000e0041\n".encode(), [f"{ENCODING}=ASCII//TRANSLIT"]),
        ({ENCODING: "ASCII//TRANSLIT"}, b"a\n", []),
        ({ENCODING: "latin1"}, "ä\n".encode(), [f"{ENCODING}=latin1"]),
        ({ENCODING: "UTF-8"}, "ä\n".encode(), []),
        ({ENCODING: "utf8"}, "ä\n".encode(), []),
        ({ENCODING: "UTF-16"}, b"a\n", [f"{ENCODING}=UTF-16"]),
        ({ENCODING: "UTF-7"}, b"a\n", [f"{ENCODING}=UTF-7"]),
        ({ENCODING: "unset"}, "ä\n".encode(), []),
        ({"filter": "lfs"}, b"", ["filter=lfs"]),
        ({"filter": "unset"}, b"", []),
        ({"ident": "set"}, b"$Id: ignore all of it $", ["ident"]),
        ({"ident": "set"}, b"$Id$", ["ident"]),
        ({"ident": "set"}, b"$Identity$ costs $5", []),
        ({"ident": "unset"}, b"$Id$", []),
        ({"text": "auto"}, b"a\nb\n", []),
        ({"text": "auto"}, b"a\r\nb\n", []),
        ({"text": "set", "eol": "lf"}, b"a\nb\n", []),
        ({"text": "set"}, b"a\r\nb\n", ["text"]),
        ({"eol": "lf"}, b"a\r\nb\n", ["eol=lf"]),
        ({"eol": "crlf"}, b"a\nb\n", ["eol=crlf"]),
        ({"text": "auto", "eol": "crlf"}, b"a\nb\n", ["eol=crlf"]),
        ({"text": "auto", "eol": "crlf"}, b"a\0\n", []),
        ({"text": "unset", "eol": "crlf"}, b"a\nb\n", []),
        ({"crlf": "set"}, b"a\r\n", ["text"]),
        ({"eol": "crlf"}, b"a", []),
        (
            {ENCODING: "UTF-16", "filter": "x", "ident": "set", "eol": "crlf"},
            b"$Id$\n",
            [f"{ENCODING}=UTF-16", "filter=x", "ident", "eol=crlf"],
        ),
    ],
)
def test_only_what_changes_the_bytes_of_a_content_is_given(values, content, expected):
    assert list(altering(values, content)) == expected


@pytest.fixture
def repository(repo):
    with Repository.open(repo.root) as opened:
        yield opened


def test_attributes_are_those_of_the_revision(repo, repository):
    repo.write({"p/.gitattributes": "*.txt ident\n", "p/a.txt": "a", "b.bin": "b"})
    repo.commit("one")
    repo.write({"p/.gitattributes": "*.txt filter=x\n"})
    repo.git("add", ".")
    repo.write({"p/.gitattributes": "*.txt -text\n", ".gitattributes": "b* eol=lf\n"})

    found = {
        revision: repository.attributes(revision, ("p/a.txt", "b.bin"))
        for revision in ("HEAD", INDEX, WORKTREE)
    }

    assert found == {
        "HEAD": {"p/a.txt": {"ident": "set"}},
        INDEX: {"p/a.txt": {"filter": "x"}},
        WORKTREE: {"p/a.txt": {"text": "unset"}, "b.bin": {"eol": "lf"}},
    }


def test_attributes_of_this_machine_alone_are_left_out(repo, repository, tmp_path):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    (tmp_path / "attributes").write_text("* ident\n")
    repo.git("config", "core.attributesFile", str(tmp_path / "attributes"))

    assert repository.attributes("HEAD", ["a.txt"]) == {}


def test_ten_thousand_paths_are_asked_about_in_one_process(repo, repository):
    paths = [f"{'folder/' * 20}{number}.txt" for number in range(10_000)]
    repo.write({".gitattributes": "9999.txt ident\n"})
    repo.commit("one")

    assert repository.attributes("HEAD", paths) == {paths[9999]: {"ident": "set"}}


@pytest.fixture
def older_git(tmp_path, monkeypatch):
    """A git that refuses `check-attr --source`, as it does before version 2.40."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *--source=*) echo "error: unknown option" >&2; exit 129;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("older_git")
def test_an_older_git_gives_the_same_and_its_index_stays_as_it_is(repo, repository):
    repo.write({".gitattributes": "[attr]odd ident\n*.txt odd\n", "a.txt": "a", "b.bin": "b"})
    commit = repo.commit("one")
    repo.git("rm", "-q", ".gitattributes")
    before = (repo.root / ".git" / "index").read_bytes()

    found = repository.attributes(commit, ("a.txt", "b.bin"))

    assert found == {"a.txt": {"ident": "set"}}
    assert (repo.root / ".git" / "index").read_bytes() == before
