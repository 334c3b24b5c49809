"""The npm package: its types fit, and it passes the conformance vectors."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import served

SOURCES = Path(__file__).parents[2] / "js"
PACKAGE = json.loads((SOURCES / "package.json").read_text("utf-8"))
LOCK = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))


def with_packages(test):
    """A slow test that needs the packages of `npm ci`."""
    missing = not (SOURCES / "node_modules").is_dir()
    marked = pytest.mark.skipif(missing, reason="no npm ci in js")(test)
    return pytest.mark.slow(pytest.mark.xdist_group("npm")(marked))


# The package `deno` finds it by a script of npm, and `npm ci --ignore-scripts` runs none.
DENO = next((SOURCES / "node_modules" / "@deno").glob("*/deno*"), None)


def with_deno(test):
    """A test `with_packages` that needs Deno."""
    return with_packages(pytest.mark.skipif(DENO is None, reason="no Deno in js")(test))


def deno(folder: Path, *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    """Run Deno without downloads; its files, and the cache of bundles, are in `folder`."""
    folder.mkdir(exist_ok=True)
    own = {"HOME": folder, "DENO_DIR": folder / "deno", "PROMPTOPS_CACHE": folder / "cache"}
    environment = {**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
    environment |= {name: str(path) for name, path in own.items()}
    command = [str(DENO), *arguments]
    pipes = {"input": program, "capture_output": True, "text": True}
    return subprocess.run(command, cwd=SOURCES, env=environment, check=False, **pipes)


OFFLINE = ("--no-remote", "--cached-only", "--no-check", "--allow-all")


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


@with_deno
def test_the_vectors_pass_in_deno(tmp_path):
    files = sorted(path.stem for path in (SOURCES / "test").glob("*.test.ts"))
    npm("build", "test")

    done = deno(tmp_path, "test", *OFFLINE, "out/test/")

    assert done.returncode == 0, done.stdout + done.stderr
    assert " | 0 failed" in done.stdout
    ran = re.findall(r"^running [1-9]\d* tests? from \./out/test/(.+)\.mjs$", done.stdout, re.M)
    assert sorted(ran) == files


@with_deno
def test_deno_loads_by_channel_from_a_site(tmp_path):
    npm("build")
    site = Site(tmp_path / "site")
    digest = site.release("1.0.0", "Hello {{ name }}.")
    site.channel("production", "1.0.0", 1)
    with served(site.folder) as server:
        program = f"""
import {{ load }} from "./out/promptops.js";
const options = {{ source: {json.dumps(server.address)}, timeoutSeconds: 60 }};
const bundle = await load("production", options);
const [message] = bundle.get("greet").render({{ name: "Ada" }}).messages;
console.log(JSON.stringify([bundle.release, bundle.digest, bundle.channel, bundle.stale, message]));
"""
        done = deno(tmp_path / "deno", "run", *OFFLINE, "-", program=program)

    assert done.returncode == 0, done.stderr
    greeting = {"role": "user", "content": "Hello Ada."}
    assert json.loads(done.stdout) == ["v1.0.0", digest, "production", False, greeting]
    assert done.stderr == ""
    assert any((tmp_path / "deno" / "cache").rglob("*.jsonl"))
