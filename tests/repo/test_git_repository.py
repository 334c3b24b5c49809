"""Opening repositories of every kind, ancestors, and searching."""

import os

import pytest

from promptops.errors import GitError
from promptops.repo.process import foreign_environment
from promptops.repo.repository import INDEX, WORKTREE, Repository


def facts(repository):
    return (repository.root, repository.git_dir, repository.common_dir, repository.bare)


def failure(call, *arguments):
    with pytest.raises(GitError) as caught:
        call(*arguments)
    return caught.value.message, caught.value.where, caught.value.hint


def test_a_folder_inside_leads_to_the_root(repo):
    repo.write({"a/b/c.txt": "c"})

    repository = Repository.open(repo.root / "a" / "b")

    git_dir = repo.root / ".git"
    assert facts(repository) == (repo.root, git_dir, git_dir, False)
    assert (repository.shallow, repository.object_format) == (False, "sha1")


def test_a_file_is_ignored_where_it_is_there_and_not_tracked(repo):
    repo.write({"a.log": "", "build/x/y": "", "kept.log": "", "*": "", "tracked.log": ""})
    repo.git("add", "tracked.log")
    repo.write({".gitignore": "*.log\n!kept.log\nbuild/\n"})

    with Repository.open(repo.root) as repository:
        names = ("a.log", "build/x/y", "kept.log", "*", "gone.log", "tracked.log")
        ignored = [name for name in names if repository.is_ignored(name)]

    assert ignored == ["a.log", "build/x/y"]


def test_outside_of_any_repository_the_way_out_is_git_init(tmp_path):
    message, where, hint = failure(Repository.open, tmp_path)

    assert message.startswith("not a git repository")
    assert (where, hint) == (str(tmp_path), "create one here: git init")


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"])
def test_a_variable_that_leads_git_elsewhere_is_named(repo, monkeypatch, name):
    monkeypatch.setenv(name, "/nosuch")

    message, _, hint = failure(Repository.open, repo.root)

    assert message.startswith("not a git repository")
    assert hint == f"correct {name}, which is set, or unset {name}"


def test_a_directory_that_does_not_exist_is_named(tmp_path):
    missing = tmp_path / "missing"

    assert failure(Repository.open, missing) == (
        f"cannot change to '{missing}': No such file or directory",
        str(missing),
        "name a directory that exists",
    )


def test_a_linked_work_tree_shares_gits_directory(repo, tmp_path):
    repo.commit("one")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))

    repository = Repository.open(tmp_path / "linked")

    git_dir = repo.root / ".git"
    linked = git_dir / "worktrees" / "linked"
    assert facts(repository) == (tmp_path / "linked", linked, git_dir, False)


def test_a_bare_repository_has_commits_and_no_work_tree(repo, tmp_path):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(bare))

    with Repository.open(bare) as repository:
        assert facts(repository) == (bare, bare, bare, True)
        assert repository.tree("HEAD").read(["a.txt"]) == {"a.txt": b"a"}
        assert dict(repository.tree(INDEX).entries) == {}
        assert failure(repository.tree, WORKTREE) == (
            "this repository has no work tree",
            str(bare),
            "name a revision, or enter a work tree",
        )


def test_entered_through_gits_own_directory_there_is_no_work_tree(repo):
    repository = Repository.open(repo.root / ".git")

    assert facts(repository) == (repo.root / ".git",) * 3 + (True,)


def test_a_shallow_clone_knows_that_it_is_one(repo, tmp_path):
    repo.commit("one")
    repo.commit("two")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))

    assert Repository.open(tmp_path / "shallow").shallow


def test_a_relative_git_dir_is_meant_from_where_the_tool_runs(repo, monkeypatch):
    repo.write({"sub/a.txt": "a"})
    repo.commit("one")
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_WORK_TREE", ".")

    with Repository.open(repo.root / "sub") as repository:
        assert facts(repository) == (repo.root, repo.root / ".git", repo.root / ".git", False)
        assert list(repository.tree(WORKTREE).entries) == ["sub/a.txt"]


def test_git_dir_alone_makes_the_directory_the_work_tree(repo, tmp_path, monkeypatch):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.txt").write_text("b")
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))

    with Repository.open(other) as repository:
        assert repository.root == other
        assert list(repository.tree(WORKTREE).entries) == ["b.txt"]


def test_another_repository_is_opened_without_the_hooks_environment(repo, tmp_path, monkeypatch):
    other = tmp_path / "other"
    repo.git("init", "--quiet", str(other))
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))

    repository = Repository.open(other, foreign_environment())

    assert repository.root == other


