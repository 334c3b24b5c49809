"""The same commit gives the same bytes, wherever and whenever it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from promptops.bundles.build import build
from tests.bundles.released import FILES, MAIN, ROOT, promptops, tagged
from tests.conftest import GitRepository


def others() -> list[str]:
    """The other versions of Python that are here, with what we stand on installed."""
    found = (shutil.which(f"python3.{minor}") for minor in (11, 12, 13, 14))
    ask = ["-c", "import click, jinja2, yaml, jsonschema_rs, re2, git"]
    return [
        python
        for python in found
        if python is not None
        and not python.endswith(f"3.{sys.version_info.minor}")
        and not subprocess.run([python, *ask], capture_output=True, check=False).returncode
    ]


OTHER_PYTHONS = others()  # no test is made for one that is not here: CI allows none to be skipped
ENVIRONMENTS = {
    "time zone": {"TZ": "Pacific/Kiritimati"},
    "no locale": {"LANG": "C", "LC_ALL": "C"},
    "another locale": {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
    "no UTF-8 mode": {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"},
    "hash seed": {"PYTHONHASHSEED": "12345"},
    "another hash seed": {"PYTHONHASHSEED": "1"},
    "optimized": {"PYTHONOPTIMIZE": "2"},
    "git in German": {"LANGUAGE": "de"},
}


@pytest.fixture
def catalog(repo):
    umlauts = FILES | {"prompts/grüße.prompt.yaml": FILES["prompts/ask.prompt.yaml"]}
    repo.write(
        umlauts
        | {"prompts/crlf.prompt.yaml": FILES["prompts/ask.prompt.yaml"].replace("\n", "\r\n")}
    )
    repo.commit("one")
    return repo


@pytest.fixture
def data(catalog):
    return tagged(catalog, "v1.5.0")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_in_any_environment(catalog, data, name):
    done = promptops("build", "v1.5.0", "-o", "-", cwd=catalog.root, **ENVIRONMENTS[name])

    assert (done.stderr, done.stdout == data) == (b"", True)


def test_from_any_folder_and_with_any_umask(catalog, data, tmp_path):
    elsewhere = tmp_path / "else where" / "ü"
    elsewhere.mkdir(parents=True)
    shell = 'umask 077; exec "$@"'
    command = [sys.executable, "-c", MAIN, "build"]
    command += ["v1.5.0", "-C", str(catalog.root / "prompts"), "-o", str(elsewhere / "out")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    subprocess.run(["sh", "-c", shell, "sh", *command], cwd=elsewhere, env=environment, check=True)

    assert (elsewhere / "out").read_bytes() == data


@pytest.mark.parametrize("setting", ["true", "input", "false"])
def test_in_a_clone_with_other_line_endings(catalog, data, tmp_path, setting):
    clone = tmp_path / "clone"
    catalog.git("clone", "--quiet", f"--config=core.autocrlf={setting}", ".", str(clone))

    assert build(clone, "v1.5.0").data == data


def test_in_a_shallow_clone_and_in_a_bare_one(catalog, data, tmp_path):
    address = f"file://{catalog.root}"
    catalog.git("clone", "--quiet", "--depth=1", "--branch=v1.5.0", address, str(tmp_path / "a"))
    catalog.git("clone", "--quiet", "--bare", ".", str(tmp_path / "b"))

    assert build(tmp_path / "a", "v1.5.0").data == data
    assert build(tmp_path / "b", "v1.5.0").data == data


def test_whatever_is_checked_out_replaced_or_kept_about_it(catalog, data):
    catalog.write({"prompts/ask.prompt.yaml": "format: promptops/1\n"})
    other = catalog.commit("another")
    commit = catalog.git("rev-parse", "v1.5.0^{commit}")
    catalog.git("replace", commit, other)
    (catalog.root / ".git" / "promptops").mkdir()
    for name in ("graph.json", "graph"):
        (catalog.root / ".git" / "promptops" / name).write_text("{}")

    assert build(catalog.root, "v1.5.0").data == data


def test_in_a_repository_of_the_other_object_format(tmp_path):
    (tmp_path / "repo").mkdir()
    repo = GitRepository(tmp_path / "repo")
    repo.git("init", "--quiet", "--initial-branch=main", "--template=", "--object-format=sha256")
    repo.write(FILES)
    repo.commit("one")
    data = tagged(repo, "v1.5.0")

    done = promptops("build", "v1.5.0", "-o", "-", cwd=repo.root, TZ="Asia/Tokyo")

    assert done.stdout == data
    assert len(build(repo.root, "v1.5.0").contents.origin.commit) == 64


def test_what_a_prompt_says_has_one_digest_whatever_the_object_format(tmp_path):
    digests = set()
    for form in ("sha1", "sha256"):
        (tmp_path / form).mkdir()
        repo = GitRepository(tmp_path / form)
        options = ("--initial-branch=main", "--template=", f"--object-format={form}")
        repo.git("init", "--quiet", *options)
        repo.write(FILES)
        repo.commit("one")
        contents = build(repo.root, "HEAD").contents
        line = contents.line(contents.prompts["ask"])
        digests.add((line.text("digest"), line.text("contract"), contents.origin.content))

    assert len(digests) == 1


if OTHER_PYTHONS:

    @pytest.mark.parametrize("python", OTHER_PYTHONS)
    def test_by_any_python(catalog, data, python):
        done = subprocess.run(
            [python, "-c", MAIN, "build", "v1.5.0", "-o", "-"],
            cwd=catalog.root,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )

        assert (done.stderr, done.stdout == data) == (b"", True)
