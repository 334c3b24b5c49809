"""What CONTRIBUTING.md promises: one command regenerates, tasks exist, the package has a README."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
GENERATE = runpy.run_path(str(ROOT / "scripts" / "generate.py"))
SCHEMA = runpy.run_path(str(ROOT / "scripts" / "make_schema.py"))
REPOSITORY = "https://git.example.com/acme/promptops"


def test_every_path_named_in_the_guide_exists():
    named = re.findall(r"`((?:docs|man|promptops|schemas|scripts|tests)/[\w./-]*)`", GUIDE)

    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_task_named_in_the_guide_exists():
    nox = pytest.importorskip("nox", reason="no nox: pip install '.[dev]'")
    tasks = runpy.run_path(str(ROOT / "noxfile.py"))
    sessions = {
        value.name or name
        for name, value in tasks.items()
        if isinstance(value, nox._decorators.Func)
    }

    assert set(re.findall(r"nox -s ([\w-]+)", GUIDE)) == sessions


def test_every_step_of_the_generator_is_in_the_guide():
    table = GUIDE.partition("## Generated files")[2].partition("\n## ")[0]

    assert re.findall(r"(?m)^\| `(\w+)` \|", table) == list(GENERATE["STEPS"])


def test_the_generator_finds_every_file_that_compares_with_a_golden_file():
    tests = GENERATE["golden_tests"]()

    assert {"tests/cli/test_help.py", "tests/report/diff/test_html.py"} <= set(tests)
    assert any(name.startswith("tests/hostile/") for name in tests)
    assert "tests/docs/test_addresses.py" not in tests


def test_the_schema_of_prompt_files_is_as_the_generator_writes_it():
    text = (ROOT / "schemas" / "prompt.schema.json").read_text("utf-8")

    assert SCHEMA["schema"](text, SCHEMA["built_in"]()) == text


def test_a_new_assertion_is_listed_and_a_removed_one_is_not():
    text = (ROOT / "schemas" / "prompt.schema.json").read_text("utf-8")

    written = json.loads(SCHEMA["schema"](text, ["equals", "new-one"]))

    listed = written["$defs"]["assertion"]["properties"]["type"]["anyOf"][0]["enum"]
    assert listed == ["equals", "not-equals", "new-one", "not-new-one"]


def test_links_in_the_readme_of_the_package_are_absolute():
    pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    package = runpy.run_path(str(ROOT / "scripts" / "package_readme.py"))
    readme = (ROOT / "README.md").read_text("utf-8")

    written = package["absolute_links"](readme, ROOT, REPOSITORY)

    links = re.findall(r"\]\(([^)\s]+)\)", written)
    assert len(links) > 15
    assert [link for link in links if not link.startswith("https://")] == []
    assert written.count(f"]({REPOSITORY}/") == len(re.findall(r"\]\((?!https:)", readme))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a](docs/a.md#b)", f"[a]({REPOSITORY}/blob/main/docs/a.md#b)"),
        ("[a](docs)", f"[a]({REPOSITORY}/tree/main/docs)"),
        ("[a](#b) [c](https://example.com)", "[a](#b) [c](https://example.com)"),
        ("```\n[a](docs)\n```", "```\n[a](docs)\n```"),
    ],
)
def test_only_relative_links_outside_code_change(written, expected):
    pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    package = runpy.run_path(str(ROOT / "scripts" / "package_readme.py"))

    assert package["absolute_links"](written, ROOT, REPOSITORY) == expected


@pytest.mark.parametrize("urls", [{}, {"urls": {"Repository": REPOSITORY}}])
def test_the_package_has_the_readme_with_links_to_its_repository_if_it_has_one(urls):
    pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    package = runpy.run_path(str(ROOT / "scripts" / "package_readme.py"))
    hook = package["PackageReadme"](str(ROOT), {})
    metadata = {"name": "git-promptops", **urls}

    hook.update(metadata)

    text = (ROOT / "README.md").read_text("utf-8")
    assert metadata["readme"] == {
        "content-type": "text/markdown",
        "text": package["absolute_links"](text, ROOT, REPOSITORY) if urls else text,
    }
