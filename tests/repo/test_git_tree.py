"""The files of a commit, of the index and of the work tree."""

import os
import time
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from promptops.errors import GitError, InputError
from promptops.repo.blobs import MAX_BYTES
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.tree import TreeEntry
from promptops.repo.worktree import WorkTree
from tests.tiers import fast_first

EVERYWHERE = ("HEAD", INDEX, WORKTREE)


@pytest.fixture
def repository(repo):
    with Repository.open(repo.root) as opened:
        yield opened


def blob(content):
    return sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()


def shown(tree):
    return {path: (entry.kind, entry.tracked) for path, entry in tree.entries.items()}


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_a_tree_holds_its_files_by_path(repo, repository, revision):
    repo.write({"a.txt": "a", "p/b.txt": "b\r\n", "p/q/c.txt": "c"})
    repo.commit("one")

    tree = repository.tree(revision)

    assert dict(tree.entries) == {
        "a.txt": TreeEntry("a.txt", blob(b"a")),
        "p/b.txt": TreeEntry("p/b.txt", blob(b"b\r\n")),
        "p/q/c.txt": TreeEntry("p/q/c.txt", blob(b"c")),
    }
    assert tree.read(["p/b.txt", "a.txt", "nowhere"]) == {"a.txt": b"a", "p/b.txt": b"b\r\n"}


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_only_what_is_asked_for_is_listed(repo, repository, revision):
    repo.write({"a.txt": "", "p/b.txt": "", "pp/c.txt": "", "q/d.txt": "", "-rf/e.txt": ""})
    repo.commit("one")

    def under(*paths):
        return sorted(repository.tree(revision, under=paths).entries)

    assert under("p", "a.txt", "nowhere") == ["a.txt", "p/b.txt"]
    assert under("./p/", "-rf") == ["-rf/e.txt", "p/b.txt"]
    assert under(".", "p") == ["-rf/e.txt", "a.txt", "p/b.txt", "pp/c.txt", "q/d.txt"]


@pytest.mark.parametrize("revision", EVERYWHERE)
@pytest.mark.parametrize(
    "name", ["-rf", "a b", " a ", "line\nbreak", "tab\there", "größe", "g\udcff", '"quoted"', "*"]
)
def test_any_name_is_read(repo, repository, revision, name):
    repo.write({f"p/{name}": "content"})
    repo.commit("one")

    tree = repository.tree(revision, under=["p"])

    assert tree.read(tree.entries) == {f"p/{name}": b"content"}
    assert repository.tree(revision, under=[f"p/{name}"]).entries == tree.entries


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_names_that_differ_by_case_are_two_files(repo, repository, revision):
    repo.write({"A.txt": "upper", "a.txt": "lower"})
    repo.commit("one")

    contents = repository.tree(revision).read(["A.txt", "a.txt"])

    assert contents == {"A.txt": b"upper", "a.txt": b"lower"}


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_a_link_is_listed_and_never_read(repo, repository, revision):
    repo.write({"real.txt": "real"})
    (repo.root / "link").symlink_to("real.txt")
    repo.commit("one")

    tree = repository.tree(revision)

    assert tree.entries["link"] == TreeEntry("link", blob(b"real.txt"), "symlink")
    assert tree.read(["link"]) == {}


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_a_submodule_is_listed_and_never_read(repo, repository, tmp_path, revision):
    inner = repo.commit("one")
    repo.git("clone", "--quiet", str(repo.root), str(repo.root / "inner"))
    repo.git("-c", "advice.addEmbeddedRepo=false", "add", "inner")
    repo.commit("two")

    tree = repository.tree(revision)

    assert dict(tree.entries) == {"inner": TreeEntry("inner", inner, "submodule")}
    assert tree.read(["inner"]) == {}


@pytest.mark.parametrize("revision", [INDEX, WORKTREE])
def test_a_conflict_is_listed_once_and_never_read(repo, repository, revision):
    make_conflict(repo)

    tree = repository.tree(revision)

    assert dict(tree.entries) == {"a.txt": TreeEntry("a.txt", blob(b"base"), "unmerged")}
    assert tree.read(["a.txt"]) == {}


def make_conflict(repo):
    repo.write({"a.txt": "base"})
    repo.commit("base")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write({"a.txt": "theirs"})
    repo.commit("side")
    repo.git("checkout", "--quiet", "main")
    repo.write({"a.txt": "ours"})
    repo.commit("main")
    with pytest.raises(AssertionError):
        repo.git("merge", "side")


