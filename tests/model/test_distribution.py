"""What is read from the metadata of the installed distribution."""

import tomllib
from pathlib import Path

import pytest

from promptops.model.distribution import home, home_of

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
