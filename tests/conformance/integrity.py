"""Bundle files with signatures and allowed signers: which of them may be loaded.

Private keys are never stored. `signatures.json` has the public keys and what they signed; when
another signature is needed, everything is signed again, with new keys.
"""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.runtime.loading.site import bundle

SIGNATURES = Path(__file__).with_name("signatures.json")
NAMESPACE = "promptops-bundle"
KEYS: Mapping[str, tuple[str, ...]] = {
    "ada": ("-t", "ed25519"),
    "eve": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "ecdsa": ("-t", "ecdsa"),
}
BUNDLE = bundle()
PACKED = gzip.compress(BUNDLE, mtime=0)
SIGNED = (
    ("ada", NAMESPACE, "sha512", BUNDLE),
    ("ada", NAMESPACE, "sha256", BUNDLE),
    ("ada", NAMESPACE, "sha512", PACKED),
    ("ada", "git", "sha512", BUNDLE),
    ("eve", NAMESPACE, "sha512", BUNDLE),
    ("rsa", NAMESPACE, "sha512", BUNDLE),
    ("ecdsa", NAMESPACE, "sha512", BUNDLE),
)
NOW = 1_767_225_600
"""2026-01-01T00:00:00Z, in seconds."""


def rows() -> Iterator[dict[str, Any]]:
    """Each has `name`, `data` and `verdict`; signed ones `signers`, `time` and `signature`."""
    for name, data, accepted in (*_whole(), *_unfit()):
        yield {"name": name, "data": _json(data), "verdict": _verdict(accepted)}
    yield {
        "name": "format 1",
        "data": _json(_of_format_1()),
        "verdict": "accepted",
        "needs": "format 1",
    }
    for name, signature, accepted in _signatures():
        yield _signed(name, BUNDLE, signature, f"ada {_public('ada')}\n", accepted)
    yield _signed("packed", PACKED, signature_of("ada", data=PACKED), f"ada {_public('ada')}", True)
    yield _signed(
        "the signature of the packed file",
        BUNDLE,
        signature_of("ada", data=PACKED),
        f"ada {_public('ada')}",
        False,
    )
    for name, signers, accepted in _signers():
        yield _signed(name, BUNDLE, signature_of("ada"), signers, accepted)
    for kind, needed in (("rsa", "ssh-rsa"), ("ecdsa", "ecdsa-sha2-nistp256")):
        row = _signed(
            f"a key of the kind {needed}",
            BUNDLE,
            signature_of(kind),
            f"ada {_public(kind)}\n",
            True,
        )
        yield row | {"needs": needed}


def _signed(
    name: str, data: bytes, signature: bytes | None, signers: str, accepted: bool
) -> dict[str, Any]:
    row = {"name": name, "data": _json(data), "signers": signers, "time": NOW}
    row |= {"signature": _json(signature)} if signature is not None else {}
    return row | {"verdict": _verdict(accepted)}


def _verdict(accepted: bool) -> str:
    return "accepted" if accepted else "refused"


def _json(data: bytes) -> Any:
    try:
        return data.decode("ascii")
    except ValueError:
        return {"base64": base64.b64encode(data).decode()}


# Bundles without a signature

Case = tuple[str, bytes, bool]


def _whole() -> Iterator[Case]:
    yield "as it is built", BUNDLE, True
    yield "gzip", PACKED, True
    yield "no release", bundle(release=None), True
    yield "an additional key", _sealed(_header(more=1)), True


