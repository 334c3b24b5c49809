"""What applications load from a repository: here, or fetched a commit at a time."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptops.errors import GitError, IntegrityError, NotFound, TransportError, UsageError
from promptops.loading import open_source
from promptops.model.version import Version
from promptops.runtime.bundle.format import read_bundle
from tests.bundles.released import ASK, FILES, PROMPT, key, signing_with, tagged


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(params=["here", "git+file"])
def source(request, catalog):
    """Opens the repository anew, as each process does."""
    address = str(catalog.root) if request.param == "here" else f"git+file://{catalog.root}"
    return lambda **options: open_source(address, **{"offline": False, "deadline_s": 60, **options})


def test_the_bundle_is_the_one_that_is_built(catalog, source, cache):
    data = tagged(catalog, "v1.5.0")

    assert source().bundle("v1.5.0", None).data == data
    assert source().bundle("v1.5.0", None).data == data


def test_it_works_where_nothing_can_be_kept(catalog, source):
    """There is no home in the tests."""
    data = tagged(catalog, "v1.5.0")

    assert source().bundle("v1.5.0", None).data == data


def test_releases_are_the_annotated_tags_that_are_called_so(catalog, source):
    catalog.write({"promptops.toml": '[release]\ntag_format = "p-{version}"\n'})
    catalog.commit("format")
    for name in ("p-1.0.0", "p-1.1.0-rc.1", "v3.0.0", "ask@p-4.0.0"):
        catalog.git("tag", "--annotate", "--message", name, name)
    catalog.git("tag", "p-9.0.0")

    assert source().releases() == {
        "p-1.0.0": Version(1, 0, 0),
        "p-1.1.0-rc.1": Version(1, 1, 0, ("rc", "1")),
    }


def test_channels_are_those_of_the_default_branch(catalog, source):
    catalog.write({"channels.yaml": "production: {release: v1.5.0, serial: 2}\n"})
    catalog.commit("serve")

    assert source().channels() == {"production": {"release": "v1.5.0", "serial": 2}}


def test_where_no_file_says_so_there_are_no_channels(catalog, source):
    assert source().channels() == {}


def test_any_branch_tag_or_commit_is_a_revision(catalog, source):
    tagged(catalog, "v1.5.0")
    commit = catalog.git("rev-parse", "HEAD")

    for revision in ("HEAD", "main", "v1.5.0", commit, "refs/heads/main"):
        contents = read_bundle(source().revision(revision), "")
        assert (contents.origin.commit, contents.origin.release) == (commit, None)


@pytest.mark.parametrize("name", ["v9.9.9", "main", "HEAD", "", "v1.5.0:x", "*", "--upload-pack=x"])
def test_what_is_no_release_is_not_found(catalog, source, name):
    tagged(catalog, "v1.5.0")

    with pytest.raises(NotFound):
        source().bundle(name, None)


def test_a_lightweight_tag_is_refused(catalog, source):
    catalog.git("tag", "v1.5.0")

    with pytest.raises(IntegrityError, match="not annotated"):
        source().bundle("v1.5.0", None)


def test_a_replayed_tag_is_refused_signed_or_not(catalog, source, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")
    catalog.git("update-ref", "refs/tags/v9.0.0", "refs/tags/v1.5.0")

    for trust in (None, ada.signers):
        with pytest.raises(IntegrityError, match=r"but the ref is 'v9\.0\.0'"):
            source().bundle("v9.0.0", trust)


def test_a_tag_that_tells_another_bundle_is_refused(catalog, source, cache):
    tagged(catalog, "v1.5.0", bundle_sha256="0" * 64)

    with pytest.raises(IntegrityError, match="the tag records the bundle 000"):
        source().bundle("v1.5.0", None)


def test_who_is_trusted_is_asked_each_time_also_of_what_was_kept(catalog, source, cache, tmp_path):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    signing_with(catalog, ada)
    data = tagged(catalog, "v1.5.0", "--sign")

    assert source().bundle("v1.5.0", ada.signers).data == data
    for signers in (eve.signers, tmp_path / "gone"):
        with pytest.raises(IntegrityError) as raised:
            source().bundle("v1.5.0", signers)
        by_ada = f"the tag is signed by ED25519 key {ada.fingerprint}, which is not trusted for it"
        assert raised.value.message == by_ada


def test_it_is_built_once_and_kept(catalog, source, cache):
    data = tagged(catalog, "v1.5.0")
    source().bundle("v1.5.0", None)
    (kept,) = (cache / "bundles").rglob("*.jsonl")
    kept.write_bytes(b"damaged")

    assert source().bundle("v1.5.0", None).data == data
    assert kept.read_bytes() == data


def test_the_environment_of_a_hook_is_no_part_of_it(catalog, source, tmp_path, monkeypatch):
    data = tagged(catalog, "v1.5.0")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))

    assert source().bundle("v1.5.0", None).data == data


def fetching(catalog, **options):
    address = f"git+file://{catalog.root}"
    return open_source(address, **{"offline": False, "deadline_s": 60, **options})


def test_only_the_commit_of_the_tag_is_fetched_and_only_once(catalog, cache):
    catalog.write({ASK: PROMPT.replace("Answers", "Asks")})
    catalog.commit("two")
    data = tagged(catalog, "v1.5.0")

    fetching(catalog).bundle("v1.5.0", None)
    (kept,) = (cache / "git").iterdir()
    shutil.move(catalog.root, catalog.root.with_name("away"))

    assert fetching(catalog).bundle("v1.5.0", None).data == data
    assert fetching(catalog, offline=True).bundle("v1.5.0", None).data == data
    catalog.root = kept
    assert catalog.git("rev-list", "--all", "--count") == "1"
    assert os.listdir(cache / "git") == [kept.name]


def test_offline_what_was_not_kept_is_out_of_reach(catalog, cache):
    tagged(catalog, "v1.5.0")

    for question in (
        lambda source: source.bundle("v1.5.0", None),
        lambda source: source.releases(),
        lambda source: source.channels(),
        lambda source: source.revision("main"),
    ):
        with pytest.raises(TransportError, match="PROMPTOPS_OFFLINE is set"):
            question(fetching(catalog, offline=True))


def test_a_tag_that_was_moved_is_refused_where_it_is_known(catalog, cache):
    data = tagged(catalog, "v1.5.0")
    fetching(catalog).bundle("v1.5.0", None)
    catalog.git("tag", "--delete", "v1.5.0")
    catalog.write({ASK: PROMPT.replace("Answers", "Asks")})
    catalog.commit("two")
    tagged(catalog, "v1.5.0")

    assert fetching(catalog).bundle("v1.5.0", None).data == data
    shutil.rmtree(cache / "git")
    with pytest.raises(IntegrityError, match="has changed"):
        fetching(catalog).bundle("v1.5.0", None)


def test_where_there_is_no_repository_nothing_is_found(tmp_path, cache):
    with pytest.raises(NotFound, match="there is no such repository"):
        open_source(f"git+file://{tmp_path}/gone", offline=False, deadline_s=60).releases()
    with pytest.raises(GitError):
        open_source(str(tmp_path), offline=False, deadline_s=60).releases()


@pytest.mark.parametrize(
    "address", ["git+http://127.0.0.1/x", "git+ext://sh", "ext::sh -c x://", "git://x/y", "s3://x"]
)
def test_another_address_is_no_source(address):
    with pytest.raises(UsageError, match="not the address of a repository"):
        open_source(address, offline=False, deadline_s=60)


def test_what_hangs_is_given_up_with_all_that_it_started(catalog, cache, tmp_path, monkeypatch):
    """An ssh that never answers, and leaves a child behind."""
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n")
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    child = tmp_path / "child"
    for deadline_s in (1, 5, 25):  # a busy machine may not have started it within the first
        started = time.monotonic()
        with pytest.raises(TransportError, match="no answer in time"):
            open_source("git+ssh://host/x", offline=False, deadline_s=deadline_s).releases()
        assert time.monotonic() - started < 120
        if child.exists() and child.read_text():
            break

    while not is_gone(int(child.read_text())):
        assert time.monotonic() - started < 240


def is_gone(child):
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{child}/stat") as file:  # killed, and nobody asked how it ended
        return file.read().rpartition(")")[2].split()[0] == "Z"


def test_no_name_reaches_git_as_an_option_and_no_password_reaches_a_message(cache, monkeypatch):
    with pytest.raises((NotFound, TransportError)) as raised:
        open_source("git+file://user:secret@/gone", offline=False, deadline_s=60).releases()
    with pytest.raises(UsageError):
        open_source("git+file:///gone", offline=False, deadline_s=60).revision("--upload-pack=x")

    assert "secret" not in f"{raised.value.message} {raised.value.where}"


def test_many_that_fetch_at_once_get_the_same(catalog, cache):
    data = tagged(catalog, "v1.5.0")

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(fetching(catalog).bundle, "v1.5.0", None) for _ in range(8)]

    assert {each.result().data for each in found} == {data}
    assert len(os.listdir(cache / "git")) == 1


def test_a_cached_repository_that_another_process_may_use_is_never_removed_in_place(
    catalog, cache, monkeypatch
):
    """Between a check and a removal, another process could have put a good one there."""
    data = tagged(catalog, "v1.5.0")
    fetching(catalog).bundle("v1.5.0", None)
    (kept,) = (cache / "git").iterdir()
    (kept / "HEAD").write_bytes(b"damaged")
    removed, remove = [], shutil.rmtree

    def recorded(folder, **options):
        removed.append(os.fspath(folder))
        remove(folder, **options)

    monkeypatch.setattr("shutil.rmtree", recorded)

    assert fetching(catalog).bundle("v1.5.0", None).data == data
    assert os.listdir(cache / "git") == [kept.name]
    assert (kept / "HEAD").read_bytes() != b"damaged"
    inside = [each for each in removed if each.startswith(str(cache))]
    assert inside
    assert all(each.endswith(".part") for each in inside)


def test_of_many_repositories_those_used_last_are_kept(catalog, cache, monkeypatch):
    monkeypatch.setattr("promptops.loading.MAX_CACHED_REPOSITORIES", 2)
    for number in range(4):
        tagged(catalog, f"v1.{number}.0")
        fetching(catalog).bundle(f"v1.{number}.0", None)
    abandoned = cache / "git" / "x.part"
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))

    tagged(catalog, "v2.0.0")
    fetching(catalog).bundle("v2.0.0", None)

    assert len(os.listdir(cache / "git")) == 2
    assert not abandoned.exists()
