"""The npm package finds, refreshes and caches bundles as Python does."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conformance.test_js_package import SOURCES, with_packages
from tests.js.client import Client, by_python, compared
from tests.runtime.loading.site import Signer, Site, bundle, digest_of
from tests.runtime.loading.site_server import FAULTS, ServedSite
from tests.runtime.loading.state import forget
from tests.runtime.loading.test_tls import Leading, Quiet, serving
from tests.servers.answers import Answer

VERSIONS = ("0.9.0", "1.1.5", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0-rc.2", "3.0.0")
REFS = (
    *("v1.0.0", "1.0.0", "v2.0.0-rc.1", "^1", "^1.2", "~1.1.0", ">=1,<2", ">=1", "<1", "^2"),
    *("^2.0.0-rc.1", "=2.0.0-rc.1", "production", "v1.0.1", "^9", "staging", "prodution", "prod"),
    *("PRODUCTION", "latest", "deadbeef", "12", "v1", "greet@v1.0.0", "sha256:12", "../../x"),
    *("a b", "", "^x", "production\n", f"sha256:{'0' * 64}", None),
)


@with_packages
@pytest.mark.parametrize("kind", ["folder", "address", "bundle", "packed"])
def test_each_ref_has_python_s_bundle_or_python_s_error(
    node: Client, site: Site, server: ServedSite, tmp_path: Path, kind: str
) -> None:
    for version in VERSIONS:
        site.release(version)
    index = json.loads((site.folder / "index.json").read_bytes())
    channels = ["staging-2", "production"]
    site.put("index.json", json.dumps({**index, "channels": channels}).encode())
    data = (site.folder / "bundles" / "v1.1.0.jsonl").read_bytes()
    (tmp_path / "b.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data))
    files = {"bundle": tmp_path / "b.jsonl", "packed": tmp_path / "b.jsonl.gz"}
    source = {"folder": site.folder, "address": f"{server.address}/", **files}[kind]

    for ref in (*REFS, f"sha256:{digest_of(data)}"):
        assert compared(node.load(ref, source)) == by_python(ref, source), ref


SOURCES_OF_NOTHING = (
    *("/nowhere", "/dev/null", "\x00", "x" * 5000, "s3://bucket/site", "ftp://a:b@example.com/"),
    *("http://example.com/site", "https://ada:secret@example.com/", "https://example.com/?a=b"),
    *("https://", "https://[", "https:///ada:secret@example.com/"),
)


@with_packages
@pytest.mark.parametrize("source", SOURCES_OF_NOTHING)
def test_a_source_that_is_none_is_python_s_error(node: Client, source: str) -> None:
    found, expected = compared(node.load("v1.0.0", source)), by_python("v1.0.0", source)

    for error in (found, expected):
        del error["hint"]  # names other kinds of sources
    assert found == expected


@with_packages
def test_a_folder_behind_a_link_is_python_s(node: Client, site: Site, tmp_path: Path) -> None:
    there = tmp_path / "elsewhere" / "below"
    there.mkdir(parents=True)
    site.folder.rename(there.parent / "site")
    (tmp_path / "link").symlink_to(there)
    source = f"{tmp_path}/link/../site"

    found = compared(node.load("v1.0.0", source))

    assert found == by_python("v1.0.0", source)
    assert found["release"] == "v1.0.0"


@with_packages
def test_git_and_work_trees_are_refused_with_the_way_out(
    node: Client, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [node.load("v1.0.0", source) for source in ("git+https://example.com/r", tmp_path)]
    errors.append(node.load("git:HEAD", site.folder))
    monkeypatch.setenv("PROMPTOPS_FROZEN", "1")
    frozen = [node.load("git:HEAD", site.folder), node.load("v1.0.0", site.folder)]
    monkeypatch.setenv("PROMPTOPS_OVERRIDE", ".")
    frozen.append(node.load("v1.0.0", site.folder))
    monkeypatch.delenv("PROMPTOPS_FROZEN")
    override = node.load("v1.0.0", site.folder)

    hint = (
        "build a site or a bundle of it: promptops build --site DIR, or promptops build REF -o FILE"
    )
    assert [(each["error"], each["message"], each["hint"]) for each in errors] == [
        ("UsageError", "only Python reads git repositories", hint)
    ] * 3
    assert [each.get("message") for each in frozen] == [
        "'git:HEAD' is for development",
        None,
        "PROMPTOPS_OVERRIDE is for development",
    ]
    assert override["message"] == "only Python reads a work tree: PROMPTOPS_OVERRIDE is set"


@with_packages
def test_a_bundle_or_a_site_of_an_installed_package_is_loaded(
    node: Client, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (site.folder / "bundles" / "v1.1.0.jsonl").read_bytes()
    modules = tmp_path / "node_modules"
    for name in ("one", "@acme/two/inner"):
        (modules / name).mkdir(parents=True)
    (modules / "one" / "only.jsonl").write_bytes(data)
    for name in ("a.jsonl", "b.jsonl.gz", "inner/c.jsonl"):
        (modules / "@acme/two" / name).write_bytes(data)
    site.folder.rename(modules / "site")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    sources = ("pkg:one", "pkg:@acme/two/inner/c.jsonl", "pkg:@acme/two", "pkg:site", "pkg:none")
    found = [node.load("v1.1.0", each) for each in (*sources, "pkg:../x", "pkg:")]

    assert [each.get("release") or each["message"] for each in found] == [
        *("v1.1.0", "v1.1.0", "the package has 2 bundles", "v1.1.0", "there is no such package"),
        *("'..' is not the name of a package", "'' is not the name of a package"),
    ]
    assert (
        found[2]["hint"] == "name one: pkg:@acme/two/FILE, where FILE is one of a.jsonl, b.jsonl.gz"
    )


@with_packages
def test_without_a_source_the_variable_names_it(
    node: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = node.load("v1.0.0", None)
    monkeypatch.setenv("PROMPTOPS_SOURCE", str(site.folder))

    assert (without["error"], without["message"]) == ("UsageError", "no source is given")
    assert node.load("v1.0.0", None)["release"] == "v1.0.0"


# A source that fails


@with_packages
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_an_error_in_time_or_the_last_bundle_stays(
    node: Client, server: ServedSite, cache: Path, fault: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node.load("production", server.address)
    server.answering.fault = fault
    during = node.refreshed("production", server.address, timeout_s=0.3, stale=True)
    node.forget()
    after = node.load("production", server.address, timeout_s=0.3)
    node.forget()
    monkeypatch.setenv("PROMPTOPS_CACHE", str(cache / "another"))
    without = node.load("production", server.address, timeout_s=0.3)

    kept = (before["digest"], "production", True)
    assert during["same"]
    assert [(each["digest"], each["channel"], each["stale"]) for each in (during, after)] == [
        kept
    ] * 2
    assert (without["error"], without["where"].startswith(server.address)) == (
        "TransportError",
        True,
    )
    for found in (during, after):
        assert [each.endswith("; 'v1.1.0' stays in use") for each in found["warnings"]] == [True]


@with_packages
def test_all_is_well_again_when_the_site_answers(
    node: Client, server: ServedSite, site: Site
) -> None:
    node.load("production", server.address)
    server.answering.fault = FAULTS["500"]
    failed = [node.refreshed("production", server.address, stale=True) for _ in range(2)]
    server.answering.fault = None
    site.channel("production", "1.0.0", 4)

    after = node.refreshed("production", server.address, release="v1.0.0")

    said = f"{server.address}/channels/production.json: the server answered with status 500"
    assert [each["warnings"] for each in failed] == [
        [f"promptops: {said}; 'v1.1.0' stays in use"],
        [],
    ]
    assert after["stale"] is False


@with_packages
def test_a_server_that_wants_quiet_is_not_asked(node: Client, server: ServedSite) -> None:
    node.load("production", server.address)
    server.answering.fault = FAULTS["429"]
    node.refreshed("production", server.address, stale=True)
    asked = len(server.asked)

    for _ in range(20):
        node.load("production", server.address, refresh_s=0)
        node.load("^1", server.address, refresh_s=0)

    assert server.asked[asked:] == ["index.json"]


@with_packages
def test_an_error_of_a_site_is_remembered_for_who_has_no_more_time(
    node: Client, server: ServedSite
) -> None:
    misspelt = [node.load("prodution", server.address, refresh_s=60) for _ in range(20)]
    asked = list(server.asked)
    server.answering.fault = FAULTS["500"]
    for refresh_s, timeout_s in ((60, 50), (60, 50), (60, 20), (60, 60), (0, 50)):
        node.load("production", server.address, refresh_s=refresh_s, timeout_s=timeout_s)

    assert {each["error"] for each in misspelt} == {"NotFound"}
    assert asked == ["channels/prodution.json", "index.json"]
    assert server.asked[2:] == ["channels/production.json"] * 3


@with_packages
def test_a_channel_that_is_gone_is_not_found_and_a_range_keeps_its_release(
    node: Client, server: ServedSite, site: Site
) -> None:
    for ref in ("production", "^1"):
        node.load(ref, server.address)
    (site.folder / "channels" / "production.json").unlink()
    site.put("index.json", b'{"schema": 1, "releases": []}')

    gone = node.refreshed("production", server.address, error="NotFound")
    kept = node.refreshed("^1", server.address, stale=True)

    assert gone["message"] == "there is no 'production'"
    assert (kept["release"], kept["warnings"]) == (
        "v1.1.0",
        [f"promptops: {server.address}: no release matches '^1' any more; 'v1.1.0' stays in use"],
    )


@with_packages
def test_a_thousand_callers_share_one_query(node: Client, server: ServedSite, site: Site) -> None:
    first = node.load("production", server.address, count=1_000)
    site.channel("production", "1.0.0", 4)
    node.load("production", server.address, refresh_s=0, count=1_000)
    after = node.refreshed("production", server.address, release="v1.0.0")

    assert (first["release"], first["all"], after["stale"]) == ("v1.1.0", True, False)
    assert server.asked[:4] == [
        *("channels/production.json", "bundles/v1.1.0.jsonl"),
        *("channels/production.json", "bundles/v1.0.0.jsonl"),
    ]


@with_packages
def test_a_thousand_callers_get_one_error(node: Client, server: ServedSite) -> None:
    server.answering.fault = FAULTS["500"]

    found = node.load("production", server.address, count=1_000)

    assert (found["error"], server.asked) == ("TransportError", ["channels/production.json"])


@with_packages
def test_what_did_not_change_is_not_sent_again(node: Client, server: ServedSite) -> None:
    node.load("production", server.address)
    node.load("v1.0.0", server.address)
    for _ in range(10_000):
        found = [node.load(ref, server.address, refresh_s=0) for ref in ("production", "v1.0.0")]
        if len(server.statuses) > 6:
            break

    assert [each["stale"] for each in found] == [False, False]
    assert server.statuses == [200] * 4 + [304] * 3


@with_packages
def test_redirects_are_followed_on_this_machine_only(
    node: Client, server: ServedSite, site: Site
) -> None:
    (site.folder / "moved.json").write_bytes((site.folder / "index.json").read_bytes())
    endless = {"location": "/v1/moved.json", "content-length": "100000"}
    away = {"location": "http://127.0.0.2:1/index.json"}
    found = []
    for headers in (endless, away):
        server.answering.faults = {"index.json": Answer(status=302, body=b"never", headers=headers)}
        found.append(node.load("v1.0.0", server.address))
        node.forget()

    assert found[0]["release"] == "v1.0.0"
    assert found[1]["message"] == "the server redirects to another machine"


HTTPS = """
const [built, source] = process.argv.slice(2);
const { load } = await import(built);
const options = { source, timeoutSeconds: 60 };
const found = await load("production", options).catch((error) => error);
console.log(found.release ?? `${found.name}: ${found.message}`);
"""


@with_packages
@pytest.mark.parametrize(
    ("known", "kind", "expected"),
    [
        (True, Quiet, "v1.1.0"),
        (False, Quiet, "TransportError: no answer: self-signed certificate"),
        (True, Leading, "TransportError: the server redirects to another scheme"),
    ],
)
def test_https_needs_a_certificate_and_stays_https(
    node: Client, site: Site, certificate: Path, known: bool, kind: type, expected: str
) -> None:
    built = (SOURCES / "out" / "promptops.js").as_uri()
    environment = {"NODE_EXTRA_CA_CERTS": str(certificate)} if known else {}
    with serving(site.folder, certificate, kind) as address:
        done = subprocess.run(
            ["node", "--input-type=module", "-e", HTTPS, "-", built, address],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.stdout, done.stderr) == (f"{expected}\n", "")


@with_packages
def test_what_was_packed_for_the_way_is_unpacked_up_to_a_limit(
    node: Client, server: ServedSite, site: Site
) -> None:
    def packed(data: bytes) -> Answer:
        return Answer(body=gzip.compress(data), headers={"content-encoding": "gzip"})

    for path in ("channels/production.json", "bundles/v1.1.0.jsonl"):
        server.answering.faults[path] = packed((site.folder / path).read_bytes())
    whole = node.load("production", server.address)
    server.answering.faults = {"channels/production.json": packed(b" " * 2**26)}
    node.forget()

    found = node.load("production", server.address)

    assert whole["release"] == "v1.1.0"
    assert (found["error"], found["message"]) == (
        "TransportError",
        "no answer: there are more than 65536 bytes",
    )


# The cache


@with_packages
@pytest.mark.parametrize("writer", ["python", "node"])
@pytest.mark.parametrize("trusted", [False, True])
def test_programs_in_both_languages_share_what_is_cached(
    node: Client,
    server: ServedSite,
    site: Site,
    signer: Signer,
    cache: Path,
    writer: str,
    trusted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for version in ("1.0.0", "1.1.0"):
        signer.sign(site.folder / "bundles" / f"v{version}.jsonl")
    trust = signer.allowed if trusted else None
    load = by_python if writer == "python" else node.load
    refs = ("production", "v1.0.0", "^1")
    for ref in refs:
        load(ref, server.address, trust)
    written = {str(file.relative_to(cache)) for file in cache.rglob("*")}
    forget()
    node.forget()
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    found = [(compared(node.load(ref, server.address, trust)), ref) for ref in refs]

    assert [each["stale"] for each, _ in found] == [True, False, True]
    assert found == [(by_python(ref, server.address, trust), ref) for ref in refs]
    assert {str(file.relative_to(cache)) for file in cache.rglob("*")} == written
    assert {file.stat().st_mode & 0o077 for file in cache.rglob("*")} == {0}


@with_packages
def test_the_files_are_those_that_python_writes(
    node: Client,
    server: ServedSite,
    site: Site,
    signer: Signer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for version in ("1.0.0", "1.1.0"):
        signer.sign(site.folder / "bundles" / f"v{version}.jsonl")
    contents = []
    for name, load in (("node", node.load), ("python", by_python)):
        monkeypatch.setenv("PROMPTOPS_CACHE", str(tmp_path / name))
        for ref in ("production", "v1.0.0", "^1"):
            load(ref, server.address, signer.allowed)
        files = [file for file in (tmp_path / name).rglob("*") if file.is_file()]
        contents.append({str(file.relative_to(tmp_path / name)): meaning(file) for file in files})

    assert contents[0] == contents[1]
    assert len(contents[0]) == 2 + 2 + 1 + 5


def meaning(file: Path) -> object:
    data = file.read_bytes()
    return json.loads(data) if file.suffix == ".json" else data


@with_packages
@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", bundle("v1.1.0", "Pay {{ name }}.")])
def test_a_damaged_cache_is_not_believed(
    node: Client, server: ServedSite, cache: Path, damage: bytes
) -> None:
    before = node.load("v1.1.0", server.address)
    node.forget()
    for file in (file for file in cache.rglob("*") if file.is_file()):
        file.write_bytes(damage)

    after = node.load("v1.1.0", server.address)

    assert compared(after) == compared(before)
    assert server.asked == ["index.json", "bundles/v1.1.0.jsonl"] * 2


@with_packages
@pytest.mark.parametrize("odd", ["link", "pipe", "writable"])
def test_a_file_of_the_cache_that_another_may_have_put_there_is_not_read(
    node: Client,
    server: ServedSite,
    cache: Path,
    tmp_path: Path,
    odd: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node.load("v1.1.0", server.address)
    node.forget()
    (file,) = cache.rglob("*.jsonl")
    if odd == "writable":
        file.chmod(0o666)
    else:
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere") if odd == "link" else os.mkfifo(file, 0o600)
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    assert node.load("v1.1.0", server.address)["error"] == "TransportError"


@with_packages
def test_a_cache_that_others_can_write_to_is_not_used_and_one_warning_says_so(
    node: Client, server: ServedSite, cache: Path
) -> None:
    cache.mkdir()
    cache.chmod(0o777)

    found = [node.load(ref, server.address) for ref in ("production", "v1.0.0")]

    assert [each["release"] for each in found] == ["v1.1.0", "v1.0.0"]
    assert [each["warnings"] for each in found] == [
        [
            f"promptops: the cache '{cache}' is not used: other users can write to it; chmod go-w "
            f"{cache}, or set PROMPTOPS_CACHE to a folder that does not exist yet"
        ],
        [],
    ]
    assert list(cache.iterdir()) == []


@with_packages
def test_offline_nothing_is_asked_and_a_folder_is_still_read(
    node: Client, server: ServedSite, site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    found = [node.load("production", each) for each in (server.address, site.folder)]

    assert compared(found[0]) == by_python("production", server.address)
    assert (found[1]["release"], found[1]["stale"], server.asked) == ("v1.1.0", False, [])


# Other runtimes

HANGING = """
const [built, address] = process.argv.slice(2);
const { load } = await import(built);
const options = { source: address, refreshSeconds: 0, timeoutSeconds: 60 };
const before = await load("production", options);
globalThis.fetch = () => new Promise(() => {});
options.timeoutSeconds = 0.05;
console.warn = (text) => { console.log(text, before.stale); process.exit(); };
setInterval(() => load("production", options), 10);
"""


@with_packages
def test_a_query_that_hangs_is_given_up_whatever_it_waits_for(
    node: Client, server: ServedSite, tmp_path: Path
) -> None:
    program = tmp_path / "program.mjs"
    program.write_text(HANGING, "utf-8")
    built = (SOURCES / "out" / "promptops.js").as_uri()

    done = subprocess.run(
        ["node", program, built, server.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    said = f"promptops: {server.address}: no answer in time; 'v1.1.0' stays in use true"
    assert (done.stdout, done.stderr) == (f"{said}\n", "")


WITHOUT_FILES = """
const [built, address, trust] = process.argv.slice(2);
globalThis.process = undefined;
const { load } = await import(built);
const bundle = await load("production", { source: address, trust, timeoutSeconds: 60 });
const refused = await load("v1.0.0", { source: "prompts.jsonl" }).catch((error) => error);
console.log(bundle.release, bundle.stale, refused.name, refused.message);
"""


@with_packages
def test_a_runtime_without_files_loads_from_an_address_and_ends(
    node: Client, server: ServedSite, site: Site, signer: Signer, tmp_path: Path
) -> None:
    """As a browser and a Worker."""
    signer.sign(site.folder / "bundles" / "v1.1.0.jsonl")
    program = tmp_path / "program.mjs"
    program.write_text(WITHOUT_FILES, "utf-8")
    built = (SOURCES / "out" / "promptops.js").as_uri()
    arguments = (built, server.address, signer.allowed.read_text())

    done = subprocess.run(
        ["node", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )

    refused = (
        "UsageError the source 'prompts.jsonl' needs files, which this JavaScript runtime lacks"
    )
    assert (done.stdout, done.stderr) == (f"v1.1.0 false {refused}\n", "")