def _unfit() -> Iterator[Case]:
    first, _, rest = BUNDLE.partition(b"\n")
    digest = json.loads(first)["sha256"].encode()
    yield "empty", b"", False
    yield "a changed byte", BUNDLE.replace(b"Greet", b"Great"), False
    yield "cut off", BUNDLE[:-1], False
    yield "a byte more", BUNDLE + b"\n", False
    yield "another digest", BUNDLE.replace(digest, b"0" * 64), False
    yield "the digest in capitals", BUNDLE.replace(digest, digest.upper()), False
    yield "no digest", b'{"bundle":2}\n' + rest, False
    yield "no format", b'{"sha256":"' + digest + b'"}\n' + rest, False
    for number in ("0", "3", "2.0", "true", '"2"', "2e0"):
        yield f"the format {number}", _sealed(rest, f'"bundle":{number}'), False
    yield "the format twice", _sealed(rest, '"bundle":2,"bundle":2'), False
    yield "a byte order mark", b"\xef\xbb\xbf" + BUNDLE, False
    yield "a long first line", _sealed(rest, '"bundle":2,"a":"' + "a" * 200 + '"'), False
    yield "one line", b'{"bundle":2,"sha256":"' + sha256().hexdigest().encode() + b'"}', False
    for text in ("2", "0", "1.0", '"1"', "null"):
        yield f"the programs {text}", _sealed(_header(programs=json.loads(text))), False
    yield "no programs", _sealed(_header("programs")), False
    for name in ("commit", "tree", "content", "prompts", "parts", "files", "aliases"):
        yield f"no `{name}`", _sealed(_header(name)), False
        yield f"a number as `{name}`", _sealed(_header(**{name: 1})), False
    yield "a number as `release`", _sealed(_header(release=1)), False
    header, _, body = rest.partition(b"\n")
    yield "a key of the header twice", _sealed(header[:-1] + b',"tree":""}\n' + body), False
    yield "NaN", _sealed(header[:-1] + b',"a":NaN}\n' + body), False
    yield "a number that is too large", _sealed(header[:-1] + b',"a":1e999}\n' + body), False
    yield "half of a character", _sealed(header[:-1] + b',"a":"\\ud800"}\n' + body), False
    yield "no UTF-8", _sealed(header[:-1] + b',"a":"\xff"}\n' + body), False
    deep = b"[" * 300 + b"]" * 300
    yield "nested 300 deep", _sealed(header[:-1] + b',"a":' + deep + b"}\n" + body), False
    yield "gzip that is cut off", PACKED[:-9], False
    yield "gzip that is damaged", PACKED[:100] + b"\0\0\0\0" + PACKED[104:], False
    yield "gzip with a wrong checksum", PACKED[:-8] + b"\0" * 4 + PACKED[-4:], False
    yield "gzip of 64 MB in 64 KB", gzip.compress(b"\0" * 2**26, mtime=0), False
    yield "gzip of gzip", gzip.compress(PACKED, mtime=0), False


def _header(without: str = "", **changed: Any) -> bytes:
    """The bundle without its first line, with another header."""
    header, _, body = BUNDLE.partition(b"\n")[2].partition(b"\n")
    value = json.loads(header) | changed
    value.pop(without, None)
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n" + body


def _sealed(rest: bytes, first: str = '"bundle":2') -> bytes:
    return f'{{{first},"sha256":"{sha256(rest).hexdigest()}"}}\n'.encode() + rest


def _of_format_1() -> bytes:
    return _sealed(_header("programs"), '"bundle":1')


# Signatures of the bundle, of which ada's are trusted


def _signatures() -> Iterator[tuple[str, bytes | None, bool]]:
    armored = signature_of("ada")
    yield "by a trusted key", armored, True
    yield "with SHA-256", signature_of("ada", hash_name="sha256"), True
    yield "lines that end with CRLF", armored.replace(b"\n", b"\r\n"), True
    yield "text after the signature", armored + b"more\n", True
    yield "one line of base64", _armor(_blob(armored), 10_000), True
    yield "version 0", _changed(armored, version=0), True
    yield "version 2", _changed(armored, version=2), False
    yield "no signature", None, False
    yield "an empty signature", b"", False
    yield (
        "no SSH signature",
        b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n",
        False,
    )
    yield "cut off", armored[:200], False
    yield "a line before the signature", b"\n" + armored, False
    yield "no end", armored.partition(b"\n-----END")[0], False
    yield "no base64", armored.replace(b"\nU1NI", b"\nU1N*", 1), False
    yield "over 16 KB", armored + b"\n" * 20_000, False
    yield "by another key", signature_of("eve"), False
    yield "for another purpose", signature_of("ada", namespace="git"), False
    yield "the signature of other bytes", signature_of("ada", data=PACKED), False
    for name, change in _TAMPERED.items():
        yield name, _changed(armored, change), False


