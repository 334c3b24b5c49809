"""Allowed signers: what TypeScript accepts, ssh-keygen accepts, too."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.conformance.integrity import BUNDLE, LINES, signature_of, with_keys
from tests.conformance.test_js_package import with_packages
from tests.js.client import Client, by_python
from tests.runtime.loading.site import Signer, Site
from tests.runtime.loading.site_server import FAULTS, ServedSite

ROWS = 300
PIECES = (
    *' \t\r\n,"\\=!*?#Zz09-',
    'namespaces="',
    'valid-after="',
    "cert-authority",
    "20260101",
    "ada",
)
BEFORE_THE_KEY = 45


@with_packages
def test_no_random_line_is_accepted_that_ssh_keygen_refuses(node: Client, tmp_path: Path) -> None:
    file = tmp_path / "b.jsonl"
    file.write_bytes(BUNDLE)
    Path(f"{file}.sig").write_bytes(signature_of("ada"))
    rng = random.Random(1)
    lines = [with_keys(line) for line in LINES if line]
    wrong, accepted = [], 0

    for number in range(ROWS):
        signers = tmp_path / f"{number}.signers"
        signers.write_text(changed(rng.choice(lines), rng), "utf-8", newline="")
        if "release" in node.load(None, file, signers):
            accepted += 1
            if "release" not in by_python(None, file, signers):
                wrong.append(signers.read_text("utf-8"))

    assert (wrong, accepted > ROWS // 20) == ([], True)


def changed(line: str, rng: random.Random) -> str:
    characters = list(line)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(min(len(characters), BEFORE_THE_KEY))
        if rng.random() < 0.5:
            characters.insert(at, rng.choice(PIECES))
        else:
            characters[at] = rng.choice(("", *PIECES))
    return "".join(characters)


@with_packages
def test_a_failed_refresh_does_not_make_a_bundle_of_a_removed_signer_current(
    node: Client,
    server: ServedSite,
    site: Site,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, eve = Signer(tmp_path / "ada"), Signer(tmp_path / "eve", "eve@example.com")
    signers = tmp_path / "signers"
    monkeypatch.setenv("PROMPTOPS_TRUST", str(signers))
    signers.write_bytes(ada.allowed.read_bytes() + eve.allowed.read_bytes())
    eve.sign(site.folder / "bundles" / "v1.1.0.jsonl")

    before = node.load("production", server.address)
    signers.write_bytes(ada.allowed.read_bytes())
    server.answering.fault = FAULTS["500"]
    node.refreshed("production", server.address, stale=True)
    server.answering.fault = None
    asked = len(server.asked)
    node.load("production", server.address, refresh_s=0)
    node.settle()
    after = node.load("production", server.address)

    assert (before["stale"], after["stale"]) == (False, True)
    assert "bundles/v1.1.0.jsonl.sig" in server.asked[asked:]
