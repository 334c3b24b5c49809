"""Whose signatures count: the file of signers of now, and never what an index claims."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import promptops
from tests.runtime.loading.site import Signer, Site
from tests.runtime.loading.site_server import FAULTS, ServedSite
from tests.runtime.loading.state import forget, settle

PATIENCE_S = 60  # a machine that others use is slow


@pytest.mark.parametrize("ref", ["v2.0.0", "2.0.0", "^2"])
@pytest.mark.parametrize("served", [False, True])
def test_an_index_does_not_make_another_version_of_what_is_signed(
    server: ServedSite, site: Site, signer: Signer, served: bool, ref: str
) -> None:
    digest = site.release("1.0.0")
    signer.sign(site.folder / "bundles" / "v1.0.0.jsonl")
    lie = {"release": "v1.0.0", "version": "2.0.0", "bundle": f"sha256:{digest}"}
    site.put("index.json", json.dumps({"schema": 1, "releases": [lie]}).encode())
    source = server.address if served else str(site.folder)

    with pytest.raises(promptops.IntegrityError):
        promptops.load(ref, source=source, trust=signer.allowed, timeout_s=PATIENCE_S)


def test_the_file_of_signers_is_read_again_and_removed_signers_are_refused(
    server: ServedSite, site: Site, cache: Path, tmp_path: Path
) -> None:
    ada, eve = Signer(tmp_path / "ada"), Signer(tmp_path / "eve", "eve@example.com")
    signers = tmp_path / "signers"
    signers.write_bytes(ada.allowed.read_bytes())
    ada.sign(site.folder / "bundles" / "v1.1.0.jsonl")

    def load(ref: str, refresh_s: float = math.inf) -> str | None:
        found = promptops.load(
            ref, source=server.address, trust=signers, refresh_s=refresh_s, timeout_s=PATIENCE_S
        )
        settle()
        return found.release

    before = load("production")
    signers.write_bytes(ada.allowed.read_bytes() + eve.allowed.read_bytes())
    site.release("1.2.0")
    eve.sign(site.folder / "bundles" / "v1.2.0.jsonl")
    site.channel("production", "1.2.0", 4)
    load("production", refresh_s=0)
    during = load("production")
    signers.write_bytes(ada.allowed.read_bytes())
    forget()

    assert (before, during) == ("v1.1.0", "v1.2.0")
    with pytest.raises(promptops.IntegrityError, match="which is not trusted for it"):
        load("v1.2.0")


def test_an_empty_path_to_the_signers_trusts_nobody(site: Site) -> None:
    with pytest.raises(promptops.InputError, match="the allowed signers can't be read"):
        promptops.load("v1.0.0", source=site.folder, trust="")


def test_a_failed_refresh_does_not_make_a_bundle_of_a_removed_signer_current(
    server: ServedSite, site: Site, cache: Path, tmp_path: Path
) -> None:
    ada, eve = Signer(tmp_path / "ada"), Signer(tmp_path / "eve", "eve@example.com")
    signers = tmp_path / "signers"
    signers.write_bytes(ada.allowed.read_bytes() + eve.allowed.read_bytes())
    eve.sign(site.folder / "bundles" / "v1.1.0.jsonl")

    def stale(refresh_s: float) -> bool:
        found = promptops.load(
            "production",
            source=server.address,
            trust=signers,
            refresh_s=refresh_s,
            timeout_s=PATIENCE_S,
        )
        settle()
        return found.stale

    found = [stale(math.inf)]
    signers.write_bytes(ada.allowed.read_bytes())
    server.answering.fault = FAULTS["500"]
    found.append(stale(0))
    server.answering.fault = None
    found.append(stale(0))

    assert found == [False, True, True]