Fields = list[bytes]
"""The public key, the namespace, the reserved field, the hash and the signature."""


def _set(index: int, value: Callable[[bytes], bytes]) -> Callable[[Fields], Fields]:
    return lambda fields: [value(each) if at == index else each for at, each in enumerate(fields)]


_TAMPERED: Mapping[str, Callable[[Fields], Fields]] = {
    "the key of another": _set(0, lambda _: _string(b"ssh-ed25519") + _string(b"\1" * 32)),
    "a longer key": _set(0, lambda key: key + b"x"),
    "a key of 31 bytes": _set(0, lambda key: key[:15] + _string(key[19:-1])),
    "no key": _set(0, lambda _: b""),
    "another namespace": _set(1, lambda _: b"git"),
    "no namespace": _set(1, lambda _: b""),
    "SHA-1": _set(3, lambda _: b"sha1"),
    "another hash": _set(3, lambda _: b"sha256"),
    "the hash of an object": _set(3, lambda _: b"constructor"),
    "a changed signature": _set(4, lambda value: value[:-1] + bytes([value[-1] ^ 1])),
    "a longer signature": _set(4, lambda value: value + b"x"),
    "a signature of 63 bytes": _set(4, lambda value: value[:15] + _string(value[19:-1])),
    "a signature of another kind": _set(4, lambda value: _string(b"ssh-rsa") + value[15:]),
    "no signature in it": _set(4, lambda _: b""),
    "bytes behind it": lambda fields: [*fields, b"x"],
    "a field less": lambda fields: fields[:-1],
}


def _changed(
    armored: bytes, change: Callable[[Fields], Fields] = lambda fields: fields, version: int = 1
) -> bytes:
    blob, fields = _blob(armored)[10:], []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        fields.append(blob[4:end])
        blob = blob[end:]
    return _armor(b"SSHSIG" + version.to_bytes(4, "big") + b"".join(map(_string, change(fields))))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _blob(armored: bytes) -> bytes:
    return base64.b64decode(b"".join(armored.splitlines()[1:-1]))


def _armor(blob: bytes, width: int = 70) -> bytes:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    ends = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
    return "\n".join((ends[0], *lines, ends[1], "")).encode()


# Allowed signers, for a signature of ada at the time NOW


def _signers() -> Iterator[tuple[str, str, bool]]:
    for line, accepted in LINES.items():
        yield f"signers: {line!r}", with_keys(line), accepted


def with_keys(text: str) -> str:
    for name in KEYS:
        text = text.replace(name.upper(), _public(name))
    return text


