"""The releases of a repository, as its tags tell them."""

from promptops.model.release import ReleaseRecord
from promptops.model.version import Version
from promptops.release.tags import (
    TagNames,
    latest_release,
    release_record,
    release_records,
    releases,
    version_table,
    write_record,
)
from promptops.repo.repository import Repository

NAMES = TagNames("v{version}")


def tag(repo, name, message="by hand"):
    repo.git("tag", "--annotate", "--cleanup=verbatim", "--message", message, name)


def names(repo, **which):
    with Repository.open(repo.root) as repository:
        return [each.name for each in releases(repository, NAMES, **which)]


def test_only_annotated_tags_of_that_name_are_releases_the_lowest_first(repo):
    repo.commit("one")
    for name in ("v1.10.0", "v1.9.0", "v1.10.0-rc.2", "support/triage@v1.4.0", "nightly"):
        tag(repo, name)
    repo.git("tag", "v3.0.0")
    repo.git("tag", "-a", "-m", "a tree", "v4.0.0", "HEAD^{tree}")

    assert names(repo) == ["v1.9.0", "v1.10.0-rc.2", "v1.10.0"]


def test_a_tag_object_under_another_name_is_no_release(repo):
    repo.commit("one")
    tag(repo, "v1.0.0")
    repo.git("update-ref", "refs/tags/v9.0.0", repo.git("rev-parse", "v1.0.0"))

    assert names(repo) == ["v1.0.0"]


def test_the_latest_release_is_the_highest_one_that_a_commit_has_behind_it(repo):
    first = repo.commit("one")
    tag(repo, "v1.9.0")
    tag(repo, "v1.10.0")
    second = repo.commit("two")
    tag(repo, "v2.0.0-rc.1")
    repo.git("checkout", "--quiet", "-b", "side", first)
    repo.commit("side")
    tag(repo, "v3.0.0")

    with Repository.open(repo.root) as repository:
        found = [
            latest_release(repository, NAMES, commit).name for commit in (second, "side", first)
        ]

    assert found == ["v1.10.0", "v3.0.0", "v1.10.0"]


def test_what_the_tags_say_is_read_at_once(repo):
    commit = repo.commit("one")
    said = ReleaseRecord(
        tag="v1.0.0", notes="Notes\n\nof two", content_sha256="c" * 64, versions={}
    )
    tag(repo, "v1.0.0", write_record(said))
    tag(repo, "v2.0.0", "v2.0.0\n\nby hand")
    tag(repo, "v3.0.0", "The third\n\nby hand")

    with Repository.open(repo.root) as repository:
        found = releases(repository, NAMES)
        told = release_records(repository, found)

    assert told == {
        "v1.0.0": said,
        "v2.0.0": ReleaseRecord(tag="v2.0.0", notes="by hand"),
        "v3.0.0": ReleaseRecord(tag="v3.0.0", notes="The third\n\nby hand"),
    }
    assert [each.commit for each in found] == [commit] * 3
    assert found[0].date.removesuffix("Z").removesuffix("+00:00") == "2026-01-01T00:00:00"


def test_prompts_of_a_tag_made_by_hand_all_have_its_version(repo):
    repo.commit("one")
    tag(repo, "v1.2.0")

    with Repository.open(repo.root) as repository:
        (release,) = releases(repository, NAMES)
        found = version_table(release, release_record(repository, release))

    assert found.version("any/prompt") == Version(1, 2, 0)


def test_prompts_of_a_release_have_the_versions_of_its_table(repo):
    repo.commit("one")
    versions = {"ask": Version(1, 0, 0)}
    tag(
        repo,
        "v1.2.0",
        write_record(ReleaseRecord(tag="v1.2.0", versions=versions, content_sha256="c" * 64)),
    )

    with Repository.open(repo.root) as repository:
        (release,) = releases(repository, NAMES)
        found = version_table(release, release_record(repository, release))

    assert (found.version("ask"), found.version("other")) == (Version(1, 0, 0), None)
