"""A site by https: certificates are verified, and nothing leads from https to http."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

import promptops
from tests.runtime.loading.site import Site


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of `localhost`, signed by itself; the key is in the same file."""
    file = tmp_path / "localhost.pem"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    make = ("openssl", "req", "-x509", *key, *name, "-keyout", str(file), "-out", f"{file}.crt")
    subprocess.run(make, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Leading(Quiet):
    """Sends everybody to http."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{self.server.server_port}{self.path}")
        self.end_headers()


@contextmanager
def serving(
    folder: Path, certificate: Path, kind: type[SimpleHTTPRequestHandler] = Quiet
) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", 0), partial(kind, directory=str(folder))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_certificate_that_is_known_is_taken(
    site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with serving(site.folder, certificate) as address:
        loaded = promptops.load("production", source=address, timeout_s=60)

    assert loaded.release == "v1.1.0"


def test_a_certificate_that_nobody_knows_is_refused(site: Site, certificate: Path) -> None:
    with (
        serving(site.folder, certificate) as address,
        pytest.raises(promptops.TransportError, match="certificate verify failed"),
    ):
        promptops.load("production", source=address, timeout_s=60)


def test_a_certificate_of_another_name_is_refused(
    site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with serving(site.folder, certificate) as address:
        other = address.replace("localhost", "127.0.0.1")

        with pytest.raises(promptops.TransportError, match="certificate verify failed"):
            promptops.load("production", source=other, timeout_s=60)


def test_nothing_leads_from_https_to_http(
    site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with (
        serving(site.folder, certificate, Leading) as address,
        pytest.raises(promptops.TransportError, match="the server redirects to another scheme"),
    ):
        promptops.load("production", source=address, timeout_s=60)