LINES: Mapping[str, bool] = {
    "": False,
    "ada ADA": True,
    "ada ADA comment of the key\r\n": True,
    "\tada\tADA\n": True,
    "# a comment\n\n   \nada ADA\n": True,
    "#ada ADA\n": False,
    "ADA\n": False,
    "eve EVE\n": False,
    "eve EVE\nrsa RSA\necdsa ECDSA\nada ADA\n": True,
    "bad\nada ADA\n": True,
    "bad ssh-ed25519 AAAA\nada ADA\n": True,
    'bad namespaces="x ADA\nada ADA\n': True,
    '"ada of the desk" ADA\n': True,
    '"ada ADA\n': False,
    "ada,bob ADA\n": True,
    ",ada ADA\n": False,
    "*@example.com ADA\n": True,
    "!ada ADA\n": False,
    "*,!bob ADA\n": True,
    "ada,!* ADA\n": False,
    'ada namespaces="promptops-bundle" ADA\n': True,
    'ada NameSpaces="promptops-bundle" ADA\n': True,
    'ada namespaces="git,promptops-*" ADA\n': True,
    'ada namespaces="promptops-bundl?" ADA\n': True,
    'ada namespaces="promptops-bundle,!promptops-*" ADA\n': False,
    'ada namespaces="promptops.bundle" ADA\n': False,
    'ada namespaces="PROMPTOPS-BUNDLE" ADA\n': False,
    'ada namespaces="git" ADA\n': False,
    'ada namespaces="" ADA\n': False,
    "ada namespaces=promptops-bundle ADA\n": False,
    'ada namespaces="promptops-bundle"x ADA\n': False,
    'ada namespaces="promptops-bundle",namespaces="promptops-bundle" ADA\n': False,
    'ada namespaces="a\\"b,promptops-bundle" ADA\n': True,
    'ada namespaces="git" ADA\nada ADA\n': True,
    'ada namespaces="git" ADA\nbob ADA\n': False,
    "ada unknown ADA\n": False,
    'ada unknown="1" ADA\n': False,
    "ada cert-authority ADA\n": False,
    'ada cert-authority,namespaces="promptops-bundle" ADA\n': False,
    "ada cert-authority ADA\nbob ADA\n": True,
    'ada valid-after="20260101Z" ADA\n': True,
    'ada valid-after="20260101000001Z" ADA\n': False,
    'ada valid-before="20260101Z" ADA\n': True,
    'ada valid-before="20251231235959Z" ADA\n': False,
    'ada valid-before="20251231235959UTC" ADA\n': False,
    'ada valid-before="202512312359z" ADA\n': False,
    'ada valid-after="20251230" ADA\n': True,
    'ada valid-before="20251230" ADA\n': False,
    'ada valid-after="20200101Z",valid-before="20300101Z" ADA\n': True,
    'ada valid-after="20300101Z",valid-before="20200101Z" ADA\n': False,
    'ada valid-after="20200101Z",valid-before="20200101Z" ADA\n': False,
    'ada valid-after="20200101Z" valid-before="20300101Z" ADA\n': False,
    'ada valid-after="20200101Z", ADA\n': False,
    'ada ,valid-after="20200101Z" ADA\n': True,
    'ada valid-after="19700101Z" ADA\n': False,
    'ada valid-after="2020" ADA\n': False,
    'ada valid-after="20200231Z" ADA\n': True,
    'ada valid-after="20201301Z" ADA\n': False,
    'ada valid-after="20200101T000000Z" ADA\n': False,
    'ada valid-before="2030-01-01" ADA\n': False,
    'ada valid-before="20251231Z" ADA\nbob ADA\n': True,
    "ada ed25519 ADA\n": False,
}  # fmt: skip


# Keys and signatures


def _public(name: str) -> str:
    """The kind of a key and the key."""
    return _stored()["keys"][name]


def signature_of(
    name: str, namespace: str = NAMESPACE, hash_name: str = "sha512", data: bytes = BUNDLE
) -> bytes:
    return _stored()["signatures"][_label(name, namespace, hash_name, data)].encode()


def _label(name: str, namespace: str, hash_name: str, data: bytes) -> str:
    return f"{name} {namespace} {hash_name} {sha256(data).hexdigest()}"


@cache
def _stored() -> Any:
    wanted = {_label(*each) for each in SIGNED}
    stored = json.loads(SIGNATURES.read_text("utf-8")) if SIGNATURES.exists() else {}
    if wanted != {*stored.get("signatures", ())}:
        stored = _sign_all()
        SIGNATURES.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
    return stored


def _sign_all() -> dict[str, Any]:
    """New keys, which exist until everything is signed."""
    with TemporaryDirectory() as folder:
        keys = {name: _new_key(Path(folder, name), *kind) for name, kind in KEYS.items()}
        signatures = {_label(*each): _sign(Path(folder), *each) for each in SIGNED}
    return {"keys": keys, "signatures": signatures}


def _new_key(file: Path, *kind: str) -> str:
    subprocess.run(("ssh-keygen", "-q", *kind, "-N", "", "-C", "", "-f", file), check=True)
    return Path(f"{file}.pub").read_text("ascii").strip()


def _sign(folder: Path, name: str, namespace: str, hash_name: str, data: bytes) -> str:
    sign = ("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, f"-Ohashalg={hash_name}")
    done = subprocess.run((*sign, "-f", folder / name), input=data, capture_output=True, check=True)
    return done.stdout.decode("ascii")