def test_the_index_holds_what_is_staged_and_the_work_tree_what_is_on_disk(repo, repository):
    repo.write({"a.txt": "committed", "gone.txt": "gone", "same.txt": "same"})
    repo.commit("one")
    repo.write({"a.txt": "staged", "staged.txt": "new"})
    repo.git("add", ".")
    repo.write(
        {"a.txt": "on disk", "untracked.txt": "untracked", "ignored": "", ".gitignore": "i*"}
    )
    (repo.root / "gone.txt").unlink()

    index, disk = repository.tree(INDEX), repository.tree(WORKTREE)

    assert index.read(index.entries) == {
        "a.txt": b"staged",
        "gone.txt": b"gone",
        "same.txt": b"same",
        "staged.txt": b"new",
    }
    assert disk.read(disk.entries) == {
        ".gitignore": b"i*",
        "a.txt": b"on disk",
        "same.txt": b"same",
        "staged.txt": b"new",
        "untracked.txt": b"untracked",
    }
    assert disk.entries["a.txt"] == TreeEntry("a.txt", blob(b"on disk"))
    assert disk.entries["untracked.txt"] == TreeEntry(
        "untracked.txt", blob(b"untracked"), tracked=False
    )


def test_before_the_first_commit_there_is_an_index_and_a_work_tree(repo, repository):
    repo.write({"a.txt": "a"})
    repo.git("add", ".")
    repo.write({"b.txt": "b"})

    assert shown(repository.tree(INDEX)) == {"a.txt": ("file", True)}
    assert shown(repository.tree(WORKTREE)) == {"a.txt": ("file", True), "b.txt": ("file", False)}


def test_a_file_only_intended_to_be_added_is_not_in_the_index(repo, repository):
    repo.write({"empty.txt": "", "intended.txt": "later"})
    repo.git("add", "empty.txt")
    repo.git("add", "--intent-to-add", "intended.txt")

    assert list(repository.tree(INDEX).entries) == ["empty.txt"]
    assert repository.tree(WORKTREE).entries["intended.txt"].blob == blob(b"later")


def test_an_untracked_repository_inside_is_not_entered(repo, repository):
    repo.git("init", "--quiet", "inner")
    repo.write({"inner/a.txt": "a", "b.txt": "b"})

    assert list(repository.tree(WORKTREE).entries) == ["b.txt"]


def test_a_file_that_became_a_link_is_a_link(repo, repository):
    repo.write({"a.txt": "a", "b.txt": "b"})
    repo.commit("one")
    (repo.root / "a.txt").unlink()
    (repo.root / "a.txt").symlink_to("/etc/hostname")
    (repo.root / "c.txt").symlink_to("b.txt")

    tree = repository.tree(WORKTREE)

    assert tree.entries["a.txt"] == TreeEntry("a.txt", blob(b"/etc/hostname"), "symlink")
    assert tree.entries["c.txt"] == TreeEntry("c.txt", blob(b"b.txt"), "symlink", tracked=False)
    assert tree.read(["a.txt", "c.txt"]) == {}


def test_a_file_replaced_after_it_was_listed_is_not_followed(repo, repository, tmp_path):
    names = ("link.txt", "pipe.txt", "folder.txt", "gone.txt", "p/a.txt", "kept.txt")
    repo.write(dict.fromkeys(names, "inside"))
    repo.commit("one")
    tree = repository.tree(WORKTREE)
    assert sorted(tree.entries) == sorted(names)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    for name in names[:4]:
        (repo.root / name).unlink()
    (repo.root / "link.txt").symlink_to(outside / "a.txt")
    os.mkfifo(repo.root / "pipe.txt")
    (repo.root / "folder.txt").mkdir()
    (repo.root / "p").rename(repo.root / "was-p")
    (repo.root / "p").symlink_to(outside)

    assert tree.read(names) == {"kept.txt": b"inside"}


def test_a_tracked_file_behind_a_linked_folder_is_not_there(repo, repository, tmp_path):
    repo.write({"p/a.txt": "inside"})
    repo.commit("one")
    (repo.root / "p").rename(tmp_path / "moved")
    (repo.root / "p").symlink_to(tmp_path / "moved")

    assert shown(repository.tree(WORKTREE)) == {"p": ("symlink", False)}


