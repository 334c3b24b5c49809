"""`promptops build --site`: what a static host serves only ever grows."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys

import jsonschema_rs
import pytest

from promptops.cli.main import run
from promptops.runtime.bundle.format import read_bundle
from promptops.source.shape import schema_text
from tests.bundles.released import ASK, FILES, PROMPT, key, signing_with, tagged


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.fixture
def publish(catalog, tmp_path, capfd):
    """Run it on the site; its answer as JSON, or what it complained of."""

    def running(*arguments, code=0):
        site = ("--site", str(tmp_path / "site"), "--format", "json")
        found = run(["build", *arguments, *site, "-C", str(catalog.root)])
        out, err = capfd.readouterr()
        assert found == code, err
        return err if code else json.loads(out)

    return running


def tree(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def serving(catalog, release, serial, bundle=None):
    digest = f", bundle: 'sha256:{bundle}'" if bundle else ""
    line = f"production: {{release: {release}, serial: {serial}{digest}}}\n"
    catalog.write({"channels.yaml": line})
    catalog.commit(f"serve {release}")


def second(catalog):
    catalog.write({ASK: PROMPT.replace("Answers", "Answers well")})
    catalog.commit("two")
    return tagged(catalog, "v1.10.0")


def test_a_release_is_added_and_read_by_its_schema(catalog, publish, tmp_path):
    data = tagged(catalog, "v1.9.0")
    digest = read_bundle(data, "").digest

    said = publish("v1.9.0")

    index = json.loads((tmp_path / "site/index.json").read_bytes())
    assert tree(tmp_path / "site").keys() == {"index.json", "bundles/v1.9.0.jsonl"}
    assert (tmp_path / "site/bundles/v1.9.0.jsonl").read_bytes() == data
    assert index == {
        "schema": 1,
        "channels": [],
        "releases": [
            {
                "release": "v1.9.0",
                "version": "1.9.0",
                "bundle": f"sha256:{digest}",
                "commit": catalog.git("rev-parse", "HEAD"),
                "prompts": {"ask": "1.4.2"},
            }
        ],
    }
    schema = jsonschema_rs.validator_for(json.loads(schema_text("site-index.schema.json")))
    assert schema.is_valid(index)
    assert (said["built"]["bundle_sha256"], said["files"]) == (
        digest,
        [str(tmp_path / "site/bundles/v1.9.0.jsonl")],
    )


def test_the_same_site_whatever_the_order_and_however_often(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    second(catalog)
    for name in ("v1.10.0", "v1.9.0"):
        publish(name)
    once = tree(tmp_path / "site")

    for name in ("v1.9.0", "v1.10.0", "v1.9.0"):
        publish(name)

    assert tree(tmp_path / "site") == once
    releases = json.loads(once["index.json"])["releases"]
    assert [each["release"] for each in releases] == ["v1.9.0", "v1.10.0"]


def test_a_channel_points_at_a_release_that_is_there(catalog, publish, tmp_path):
    data = tagged(catalog, "v1.9.0")
    digest = read_bundle(data, "").digest
    serving(catalog, "v1.9.0", 3, digest)

    said = publish("v1.9.0")

    pointer = json.loads((tmp_path / "site/channels/production.json").read_bytes())
    assert said["channels"] == ["production"]
    assert pointer == {"release": "v1.9.0", "bundle": f"sha256:{digest}", "serial": 3}
    schema = jsonschema_rs.validator_for(json.loads(schema_text("site-channel.schema.json")))
    assert schema.is_valid(pointer)
    assert json.loads((tmp_path / "site/index.json").read_bytes())["channels"] == ["production"]


def test_what_is_not_pushed_is_not_published(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    second(catalog)
    serving(catalog, "v1.9.0", 1)
    catalog.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    catalog.git("remote", "add", "origin", str(tmp_path / "bare"))
    catalog.git("push", "--quiet", "origin", "main")
    publish("v1.9.0")
    serving(catalog, "v1.10.0", 2)

    before = publish("v1.10.0")
    catalog.git("push", "--quiet", "origin", "main")
    after = publish()

    message = "`production` serves v1.10.0 in this clone only, so not changed: git push"
    assert (before["channels"], before["notes"]) == ([], [message])
    assert (after["channels"], after["notes"]) == (["production"], [])


def test_where_a_tag_is_checked_out_the_channels_are_those_of_the_fetched_default_branch(
    catalog, publish, tmp_path
):
    tagged(catalog, "v1.9.0")
    serving(catalog, "v1.9.0", 1)
    catalog.git("update-ref", "refs/remotes/origin/main", "HEAD")
    catalog.git("checkout", "--quiet", "--detach", "v1.9.0")
    catalog.git("branch", "--quiet", "-D", "main")

    assert publish("v1.9.0")["channels"] == ["production"]


def test_without_a_release_only_channels_are_brought_up_to_date(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    second(catalog)
    serving(catalog, "v1.9.0", 1)
    publish("v1.9.0")
    publish("v1.10.0")
    before = tree(tmp_path / "site")
    serving(catalog, "v1.10.0", 2)

    said, again = publish(), publish()

    after = tree(tmp_path / "site")
    changed = {path for path in after if before.get(path) != after[path]}
    assert (said["channels"], again["channels"]) == (["production"], [])
    assert (said["built"], changed) == (None, {"channels/production.json"})


def test_channels_are_those_of_the_default_branch(catalog, publish):
    tagged(catalog, "v1.9.0")
    catalog.git("switch", "--quiet", "--create", "work")
    serving(catalog, "v1.9.0", 3)

    said = publish("v1.9.0")

    assert said["channels"] == []


def test_a_release_that_is_not_there_is_told_and_nothing_points_at_it(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    second(catalog)
    serving(catalog, "v1.10.0", 1)

    said = publish("v1.9.0")

    assert said["notes"] == [
        f"`production` serves v1.10.0, which the site does not have: "
        f"promptops build v1.10.0 --site {tmp_path}/site"
    ]
    assert not (tmp_path / "site/channels").exists()


def test_a_channel_that_is_gone_is_told_and_left(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    serving(catalog, "v1.9.0", 1)
    publish("v1.9.0")
    catalog.write({"channels.yaml": "other: {release: v1.9.0, serial: 1}\n"})
    catalog.commit("renamed")

    said = publish()

    assert said["channels"] == ["other"]
    assert "belongs to a channel that channels.yaml does not name: remove it" in said["notes"][0]
    assert (tmp_path / "site/channels/production.json").exists()


@pytest.mark.parametrize("serial", [3, 2])
def test_a_channel_that_went_back_is_refused(catalog, publish, tmp_path, serial):
    tagged(catalog, "v1.9.0")
    second(catalog)
    serving(catalog, "v1.10.0", 3)
    publish("v1.9.0")
    publish("v1.10.0")
    before = tree(tmp_path / "site")
    serving(catalog, "v1.9.0", serial)

    said = publish(code=3)

    assert f"is at serial 3 in the site, and at {serial} in the repository" in said
    assert tree(tmp_path / "site") == before


def test_a_channel_that_names_another_bundle_is_refused(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    serving(catalog, "v1.9.0", 1, "0" * 64)

    said = publish("v1.9.0", code=3)

    assert "`production` names another bundle than that of v1.9.0" in said
    assert not (tmp_path / "site/channels/production.json").exists()


def test_a_release_that_is_another_than_it_was_is_refused(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    publish("v1.9.0")
    before = tree(tmp_path / "site")
    catalog.git("tag", "--delete", "v1.9.0")
    catalog.write({ASK: PROMPT.replace("Answers", "Asks")})
    catalog.commit("another")
    tagged(catalog, "v1.9.0")

    said = publish("v1.9.0", code=3)

    assert "the index has another release 'v1.9.0'" in said
    assert tree(tmp_path / "site") == before


def test_a_bundle_that_somebody_changed_is_not_rewritten(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    publish("v1.9.0")
    (tmp_path / "site/bundles/v1.9.0.jsonl").write_bytes(b"other")

    said = publish("v1.9.0", code=3)

    assert "a file with other content exists already" in said
    assert (tmp_path / "site/bundles/v1.9.0.jsonl").read_bytes() == b"other"


def test_it_is_signed_once(catalog, publish, tmp_path):
    signing_with(catalog, key(tmp_path))
    tagged(catalog, "v1.9.0")

    publish("v1.9.0", "--sign")
    first = tree(tmp_path / "site")
    publish("v1.9.0", "--sign")

    assert "bundles/v1.9.0.jsonl.sig" in first
    assert tree(tmp_path / "site") == first


def test_the_name_of_a_release_may_hold_a_slash(catalog, publish, tmp_path):
    catalog.write({"promptops.toml": '[release]\ntag_format = "prompts/v{version}"\n'})
    catalog.commit("format")
    catalog.git("tag", "--annotate", "--message", "by hand", "prompts/v1.0.0")

    publish("prompts/v1.0.0")

    assert (tmp_path / "site/bundles/prompts/v1.0.0.jsonl").exists()


@pytest.mark.parametrize("name", ["main", "HEAD", "light", "other"])
def test_what_is_no_release_is_not_published(catalog, publish, tmp_path, name):
    catalog.git("tag", "light")
    catalog.git("tag", "--annotate", "--message", "no release", "other")

    said = publish(name, code=2)

    assert f"'{name}' is not a release" in said
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"schema":2,"releases":[]}', b'{"schema":1,"releases":[{}]}', b"\xff"],
)
def test_what_is_no_index_is_left_alone(catalog, publish, tmp_path, content):
    tagged(catalog, "v1.9.0")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.json").write_bytes(content)

    said = publish("v1.9.0", code=3)

    assert "index.json: error: not " in said
    assert tree(tmp_path / "site") == {"index.json": content}


def test_one_at_a_time(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    (tmp_path / "site").mkdir()
    number = os.open(tmp_path / "site", os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_EX)

    said = publish("v1.9.0", code=3)
    os.close(number)

    assert "another process is writing to it" in said
    assert tree(tmp_path / "site") == {}


def test_a_file_in_the_way_is_told(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    (tmp_path / "site").write_text("a file")

    assert "can't create a site there: file exists" in publish("v1.9.0", code=3)


KILLED = """
import os, signal, sys
from pathlib import Path

