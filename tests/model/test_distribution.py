"""What is read from the metadata of the installed distribution."""

import importlib.metadata
import shlex
import tomllib
from pathlib import Path

import pytest

from promptops.model.distribution import home, home_of, install_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ([], ""),
        (["Changelog, https://example.org/changes"], ""),
        (["Homepage, http://example.org"], ""),
        (["Homepage, javascript:alert(1)"], ""),
        (
            ["Source, https://example.org/code", "Homepage, https://example.org"],
            "https://example.org",
        ),
        (["Source Code, https://example.org/code"], "https://example.org/code"),
        (["home-page, https://example.org"], "https://example.org"),
        (["Documentation, https://docs.example.org/a,b"], "https://docs.example.org/a,b"),
    ],
)
def test_the_home_is_the_best_of_the_project_s_addresses(urls, expected):
    assert home_of(urls) == expected


def test_the_home_is_the_one_that_the_project_declares():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    urls = declared.get("urls", {})

    assert home() == home_of(f"{label}, {url}" for label, url in urls.items())


@pytest.mark.parametrize("quote", ["'", '"'])
def test_what_an_extra_needs_is_named_and_not_the_extra(quote, monkeypatch):
    requirements = [
        "click>=8.2",
        f"openai>=3; extra == {quote}live{quote}",
        f"rapidfuzz>=3.14 ; extra == {quote}likeness{quote}",
        f"sacrebleu>=2.6; extra == {quote}likeness{quote}",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: requirements)

    assert install_command("live") == "pip install 'openai>=3'"
    assert install_command("likeness") == "pip install 'rapidfuzz>=3.14' 'sacrebleu>=2.6'"


def test_in_a_checkout_that_is_not_installed_the_checkout_is_named(monkeypatch):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)

    assert install_command("live") == f"pip install {shlex.quote(f'{ROOT}[live]')}"
