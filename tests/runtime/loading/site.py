"""Bundles, and sites of them, made by hand: no repository is needed to load one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.model.place import Place, plain_text
from promptops.model.prompt import Message, Prompt, TextPart
from promptops.runtime.bundle.format import BundleOrigin, bundle_bytes, read_bundle
from promptops.runtime.bundle.prompts import contract_hash, prompt_value

INPUTS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def bundle(release: str | None = "v1.0.0", text: str = "Greet {{ name }}.") -> bytes:
    """A bundle of one prompt, `greet`, with one message."""
    path = "prompts/greet.prompt.yaml"
    part = TextPart(text=plain_text(path, text), at="/messages/0/content")
    message = Message(role="user", parts=(part,), at="/messages/0", plain=True)
    prompt = Prompt(
        id="greet",
        path=path,
        locate=lambda _pointer, _key: Place(path),
        inputs=INPUTS,
        messages=(message,),
    )
    digest = sha256(text.encode()).hexdigest()
    facts = {"version": "1.0.0", "digest": digest, "contract": contract_hash(prompt), "blobs": {}}
    origin = BundleOrigin(commit="c" * 40, tree="d" * 40, content=digest, release=release)
    return bundle_bytes(origin, [prompt_value(prompt) | facts], {}, {})


def digest_of(data: bytes) -> str:
    return read_bundle(data, "a test").digest


class Site:
    """A folder as `promptops build --site` makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bundles", "channels"):
            (folder / name).mkdir(parents=True)
        self._releases: dict[str, dict[str, Any]] = {}

    def release(self, version: str, text: str = "Greet {{ name }}.") -> str:
        """Add `vVERSION`, or replace it; its digest."""
        data = bundle(f"v{version}", text)
        self.put(f"bundles/v{version}.jsonl", data)
        self.list(version, digest_of(data))
        return digest_of(data)

    def list(self, version: str, digest: str) -> None:
        """Have the index say so."""
        self._releases[version] = {
            "release": f"v{version}",
            "version": version,
            "bundle": f"sha256:{digest}",
            "commit": "c" * 40,
            "prompts": {"greet": "1.0.0"},
        }
        index = {"schema": 1, "releases": list(self._releases.values())}
        self.put("index.json", json.dumps(index).encode())

    def channel(self, name: str, version: str, serial: int) -> None:
        bundle = self._releases[version]["bundle"]
        pointer = {"release": f"v{version}", "bundle": bundle, "serial": serial}
        self.put(f"channels/{name}.json", json.dumps(pointer).encode())

    def put(self, path: str, data: bytes) -> None:
        (self.folder / path).write_bytes(data)


class Signer:
    """A key, and a file that allows it."""

    def __init__(self, folder: Path, who: str = "ada@example.com") -> None:
        folder.mkdir()
        self.key = folder / "key"
        make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(self.key))
        subprocess.run(make, check=True)
        kind, key, _ = Path(f"{self.key}.pub").read_text().split(" ")
        self.allowed = folder / "allowed_signers"
        self.allowed.write_text(f"{who} {kind} {key}\n")

    def sign(self, file: Path, namespace: str = "promptops-bundle") -> None:
        """Write FILE.sig."""
        Path(f"{file}.sig").unlink(missing_ok=True)
        make = ("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(self.key), str(file))
        subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
