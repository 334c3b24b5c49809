"""`promptops build`: one file, the same for the same commit, put in place whole."""

from __future__ import annotations

import gzip
import json
import os

import jsonschema_rs
import pytest

from promptops.cli.main import run
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.runtime.request.canonical import canonical_json
from promptops.source.shape import schema_text
from promptops.storage import forked
from tests.bundles.released import ASK, FILES, PROMPT, ROOT, built, promptops, tagged
from tests.output_schemas import validate


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.fixture
def build(catalog, capfd):
    """Run it; exit code, stdout and stderr."""

    def running(*arguments, code=0):
        found = run(["build", *map(str, arguments), "-C", str(catalog.root)])
        out, err = capfd.readouterr()
        assert found == code, err
        return out, err

    return running


def of(data: bytes) -> Bundle:
    return Bundle(read_bundle(data, "here"), where="here")


def test_a_release_has_its_name_and_the_versions_that_its_tag_tells(catalog, build, tmp_path):
    data = tagged(catalog, "v1.5.0")

    build("v1.5.0", "-o", tmp_path / "out.jsonl")

    bundle = of((tmp_path / "out.jsonl").read_bytes())
    assert (tmp_path / "out.jsonl").read_bytes() == data
    assert (bundle.release, bundle["ask"].version) == ("v1.5.0", "1.4.2")
    assert sorted(os.listdir(tmp_path)) == ["out.jsonl", "repo"]


def test_a_revision_is_no_release_and_its_prompts_have_no_versions(catalog, build, tmp_path):
    tagged(catalog, "v1.5.0")

    build("-o", tmp_path / "out.jsonl")

    bundle = of((tmp_path / "out.jsonl").read_bytes())
    assert (bundle.release, bundle["ask"].version) == (None, None)
    assert bundle.commit == catalog.git("rev-parse", "HEAD")


def test_of_a_tag_made_by_hand_all_prompts_but_drafts_carry_its_version(catalog, build, tmp_path):
    catalog.git("tag", "--annotate", "--message", "by hand", "v2.0.0")

    build("v2.0.0", "-o", tmp_path / "out.jsonl")

    bundle = of((tmp_path / "out.jsonl").read_bytes())
    facts = {name: (prompt.version, prompt.status) for name, prompt in bundle.items()}
    assert facts == {"ask": ("2.0.0", "active"), "new": (None, "draft")}


def test_what_is_not_committed_is_no_part_of_it(catalog, build, tmp_path):
    before = built(catalog, "v1.5.0")
    catalog.write({ASK: PROMPT.replace("question}}", "nothing}}"), "prompts/x.prompt.yaml": ": :"})
    catalog.git("add", "--all")

    tagged(catalog, "v1.5.0")
    build("v1.5.0", "-o", tmp_path / "out.jsonl")

    assert (tmp_path / "out.jsonl").read_bytes() == before