@pytest.fixture
def forbidden():
    """A folder whose file `a.txt` this process may not read, not even where it is root."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (Path(folder) / "a.txt").touch(mode=0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(user)


def test_a_file_without_permission_has_no_known_content(forbidden):
    entry = WorkTree(forbidden, "sha1").entry("a.txt", tracked=False)

    assert entry == TreeEntry("a.txt", "0" * 40, tracked=False)


def test_a_file_without_permission_is_named_when_it_is_read(forbidden):
    with pytest.raises(InputError) as caught:
        WorkTree(forbidden, "sha1").read("a.txt")

    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "'a.txt' can't be read: permission denied",
        "a.txt",
        "chmod u+r 'a.txt'",
    )


@pytest.mark.parametrize("path", ["../outside.txt", "p/../../outside.txt", "/etc/hostname"])
def test_no_path_leads_out_of_the_work_tree(repo, tmp_path, path):
    (tmp_path / "outside.txt").write_text("secret")
    disk = WorkTree(repo.root, "sha1")

    assert (disk.holds(path), disk.read(path)) == (False, None)


@pytest.mark.parametrize("revision", EVERYWHERE)
def test_a_large_file_is_cut_and_those_behind_it_are_read(repo, repository, revision):
    large = b"x" * (MAX_BYTES + 5)
    repo.write({"a.txt": "a", "big.txt": large, "fits.txt": large[:MAX_BYTES], "z.txt": "z"})
    repo.commit("one")

    contents = repository.tree(revision).read(["a.txt", "big.txt", "fits.txt", "z.txt"])

    assert contents == {
        "a.txt": b"a",
        "big.txt": large[: MAX_BYTES + 1],
        "fits.txt": large[:MAX_BYTES],
        "z.txt": b"z",
    }


def test_what_a_sparse_checkout_leaves_out_counts_as_unchanged(repo, repository):
    repo.write({"p/a.txt": "a", "q/b.txt": "b"})
    repo.commit("one")
    repo.git("sparse-checkout", "set", "p")
    assert not (repo.root / "q").exists()

    tree = repository.tree(WORKTREE)

    assert tree.read(tree.entries) == {"p/a.txt": b"a", "q/b.txt": b"b"}


def test_a_missing_blob_is_named_with_the_way_out(repo, repository):
    repo.write({"a.txt": "a", "b.txt": "b"})
    repo.commit("one")
    missing = blob(b"b")
    (repo.root / ".git" / "objects" / missing[:2] / missing[2:]).unlink()

    with pytest.raises(GitError) as caught:
        repository.tree("HEAD").read(["a.txt", "b.txt"])

    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        f"the content of 'b.txt' ({missing}) is not in the repository",
        str(repo.root),
        "in a partial clone: git fetch --refetch --no-filter; otherwise: git fsck",
    )
    assert repository.tree("HEAD").read(["a.txt"]) == {"a.txt": b"a"}


def test_a_partial_clone_is_not_completed_behind_the_users_back(repo, tmp_path):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    repo.git(
        "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{repo.root}", str(clone)
    )

    with Repository.open(clone) as repository, pytest.raises(GitError, match=r"'a\.txt'"):
        repository.tree("HEAD").read(["a.txt"])


def test_reading_goes_on_after_closing_even_twice(repo, repository):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    tree = repository.tree("HEAD")
    tree.read(["a.txt"])

    repository.close()
    repository.close()

    assert tree.read(["a.txt"]) == {"a.txt": b"a"}


def test_a_forked_process_reads_beside_its_parent(repo, repository):
    repo.write({"a.txt": "a", "b.txt": "b"})
    repo.commit("one")
    tree = repository.tree("HEAD")
    tree.read(["a.txt"])

    child = os.fork()
    if not child:
        os._exit(0 if tree.read(["b.txt"]) == {"b.txt": b"b"} else 1)

    assert tree.read(["b.txt"]) == {"b.txt": b"b"}
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("count", fast_first([2_000, 10_000], 1))
def test_thousands_of_files_are_read_without_a_deadlock(repo, repository, record_property, count):
    repo.write({f"p/{number // 100}/{number}.txt": f"content {number}" for number in range(count)})
    repo.commit("one")
    began = time.perf_counter()

    for revision in EVERYWHERE:
        tree = repository.tree(revision)
        contents = tree.read(tree.entries)
        took, began = time.perf_counter() - began, time.perf_counter()

        record_property(revision, took)  # for who looks; a busy machine must not fail it
        assert (len(contents), contents["p/17/1700.txt"]) == (count, b"content 1700")


TEXT = "a text $Id$\n"
OTHER = b"other text 1\n"


def entry_on_disk(repo, repository, path="p/a.txt"):
    """The id of a work tree entry, and the id of the bytes on disk."""
    tree = repository.tree(WORKTREE, under=["p"])
    return tree.entries[path].blob, blob((repo.root / path).read_bytes())


def checked_out_anew(repo, path="p/a.txt"):
    (repo.root / path).unlink()
    repo.git("checkout", "--quiet", "--", path)


@pytest.mark.parametrize(
    "attributes",
    ["working-tree-encoding=UTF-16LE", "filter=upper", "ident", "eol=crlf"],
)
@pytest.mark.parametrize("file", [".gitattributes", "p/.gitattributes", ".git/info/attributes"])
def test_a_file_that_git_converts_has_the_id_of_the_bytes_on_disk(
    repo, repository, attributes, file
):
    repo.git("config", "filter.upper.smudge", "tr a-z A-Z")
    repo.git("config", "filter.upper.clean", "tr A-Z a-z")
    repo.write({"p/a.txt": TEXT, file: f"a.txt {attributes}\n"})
    repo.git("config", "core.safecrlf", "false")
    repo.commit("one")
    checked_out_anew(repo)

    listed, on_disk = entry_on_disk(repo, repository)

    assert listed == on_disk
    assert on_disk != repository.tree(INDEX).entries["p/a.txt"].blob
    assert repository.changed("HEAD", WORKTREE) == ()


def test_attributes_that_only_the_index_has_count_as_they_do_for_git(repo, repository):
    repo.write({"p/a.txt": TEXT, ".gitattributes": "a.txt ident\n"})
    repo.commit("one")
    checked_out_anew(repo)
    (repo.root / ".gitattributes").unlink()

    listed, on_disk = entry_on_disk(repo, repository)

    assert listed == on_disk
    assert list(repository.tree(WORKTREE, under=["p"]).entries) == ["p/a.txt"]


@pytest.mark.parametrize(
    ("name", "value"), [("core.autocrlf", "true"), ("core.attributesFile", "FILE")]
)
def test_what_the_configuration_converts_has_the_id_of_the_bytes_on_disk(
    repo, repository, tmp_path, name, value
):
    (tmp_path / "attributes").write_text("a.txt ident\n")
    repo.git("config", name, value.replace("FILE", str(tmp_path / "attributes")))
    repo.write({"p/a.txt": TEXT})
    repo.commit("one")
    checked_out_anew(repo)

    listed, on_disk = entry_on_disk(repo, repository)

    assert listed == on_disk
    assert on_disk != repository.tree(INDEX).entries["p/a.txt"].blob


def test_a_change_that_git_was_asked_to_overlook_is_seen(repo, repository):
    repo.write({"p/a.txt": TEXT})
    repo.commit("one")
    repo.git("update-index", "--assume-unchanged", "p/a.txt")
    repo.write({"p/a.txt": OTHER})

    listed, on_disk = entry_on_disk(repo, repository)

    assert listed == on_disk == blob(OTHER)
    (repo.root / "p/a.txt").unlink()
    assert repository.tree(WORKTREE, under=["p"]).entries == {}


def test_a_file_that_is_skipped_is_read_from_the_index_and_has_its_id(repo, repository):
    repo.write({"p/a.txt": TEXT})
    repo.commit("one")
    repo.git("update-index", "--skip-worktree", "p/a.txt")
    repo.write({"p/a.txt": OTHER})

    tree = repository.tree(WORKTREE, under=["p"])

    assert tree.entries["p/a.txt"].blob == blob(TEXT.encode())
    assert tree.read(["p/a.txt"]) == {"p/a.txt": TEXT.encode()}


def test_an_edit_that_keeps_size_and_time_is_seen(repo, repository):
    repo.git("config", "core.trustctime", "false")
    repo.write({"p/a.txt": OTHER})
    file = repo.root / "p/a.txt"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    repo.commit("one")
    # As if the index had been written an hour ago: within one second git sees no difference.
    index = repo.root / ".git/index"
    content = bytearray(index.read_bytes())
    content[12:16] = (int(time.time()) - 3600).to_bytes(4, "big")  # ctime of its first entry
    content[-20:] = sha1(content[:-20]).digest()
    index.write_bytes(content)
    file.write_bytes(OTHER.upper())
    os.utime(file, (1_000_000_000, 1_000_000_000))

    listed, on_disk = entry_on_disk(repo, repository)

    assert listed == on_disk == blob(OTHER.upper())


def test_a_file_that_is_written_after_it_was_listed_gets_the_id_of_what_was_read(repo, repository):
    repo.write({"p/a.txt": TEXT})
    repo.commit("one")
    tree = repository.tree(WORKTREE, under=["p"])
    before = tree.entries["p/a.txt"].blob
    repo.write({"p/a.txt": OTHER})

    contents = tree.read(["p/a.txt"])

    assert (before, contents) == (blob(TEXT.encode()), {"p/a.txt": OTHER})
    assert tree.entries["p/a.txt"].blob == blob(OTHER)
