"""The sources of the workbench: their own tests, and what is committed is built from them."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "ui"
ASSETS = ROOT / "promptops" / "commands" / "ui" / "assets"
PACKAGE = json.loads((SOURCES / "package.json").read_text("utf-8"))
LOCK = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))


def with_packages(test):
    """A slow test that needs the packages of `npm ci`."""
    missing = not (SOURCES / "node_modules").is_dir()
    marked = pytest.mark.skipif(missing, reason="no npm ci in ui")(test)
    return pytest.mark.slow(pytest.mark.xdist_group("npm")(marked))


def npm(*arguments: str) -> str:
    command = ["npm", "run", "--silent", *arguments]
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_types_of_the_page_are_those_of_the_schemas():
    script = runpy.run_path(str(ROOT / "scripts" / "make_ui_types.py"))

    assert (SOURCES / "src" / "types.ts").read_text("utf-8") == script["types"]()


def test_the_lock_file_names_no_registry():
    assert [name for name, each in LOCK["packages"].items() if "resolved" in each] == []


def test_each_package_is_required_in_one_version():
    required = {**PACKAGE["dependencies"], **PACKAGE["devDependencies"]}

    assert required == {
        name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in required
    }


def test_the_licenses_are_those_of_the_locked_packages():
    text = (ASSETS / "LICENSES.txt").read_text("utf-8")
    listed = dict(re.findall(r"(?m)^(\S+) (\d\S*) \([\w.-]+\)$", text))
    locked = {
        name.removeprefix("node_modules/"): each["version"]
        for name, each in LOCK["packages"].items()
        if name and not each.get("dev")
    }

    assert PACKAGE["dependencies"].items() <= listed.items() <= locked.items()


def test_the_page_has_no_code_of_its_own_and_is_not_html_of_the_server():
    page = (ASSETS / "index.html").read_text("utf-8")
    code = (ASSETS / "app.js").read_text("utf-8")

    assert re.findall(r"<(?:script|link|meta)[^>]*>", page) == [
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="csp-nonce" content="@NONCE@">',
        '<link rel="icon" href="data:,">',
        '<link rel="stylesheet" href="/app.css">',
        '<script src="/app.js" defer>',
    ]
    assert re.findall(r"\beval\(|new Function\(|document\.write\(", code) == []


def test_no_source_sets_html():
    sources = [path.read_text("utf-8") for path in (SOURCES / "src").rglob("*.ts*")]

    assert [re.findall(r"\w*[hH]TML\w* ?=|insertAdjacent", text) for text in sources] == [
        [] for _ in sources
    ]


@with_packages
def test_what_is_committed_is_what_the_sources_build(tmp_path):
    npm("build", "--", str(tmp_path))

    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in ASSETS.iterdir()}
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == [], "npm run build in ui"


@with_packages
def test_the_types_of_the_sources_fit_and_their_tests_pass():
    npm("check")

    assert "# fail 0" in npm("test")