def test_a_packed_one_is_the_same_every_time_and_unpacks_to_the_plain_one(catalog, build, tmp_path):
    data = tagged(catalog, "v1.5.0")

    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        build("v1.5.0", "-o", tmp_path / name)

    packed = (tmp_path / "one.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "two.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == data
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


def test_to_stdout_it_is_the_bundle_and_nothing_else(catalog):
    data = tagged(catalog, "v1.5.0")

    done = promptops("build", "v1.5.0", "-o", "-", cwd=catalog.root)

    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


def test_json_tells_what_was_built(catalog, build, tmp_path):
    data = tagged(catalog, "v1.5.0")
    contents = read_bundle(data, "here")

    out, _ = build("v1.5.0", "-o", tmp_path / "out.jsonl", "--format", "json")

    validate("build", json.loads(out))
    assert json.loads(out) == {
        "schema": 1,
        "built": {
            "release": "v1.5.0",
            "commit": catalog.git("rev-parse", "HEAD"),
            "content_sha256": contents.origin.content,
            "bundle_sha256": contents.digest,
            "prompts": 2,
        },
        "files": [str(tmp_path / "out.jsonl")],
        "channels": [],
        "notes": [],
    }


def test_text_tells_the_file_and_the_digest(catalog, build, tmp_path):
    digest = read_bundle(tagged(catalog, "v1.5.0"), "here").digest

    out, err = build("v1.5.0", "-o", tmp_path / "out.jsonl")

    assert (out, err) == (f"{tmp_path}/out.jsonl\nv1.5.0, 2 prompts, sha256:{digest}\n", "")


def test_a_file_that_is_there_is_replaced_whole_and_keeps_its_mode(catalog, build, tmp_path):
    file = tmp_path / "out.jsonl"
    file.write_bytes(b"old")
    file.chmod(0o640)
    (tmp_path / "link.jsonl").symlink_to(file)

    build("-o", tmp_path / "link.jsonl")

    assert of(file.read_bytes()).release is None
    assert file.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.jsonl").is_symlink()


def test_a_pipe_is_written_to_and_not_replaced(catalog, build, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    build("-o", tmp_path / "pipe")

    assert os.read(reader, 10) == b'{"bundle":'
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "write -o FILE or --site DIR"),
        (("-o", "x", "--site", "y"), 2, "write -o FILE or --site DIR"),
        (("-o", "-", "--sign"), 2, "the bundle itself is written to stdout"),
        (("-o", "-", "--format", "json"), 2, "the bundle itself is written to stdout"),
        (("worktree", "-o", "x"), 2, "built from committed files"),
        (("index", "-o", "x"), 2, "built from committed files"),
        (("-o", "x", "--config", "prompts=['p']"), 2, "with the configuration in its commit"),
        (("nothing", "-o", "x"), 4, "there is no revision 'nothing'"),
        (("--", "--output=x", "-o"), 2, ""),
        (("-o", "missing/x"), 3, "can't be written: no such file or directory"),
        (("-o", "."), 3, "can't be written: is a directory"),
        (("-o", ASK + "/x"), 3, "can't be written: not a directory"),
    ],
    ids=str,
)
def test_what_can_not_be_done_is_said(build, arguments, code, message):
    out, err = build(*arguments, code=code)

    assert message in err
    assert (json.loads(out)["exit_code"] if "json" in arguments else out) in ("", code)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({ASK: "format: promptops/1\nmessages: 5\n"}, "prompts/ask.prompt.yaml:2:11: error: "),
        ({ASK: PROMPT + "metadata: {x: .nan}\n"}, "a number that JSON does not allow"),
        ({ASK: PROMPT + "metadata: {x: .inf}\n"}, "a number that JSON does not allow"),
        ({ASK: PROMPT + 'metadata: {x: "\\ud800"}\n'}, "error: "),
        ({ASK: PROMPT.replace("{ question", "{ question\n")}, None),
        ({ASK: PROMPT.replace('"{{ question }}"', "{file: ./gone.md}")}, "no file `./gone.md`"),
        ({ASK: PROMPT.replace("{type: string,", "{$ref: gone.json, type: string,")}, "gone.json"),
        ({ASK: PROMPT.replace("type: string", "type: strng")}, "ask.prompt.yaml:6:22: error: "),
        (
            {ASK: PROMPT.replace("{{ question }}", "{% include 'p/gone.md.j2' %}")},
            "there is no template `p/gone.md.j2`",
        ),
        (
            {
                ASK: PROMPT.replace("{{ question }}", "{% include 'p/one.md.j2' %}"),
                "prompts/p/one.md.j2": "{% include './gone.md.j2' %}",
            },
            "prompts/p/one.md.j2:1:",
        ),
        (
            {
                ASK: PROMPT.replace(
                    "{{ question }}",
                    "{% include 'p/gone.md.j2' ignore missing %}"
                    "{% include ['p/gone.md.j2', 'p/one.md.j2'] %}{{ question }}",
                ),
                "prompts/p/one.md.j2": "One.",
            },
            None,
        ),
        (
            {ASK: PROMPT.replace('"{{ question }}"', "[{image: {file: ./gone.png}}]")},
            "no file `./gone.png`",
        ),
        ({ASK: PROMPT.replace("description", "extends: ./gone.prompt.yaml\ndescription")}, "gone"),
        ({"promptops.toml": "prompts = 5\n"}, "promptops.toml:1:"),
        (
            {
                ASK: PROMPT.replace('"{{ question }}"', "[{image: {file: ./large.png}}]"),
                "prompts/large.png": b"x" * (2 * 1024 * 1024 + 1),
            },
            "`prompts/large.png` is larger than 2 MB",
        ),
    ],
    ids=lambda change: str(change)[30:90],
)
def test_a_prompt_that_can_not_be_shipped_is_named_and_nothing_is_written(
    catalog, build, tmp_path, change, message
):
    catalog.write(change)
    catalog.commit("broken")
    (tmp_path / "out.jsonl").write_bytes(b"old")

    _, err = build("-o", tmp_path / "out.jsonl", code=0 if message is None else 3)

    assert (message or "") in err
    assert ((tmp_path / "out.jsonl").read_bytes() == b"old") == (message is not None)


