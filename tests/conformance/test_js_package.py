"""The npm package: its types fit, and it passes the conformance vectors."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "js"
PACKAGE = json.loads((SOURCES / "package.json").read_text("utf-8"))
LOCK = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))


def with_packages(test):
    """A slow test that needs the packages of `npm ci`."""
    missing = not (SOURCES / "node_modules").is_dir()
    marked = pytest.mark.skipif(missing, reason="no npm ci in js")(test)
    return pytest.mark.slow(pytest.mark.xdist_group("npm")(marked))


def npm(*arguments: str) -> str:
    command = ["npm", "run", "--silent", *arguments]
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_lock_file_names_no_registry():
    assert [name for name, each in LOCK["packages"].items() if "resolved" in each] == []


def test_each_package_is_required_in_one_version():
    required = {**PACKAGE["dependencies"], **PACKAGE["devDependencies"]}

    assert required == {
        name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in required
    }


def test_the_sources_make_no_code_and_import_nothing_of_node():
    sources = "\n".join(path.read_text("utf-8") for path in (SOURCES / "src").glob("*.ts"))
    sources = re.sub("^import type .*", "", sources, flags=re.M)

    assert re.findall(r"\beval\(|new Function\(|\bBuffer\b|\bprocess\.|\brequire\(", sources) == []
    assert {name for name in re.findall(r'from "([^"]+)"', sources) if name[0] != "."} == {
        *PACKAGE["dependencies"]
    }


@with_packages
def test_the_types_fit_and_the_vectors_pass():
    npm("check")

    assert "# fail 0" in npm("test")


@with_packages
def test_an_application_imports_what_is_built(tmp_path):
    npm("build")
    application = tmp_path / "application.mjs"
    application.write_text(
        f"""
import {{ readBundle, parseRef }} from {json.dumps((SOURCES / "out" / "promptops.js").as_uri())};
console.log(parseRef("^1.2").kind, await readBundle(new Uint8Array()).catch((e) => e.message));
""",
        "utf-8",
    )

    done = subprocess.run(["node", application], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("Highest this is not a bundle\n", "")