left = int(sys.argv[1])

def dying(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call

for name in ("fsync", "replace", "write", "fchmod"):
    setattr(os, name, dying(getattr(os, name)))

from promptops.bundles.site import publish
publish(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sign=False)
print("done")
"""


@pytest.mark.slow
def test_killed_at_any_step_it_leaves_no_temporary_file_in_the_site(catalog, tmp_path):
    digest = read_bundle(tagged(catalog, "v1.9.0"), "").digest
    serving(catalog, "v1.9.0", 1, digest)
    site = tmp_path / "site"
    names = {"index.json", "bundles/v1.9.0.jsonl", "channels/production.json"}
    ends = []

    while not ends or ends[-1] == -signal.SIGKILL:
        arguments = (str(len(ends)), str(catalog.root), "v1.9.0", str(site))
        died = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
        ends.append(died.returncode)
        assert set(tree(site)) <= names, len(ends)
        for name, data in tree(site).items():
            assert data.endswith(b"\n"), name

    assert (ends[-1], set(tree(site)), len(ends) > 5) == (0, names, True)


def test_what_an_earlier_process_left_in_the_site_is_removed(catalog, publish, tmp_path):
    tagged(catalog, "v1.9.0")
    publish("v1.9.0")
    before = tree(tmp_path / "site")
    for name in (".index.json.4711", "bundles/.v1.9.0.jsonl.12", "bundles/.v1.9.0.jsonl.sig.3"):
        (tmp_path / "site" / name).write_bytes(b"half")
    (tmp_path / "site" / ".nojekyll").write_bytes(b"mine")

    publish("v1.9.0")

    assert tree(tmp_path / "site") == before | {".nojekyll": b"mine"}