def test_sha256_repositories_are_read(tmp_path, repo):
    root = tmp_path / "long"
    repo.git("init", "--quiet", "--object-format=sha256", str(root))
    (root / "a.txt").write_bytes(b"a")

    with Repository.open(root) as repository:
        (entry,) = repository.tree(WORKTREE).entries.values()
        repo.git("-C", str(root), "add", ".")

        assert repository.tree(INDEX).entries["a.txt"].blob == entry.blob
        assert [change.after for change in repository.changed("HEAD", INDEX)] == [entry.blob]
        assert [change.after for change in repository.changed("HEAD", WORKTREE)] == [entry.blob]


def test_the_merge_base_is_where_two_branches_parted(repo):
    base = repo.commit("base")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("side")
    repo.git("checkout", "--quiet", "main")
    repo.commit("main")

    assert Repository.open(repo.root).merge_base("main", "side") == base


def test_without_a_common_ancestor_there_is_no_merge_base(repo):
    repo.commit("one")
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit("other")

    assert failure(Repository.open(repo.root).merge_base, "main", "other") == (
        "'main' and 'other' have no common ancestor",
        str(repo.root),
        "compare with a commit of its history",
    )


def test_searching_finds_any_of_the_strings_as_they_are(repo):
    repo.write({"p/a.txt": "x.y\n", "p/b.txt": "xzy\n", "p/-rf": "--all\n", "q/c.txt": "x.y\n"})
    commit = repo.commit("one")
    repo.write({"p/b.txt": "x.y\n"})
    repo.git("add", ".")
    repo.write({"p/a.txt": "", "p/new.txt": "x.y\n"})

    repository = Repository.open(repo.root)

    strings = ("x.y", "--all")
    assert repository.grep("HEAD", strings, ["p"]) == ("p/-rf", "p/a.txt")
    assert repository.grep(commit, strings, ["p/a.txt", "q"]) == ("p/a.txt", "q/c.txt")
    assert repository.grep(INDEX, strings, ["p/"]) == ("p/-rf", "p/a.txt", "p/b.txt")
    assert repository.grep(WORKTREE, strings, ["p"]) == ("p/-rf", "p/b.txt", "p/new.txt")
    assert repository.grep(INDEX, ["x.y"], []) == ("p/a.txt", "p/b.txt", "q/c.txt")
    assert repository.grep(INDEX, [], ["p"]) == ()
    assert repository.grep(INDEX, ["nowhere"], ["p"]) == ()


def test_searching_takes_paths_literally(repo):
    repo.write({":(exclude)a": "x", "*": "x", "b": "x"})
    repo.git("add", "--all")

    repository = Repository.open(repo.root)

    assert repository.grep(INDEX, ["x"], [":(exclude)a", "*"]) == ("*", ":(exclude)a")


def test_what_git_refuses_to_search_is_an_error(repo):
    (repo.root / ".git" / "index").write_bytes(b"no index at all, but long enough to be one")

    message, where, _ = failure(Repository.open(repo.root).grep, INDEX, ["x"], [])

    assert (message, where) == ("index file corrupt", str(repo.root)) or "signature" in message


def test_reading_the_work_tree_does_not_write_the_index(repo):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    index = repo.root / ".git" / "index"
    os.utime(repo.root / "a.txt", (1, 1))
    before = index.read_bytes()

    Repository.open(repo.root).changed("HEAD", WORKTREE)

    assert index.read_bytes() == before


@pytest.fixture
def embedded(repo):
    """A folder of the repository that git takes for a bare repository, with its own settings."""
    folder = repo.root / "evil"
    repo.git("init", "--quiet", "--bare", "--template=", str(folder))
    return folder


def test_an_untrusted_change_can_not_bring_a_repository_with_settings(repo, embedded, monkeypatch):
    trusted = Repository.open(embedded).root
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(GitError) as caught:
        Repository.open(embedded)

    assert (trusted, Repository.open(repo.root).root) == (embedded, repo.root)
    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        f"cannot use bare repository '{embedded}' (safe.bareRepository is 'explicit')",
        str(embedded),
        f"name it, if you trust it: GIT_DIR={embedded} promptops …",
    )


def test_a_bare_repository_that_the_user_names_is_read_in_an_untrusted_change(
    embedded, monkeypatch
):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    by_source = Repository.open(embedded, foreign_environment())
    monkeypatch.setenv("GIT_DIR", str(embedded))
    by_variable = Repository.open(embedded)

    assert (by_source.root, by_variable.root) == (embedded, embedded)


def test_settings_of_the_environment_stay_beside_that_of_an_untrusted_change(repo, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Ada")

    git = Repository.open(repo.root).git

    assert git.run("config", "user.name") == b"Ada\n"
    assert git.run("config", "safe.bareRepository") == b"explicit\n"