def test_a_tag_that_tells_another_bundle_is_not_built(catalog, build, tmp_path):
    tagged(catalog, "v1.5.0", bundle_sha256="0" * 64)

    _, err = build("v1.5.0", "-o", tmp_path / "out.jsonl", code=3)

    assert "the tag records the bundle 000000" in err
    assert "`promptops verify v1.5.0` shows the details" in err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_replayed_tag_is_not_built(catalog, build, tmp_path):
    tagged(catalog, "v1.5.0")
    catalog.git("update-ref", "refs/tags/v9.0.0", "refs/tags/v1.5.0")

    _, err = build("v9.0.0", "-o", tmp_path / "out.jsonl", code=3)

    assert "the tag object is named 'v1.5.0', but the ref is 'v9.0.0'" in err


def test_every_line_is_canonical_and_what_the_schema_says(repo, tmp_path):
    for folder in ("prompts", "schemas"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                repo.write({str(path.relative_to(ROOT)): path.read_bytes()})
    repo.write({"promptops.toml": (ROOT / "promptops.toml").read_bytes()})
    repo.commit("our own")
    repo.git("tag", "--annotate", "--message", "v1.0.0", "v1.0.0")
    schema = jsonschema_rs.validator_for(json.loads(schema_text("bundle.schema.json")))

    done = promptops("build", "v1.0.0", "-o", tmp_path / "out.jsonl", cwd=repo.root)

    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert len(lines) > 10
    for line in lines:
        value = json.loads(line)
        assert canonical_json(value) == line
        assert [error.message for error in schema.iter_errors(value)] == []


def test_a_tag_gives_the_format_that_it_records_and_either_on_request(catalog, build, tmp_path):
    """What was published in format 1 keeps its digest; a tag without a record may be old."""
    current = tagged(catalog, "v1.5.0")
    catalog.git("tag", "--annotate", "--message", "by hand", "v1.4.0")
    tagged(catalog, "v1.3.0", bundle_format=1, bundle_sha256=None)
    out = tmp_path / "out.jsonl"
    found = {}
    for name in ("v1.5.0", "v1.4.0", "v1.3.0", "HEAD"):
        for options in ((), ("--bundle-format", "1"), ("--bundle-format", "2")):
            build(name, "-o", out, *options)
            found[name, *options[1:]] = read_bundle(out.read_bytes(), name)

    assert {key: contents.format for key, contents in found.items()} == {
        ("v1.5.0",): 2,
        ("v1.4.0",): 1,
        ("v1.3.0",): 1,
        ("HEAD",): 2,
        **{(name, number): int(number) for name, *rest in found for number in rest},
    }
    assert found["v1.5.0",].data == current
    first, second = found["v1.5.0", "1"], found["v1.5.0",]
    digests = [Bundle(each, where="")["ask"].digest for each in (first, second)]
    assert (digests[0], first.origin.content) == (digests[1], second.origin.content)
    assert b'"program' not in first.data


def test_a_site_has_each_release_in_its_own_format(catalog, build, tmp_path):
    _, err = build("--site", tmp_path, "--bundle-format", "1", code=2)

    assert err == (
        "error: --bundle-format is for -o FILE\n"
        "  tip: a site has each release in the format that its tag records: leave it out\n"
    )


def counted_pools(monkeypatch):
    """Work in two processes from ten prompts on; the pools of processes that are made."""
    pools = []

    def pool(*arguments):
        pools.append(real(*arguments))
        return pools[-1]

    real = forked._pool
    monkeypatch.setattr(forked, "_pool", pool)
    monkeypatch.setattr(forked, "FORK_FROM", 10)
    monkeypatch.setattr(forked, "cores", lambda: 2)
    return pools


def test_several_processes_build_the_same_bytes(catalog, build, tmp_path, monkeypatch):
    prompts = {
        f"prompts/p{number:03}.prompt.yaml": PROMPT.replace("question}}", f"q{number}}}}}")
        for number in range(250)
    }
    catalog.write(prompts)
    catalog.commit("many")
    build("-o", tmp_path / "one.jsonl")
    pools = counted_pools(monkeypatch)

    build("-o", tmp_path / "two.jsonl")

    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert len(of((tmp_path / "two.jsonl").read_bytes())) == 252
    assert [pool is not None for pool in pools] == [True]


def test_the_error_of_another_process_is_that_of_the_first_wrong_prompt(
    catalog, build, tmp_path, monkeypatch
):
    prompts = {
        f"prompts/p{number:03}.prompt.yaml": PROMPT if number not in (120, 230) else "a: ["
        for number in range(250)
    }
    catalog.write(prompts)
    catalog.commit("many")
    _, in_turn = build("-o", tmp_path / "out.jsonl", code=3)
    pools = counted_pools(monkeypatch)

    _, apart = build("-o", tmp_path / "out.jsonl", code=3)

    assert "prompts/p120.prompt.yaml" in apart
    assert apart == in_turn
    assert [pool is not None for pool in pools] == [True]
    assert sorted(os.listdir(tmp_path)) == ["repo"]
