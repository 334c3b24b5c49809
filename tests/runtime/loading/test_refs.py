"""What each ref means at each source, and what is said where it means nothing."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from tests.runtime.loading.site import Site, bundle, digest_of
from tests.runtime.loading.site_server import ServedSite


@pytest.fixture
def many(site: Site) -> Site:
    """Versions around every bound; v2.0.0-rc.1 is a prerelease."""
    for version in ("0.9.0", "1.1.5", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0-rc.2"):
        site.release(version)
    return site


@pytest.mark.parametrize(
    ("ref", "release"),
    [
        ("v1.0.0", "v1.0.0"),
        ("1.0.0", "v1.0.0"),
        ("v2.0.0-rc.1", "v2.0.0-rc.1"),
        ("^1", "v1.10.0"),
        ("^1.2", "v1.10.0"),
        ("~1.1.0", "v1.1.5"),
        (">=1,<2", "v1.10.0"),
        (">=1", "v1.10.0"),
        ("<1", "v0.9.0"),
        ("^2.0.0-rc.1", "v2.0.0-rc.2"),
        ("=2.0.0-rc.1", "v2.0.0-rc.1"),
        ("production", "v1.1.0"),
    ],
)
def test_what_a_ref_means(many: Site, ref: str, release: str) -> None:
    assert promptops.load(ref, source=many.folder).release == release


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("v1.0.1", promptops.NotFound),
        ("1.0.1", promptops.NotFound),
        ("^2", promptops.NotFound),
        ("^3", promptops.NotFound),
        ("staging", promptops.NotFound),
        (f"sha256:{'0' * 64}", promptops.NotFound),
        ("latest", promptops.UsageError),
        ("deadbeef", promptops.UsageError),
        ("12", promptops.UsageError),
        ("v1", promptops.UsageError),
        ("support/triage@v1.0.0", promptops.UsageError),
        ("greet@v1.0.0", promptops.UsageError),
        ("sha256:12", promptops.UsageError),
        ("../../etc/passwd", promptops.UsageError),
        ("a b", promptops.UsageError),
        ("", promptops.UsageError),
        ("git:HEAD", promptops.UsageError),
        ("^x", promptops.UsageError),
        ("production\n", promptops.UsageError),
        ("\x00", promptops.UsageError),
    ],
)
def test_a_ref_that_means_nothing_is_an_error(
    many: Site, ref: str, kind: type[promptops.PromptopsError]
) -> None:
    with pytest.raises(promptops.PromptopsError) as raised:
        promptops.load(ref, source=many.folder)

    assert type(raised.value) is kind


def test_no_ref_is_an_error_that_lists_what_there_is(many: Site) -> None:
    with pytest.raises(promptops.UsageError) as raised:
        promptops.load(source=many.folder)

    assert (raised.value.message, raised.value.hint) == (
        "name a release: there is no implicit latest one",
        "there is 'v2.0.0-rc.2', 'v2.0.0-rc.1', 'v1.10.0', 'v1.9.0', 'v1.1.5', 'v1.1.0', "
        "'v1.0.0', 'v0.9.0'",
    )


def test_no_ref_at_a_site_of_many_lists_the_highest(many: Site) -> None:
    many.release("3.0.0")

    with pytest.raises(promptops.UsageError) as raised:
        promptops.load(source=many.folder)

    assert str(raised.value.hint).startswith("there is 'v3.0.0', 'v2.0.0-rc.2'")
    assert str(raised.value.hint).endswith("'v1.0.0' and 1 more")


def test_a_misspelt_channel_is_told_the_one_that_may_be_meant(
    site: Site, server: ServedSite
) -> None:
    index = json.loads((site.folder / "index.json").read_bytes())
    site.put("index.json", json.dumps({**index, "channels": ["staging", "production"]}).encode())

    for source in (str(site.folder), server.address):
        with pytest.raises(promptops.NotFound) as raised:
            promptops.load("prodution", source=source)
        assert raised.value.hint == (
            "did you mean `production`? there is 'production', 'staging', 'v1.1.0', 'v1.0.0'"
        )
    assert server.asked == ["channels/prodution.json", "index.json"]


def test_a_bundle_says_that_it_has_no_channels(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(bundle())

    hints = []
    for ref in ("production", "v9.9.9"):
        with pytest.raises(promptops.NotFound) as raised:
            promptops.load(ref, source=tmp_path / "b.jsonl")
        hints.append(raised.value.hint)

    no_channels = "a bundle has no channels: name a repository or a site, or a release; "
    assert hints == [f"{no_channels}there is 'v1.0.0'", "there is 'v1.0.0'"]


def test_an_empty_site_says_so(site: Site) -> None:
    site.put("index.json", b'{"schema": 1, "releases": []}')

    with pytest.raises(promptops.NotFound) as raised:
        promptops.load("v1.0.0", source=site.folder)

    assert raised.value.hint == "there are no releases"


Places = Callable[[str], str]


@pytest.fixture
def places(
    site: Site, server: ServedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """v1.1.0 in every kind of source without git."""
    data = (site.folder / "bundles" / "v1.1.0.jsonl").read_bytes()
    package = tmp_path / "installed" / "acme_prompts"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    for file in (tmp_path / "one.jsonl", package / "only.jsonl", package / "inner" / "b.jsonl"):
        file.write_bytes(data)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))
    site.folder.rename(tmp_path / "installed" / "acme_site")
    (tmp_path / "site").symlink_to(tmp_path / "installed" / "acme_site")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    monkeypatch.chdir(tmp_path)
    return {
        "file": str(tmp_path / "one.jsonl"),
        "relative": "one.jsonl",
        "packed": str(tmp_path / "packed.jsonl.gz"),
        "folder": str(tmp_path / "site"),
        "address": server.address,
        "address/": f"{server.address}/",
        "package": "pkg:acme_prompts",
        "file of a package": "pkg:acme_prompts/inner/b.jsonl",
        "site in a package": "pkg:acme_site",
    }


KINDS = [
    "file",
    "relative",
    "packed",
    "folder",
    "address",
    "address/",
    "package",
    "file of a package",
    "site in a package",
]
ONE_FILE = ("file", "relative", "packed", "package", "file of a package")


@pytest.mark.parametrize("kind", KINDS)
def test_the_digest_is_the_same_from_every_source(places: dict[str, str], kind: str) -> None:
    expected = digest_of(bundle("v1.1.0", "Good day {{ name }}."))
    refs = ("v1.1.0", "1.1.0", "^1", f"sha256:{expected}", *((None,) if kind in ONE_FILE else ()))

    loaded = [promptops.load(ref, source=places[kind]) for ref in refs]

    assert [each.digest for each in loaded] == [expected] * len(refs)
    assert loaded[0]["greet"].render(name="Ada").openai()["messages"] == [
        {"role": "user", "content": "Good day Ada."}
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_that_is_not_there_is_not_found_at_any_source(
    places: dict[str, str], kind: str
) -> None:
    for ref in ("v9.9.9", "^9", "staging", f"sha256:{'0' * 64}"):
        with pytest.raises(promptops.NotFound):
            promptops.load(ref, source=places[kind])


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("nowhere", promptops.NotFound, "there is no such source"),
        ("/dev/null", promptops.NotFound, "there is no such source"),
        ("\x00", promptops.NotFound, "there is no such source"),
        ("x" * 5000, promptops.NotFound, "there is no such source"),
        ("pkg:not_installed", promptops.NotFound, "there is no such package"),
        ("pkg:not_installed.inner", promptops.NotFound, "there is no such package"),
        ("pkg:../x", promptops.UsageError, "'..' is not the name of a package"),
        ("pkg:", promptops.UsageError, "'' is not the name of a package"),
        ("pkg:acme_prompts/none.jsonl", promptops.NotFound, "the package has 0 bundles"),
        ("pkg:email", promptops.NotFound, "the package has 0 bundles"),
        (
            "oci://registry/prompts",
            promptops.UsageError,
            "'oci://registry/prompts' is not a source",
        ),
    ],
)
def test_a_source_that_is_none(
    places: dict[str, str], source: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(promptops.PromptopsError) as raised:
        promptops.load("v1.1.0", source=source)

    assert (type(raised.value), raised.value.message) == (kind, message)


def test_a_package_of_two_bundles_asks_which(places: dict[str, str], tmp_path: Path) -> None:
    package = tmp_path / "installed" / "acme_prompts"
    (package / "other.jsonl").write_bytes(bundle())

    with pytest.raises(promptops.NotFound) as raised:
        promptops.load("v1.1.0", source="pkg:acme_prompts")

    assert (
        raised.value.hint
        == "name one: pkg:acme_prompts/FILE, where FILE is one of only.jsonl, other.jsonl"
    )
    assert "acme_prompts" not in sys.modules


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\x1f\x8b", b"\x00" * 100, gzip.compress(b"{}", mtime=0), bundle()[:-1]]
)
def test_a_file_that_is_no_bundle_is_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.jsonl").write_bytes(data)

    with pytest.raises(promptops.IntegrityError):
        promptops.load("v1.0.0", source=tmp_path / "b.jsonl")


def test_a_bundle_of_no_release_is_found_by_its_digest_or_by_its_file(tmp_path: Path) -> None:
    data = bundle(release=None)
    (tmp_path / "b.jsonl").write_bytes(data)

    for ref in (f"sha256:{digest_of(data)}", None):
        loaded = promptops.load(ref, source=tmp_path / "b.jsonl")

        assert (loaded.release, loaded.digest) == (None, digest_of(data))
