"""What differs between two revisions."""

import pytest

from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.tree import Changed


@pytest.fixture
def repository(repo):
    with Repository.open(repo.root) as opened:
        yield opened


def paths(changes):
    return [change.path for change in changes]


def test_two_commits_differ_by_path_and_blob(repo, repository):
    repo.write({"kept.txt": "kept", "edited.txt": "before", "old.txt": "moved"})
    repo.commit("one")
    before = repository.tree("HEAD").entries
    (repo.root / "old.txt").rename(repo.root / "new.txt")
    repo.write({"edited.txt": "after"})
    repo.commit("two")
    after = repository.tree("HEAD").entries

    assert repository.changed("HEAD~1", "HEAD") == (
        Changed("edited.txt", before["edited.txt"].blob, after["edited.txt"].blob),
        Changed("new.txt", None, after["new.txt"].blob),
        Changed("old.txt", before["old.txt"].blob, None),
    )


@pytest.mark.parametrize(
    ("base", "head"),
    [("HEAD~1", "HEAD"), ("HEAD", INDEX), ("HEAD~1", INDEX), ("HEAD", WORKTREE), (INDEX, WORKTREE)],
)
def test_the_other_way_round_before_and_after_are_exchanged(repo, repository, base, head):
    repo.write({"a.txt": "1", "b.txt": "1"})
    repo.commit("one")
    repo.write({"a.txt": "2", "c.txt": "2"})
    repo.commit("two")
    repo.write({"a.txt": "3", "d.txt": "3"})
    repo.git("add", ".")
    repo.write({"a.txt": "4", "e.txt": "4"})

    forth, back = repository.changed(base, head), repository.changed(head, base)

    assert len(forth) >= 2
    assert back == tuple(Changed(each.path, each.after, each.before) for each in forth)
    assert repository.changed(head, head) == ()


def test_a_partially_staged_file_differs_by_what_is_staged(repo, repository):
    repo.write({"a.txt": "1\n2\n"})
    repo.commit("one")
    repo.write({"a.txt": "1 staged\n2\n"})
    repo.git("add", ".")
    repo.write({"a.txt": "1 staged\n2 not staged\n"})

    (staged,) = repository.changed("HEAD", INDEX)
    (unstaged,) = repository.changed(INDEX, WORKTREE)

    assert staged.after == unstaged.before == repo.git("rev-parse", ":a.txt")
    assert repository.tree(INDEX).read(["a.txt"]) == {"a.txt": b"1 staged\n2\n"}


@pytest.mark.parametrize("head", [INDEX, WORKTREE])
def test_before_the_first_commit_everything_is_new(repo, repository, head):
    repo.write({"a.txt": "a", "b.txt": "b"})
    repo.git("add", ".")

    assert repository.changed("HEAD", head) == tuple(
        Changed(path, None, entry.blob) for path, entry in repository.tree(INDEX).entries.items()
    )


@pytest.mark.parametrize("head", [INDEX, WORKTREE])
def test_an_untracked_file_is_new_in_the_work_tree_only(repo, repository, head):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    repo.write({"new.txt": "new"})

    assert paths(repository.changed("HEAD", head)) == ([] if head == INDEX else ["new.txt"])


@pytest.mark.parametrize("head", ["HEAD", INDEX, WORKTREE])
def test_a_permission_is_no_difference_and_a_link_of_equal_content_is(repo, repository, head):
    repo.write({"run.sh": "x", "link": "x"})
    repo.commit("one")
    base = repository.resolve("HEAD")
    (repo.root / "run.sh").chmod(0o755)
    (repo.root / "link").unlink()
    (repo.root / "link").symlink_to("x")
    repo.git("add", ".")
    if head == "HEAD":
        repo.commit("two")

    blob = repository.tree(base).entries["link"].blob
    assert repository.changed(base, head) == (Changed("link", blob, blob),)


@pytest.mark.parametrize("head", [INDEX, WORKTREE])
def test_a_conflict_differs_from_both_sides(repo, repository, head):
    repo.write({"a.txt": "base", "U": "u"})
    repo.commit("base")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write({"a.txt": "theirs"})
    repo.commit("side")
    repo.git("checkout", "--quiet", "main")
    repo.write({"a.txt": "ours"})
    repo.commit("main")
    with pytest.raises(AssertionError):
        repo.git("merge", "side")
    base = repository.tree("HEAD~1").entries["a.txt"].blob
    ours = repository.tree("HEAD").entries["a.txt"].blob

    assert repository.changed("HEAD", head) == (Changed("a.txt", ours, base),)
    assert repository.changed("HEAD~1", head) == (Changed("a.txt", base, base),)


@pytest.mark.parametrize("base", ["HEAD", INDEX])
def test_a_moved_submodule_differs_once_it_is_added(repo, repository, base):
    old = repo.commit("one")
    repo.git("clone", "--quiet", str(repo.root), str(repo.root / "inner"))
    repo.git("-c", "advice.addEmbeddedRepo=false", "add", "inner")
    repo.commit("two")
    repo.git("-C", "inner", "commit", "--quiet", "--allow-empty", "-m", "inside")
    assert repository.changed(base, WORKTREE) == ()

    repo.git("add", "inner")

    new = repo.git("-C", "inner", "rev-parse", "HEAD")
    expected = (Changed("inner", old, new),) if base == "HEAD" else ()
    assert repository.changed(base, WORKTREE) == expected
    assert repository.changed("HEAD", INDEX) == (Changed("inner", old, new),)


@pytest.mark.parametrize("head", ["HEAD", INDEX, WORKTREE])
@pytest.mark.parametrize("name", ["-rf", "line\nbreak", ":100644 U", "g\udcff", "größe U"])
def test_any_name_can_differ(repo, repository, head, name):
    base = repo.commit("one")
    repo.write({name: "x"})
    repo.git("add", ".")
    if head == "HEAD":
        repo.commit("two")

    assert paths(repository.changed(base, head)) == [name]


def test_the_users_settings_for_differences_change_nothing(repo, repository):
    repo.write({"b.txt": "b" * 100})
    repo.commit("one")
    (repo.root / "b.txt").rename(repo.root / "a.txt")
    repo.git("add", "--all")
    for setting in ("diff.renames=copies", "diff.external=false", "diff.orderFile=order"):
        repo.git("config", *setting.split("="))
    repo.write({"order": "b.txt\na.txt\n"})

    assert paths(repository.changed("HEAD", INDEX)) == ["a.txt", "b.txt"]
