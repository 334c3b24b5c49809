"""A directory outside of git, listed as git would list it."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from promptops.errors import InputError
from promptops.repo import worktree
from promptops.repo.repository import Repository
from promptops.repo.tree import TreeEntry
from promptops.repo.worktree import directory_tree

ZEROS = "0" * 40


def listed(root, *under):
    return dict(directory_tree(root, under).entries)


def shown(root, *under):
    return {path: entry.kind for path, entry in listed(root, *under).items()}


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_directory_is_listed_and_read_as_a_commit_of_the_same_files(
    tmp_path, repo, object_format
):
    repo.git("init", "--quiet", f"--object-format={object_format}", str(tmp_path / "other"))
    repo.root = tmp_path / "other"
    repo.write(
        {"a.txt": "a", "p/b.txt": "b\r\n", "p/q/c.txt": "", "p-q/größe": "x", "p/g\udcff": ""}
    )
    (repo.root / "p" / "link").symlink_to("b.txt")
    repo.commit("one")

    tree = directory_tree(repo.root, (), object_format)

    with Repository.open(repo.root) as repository:
        committed = repository.tree("HEAD")
        assert dict(tree.entries) == dict(committed.entries)
        assert tree.read(tree.entries) == committed.read(committed.entries)
    assert tree.revision == str(repo.root)


def test_only_what_is_asked_for_is_listed_each_file_once(repo):
    repo.write({"a.txt": "", "p/b.txt": "", "pp/c.txt": "", "p/q/d.txt": ""})

    assert list(listed(repo.root, "p", "a.txt", "p/q", "nowhere")) == [
        "a.txt",
        "p/b.txt",
        "p/q/d.txt",
    ]
    assert list(listed(repo.root, "p", ".")) == ["a.txt", "p/b.txt", "p/q/d.txt", "pp/c.txt"]


def test_no_link_is_followed_not_even_in_a_roots_place(repo, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    (tmp_path / "outside" / "inner").symlink_to("secret.txt")
    repo.write({"p/a.txt": "a"})
    (repo.root / "p" / "loop").symlink_to(".")
    (repo.root / "p" / "out").symlink_to(tmp_path / "outside")
    (repo.root / "root").symlink_to(tmp_path / "outside")

    tree = directory_tree(repo.root, ("p", "root", "root/inner", "root/secret.txt", "../outside"))

    kinds = {path: entry.kind for path, entry in tree.entries.items()}
    assert kinds == {"p/a.txt": "file", "p/loop": "symlink", "p/out": "symlink", "root": "symlink"}
    assert tree.read([*tree.entries, "root/secret.txt"]) == {"p/a.txt": b"a"}


def test_the_directory_itself_may_be_named_by_a_link(repo, tmp_path):
    repo.write({"p/a.txt": "a"})
    (tmp_path / "link").symlink_to(repo.root)

    tree = directory_tree(tmp_path / "link", ("p",))

    assert tree.read(tree.entries) == {"p/a.txt": b"a"}


def test_gits_own_files_are_left_out_and_a_repository_inside_is_a_submodule(repo):
    repo.write({"p/a.txt": "a", "p/inner/.git": "gitdir: elsewhere", "p/inner/b.txt": "b"})
    repo.git("init", "--quiet", "whole")
    repo.write({"whole/c.txt": "c"})

    assert listed(repo.root, "p", "whole") == {
        "p/a.txt": TreeEntry("p/a.txt", "2e65efe2a145dda7ee51d1741299f848e5bf752e"),
        "p/inner": TreeEntry("p/inner", ZEROS, "submodule"),
        "whole": TreeEntry("whole", ZEROS, "submodule"),
    }
    assert not any(path.startswith(".git/") for path in listed(repo.root))


def test_what_is_no_file_is_not_listed_and_holds_nobody_up(repo):
    repo.write({"p/a.txt": "a"})
    os.mkfifo(repo.root / "p" / "pipe")

    assert shown(repo.root, "p", "p/pipe") == {"p/a.txt": "file"}


def test_a_file_replaced_after_it_was_listed_is_not_followed(repo, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    repo.write({"p/a.txt": "a", "p/b.txt": "b", "q/secret.txt": "q"})
    tree = directory_tree(repo.root, ("p", "q"))
    assert list(tree.entries) == ["p/a.txt", "p/b.txt", "q/secret.txt"]
    (repo.root / "p" / "a.txt").unlink()
    (repo.root / "p" / "a.txt").symlink_to(tmp_path / "secret.txt")
    (repo.root / "q").rename(repo.root / "was-q")
    (repo.root / "q").symlink_to(tmp_path)

    assert tree.read(tree.entries) == {"p/b.txt": b"b"}


def refusal(root, *under):
    with pytest.raises(InputError) as caught:
        listed(root, *under)
    return caught.value.message, caught.value.where, caught.value.hint


def test_too_many_files_are_refused(repo, monkeypatch):
    monkeypatch.setattr(worktree, "MAX_FILES", 3)
    repo.write({f"p/{name}.txt": "" for name in "abcd"})

    assert refusal(repo.root, "p") == (
        "over 3 files to compare",
        str(repo.root),
        "name a directory that contains only the files of a repository",
    )


def test_a_file_without_end_is_refused_and_not_read(repo):
    repo.write({"p/a.txt": ""})
    os.truncate(repo.root / "p" / "a.txt", 1 << 42)

    assert refusal(repo.root, "p") == (
        "a file of over 1024 MB, too large to be compared",
        str(repo.root / "p" / "a.txt"),
        None,
    )


@pytest.fixture
def forbidden():
    """A directory of which this process may list or read nothing, not even where it is root."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "p").mkdir(mode=0)
        (Path(folder) / "q").mkdir()
        (Path(folder) / "q" / "a.txt").touch(mode=0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(user)


def test_a_folder_that_may_not_be_listed_is_named(forbidden):
    where = str(forbidden / "p")

    assert refusal(forbidden, "p") == (
        "the folder can't be listed: permission denied",
        where,
        f"chmod u+rx {where!r}",
    )


def test_a_file_that_may_not_be_read_is_named_with_its_directory(forbidden):
    tree = directory_tree(forbidden, ("q",))
    assert tree.entries["q/a.txt"].blob == ZEROS

    with pytest.raises(InputError) as caught:
        tree.read(["q/a.txt"])

    assert caught.value.where == str(forbidden / "q" / "a.txt")
