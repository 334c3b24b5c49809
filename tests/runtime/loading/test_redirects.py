"""Redirects of a site: to no other machine, and their body is not read."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import promptops
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import ServedSite
from tests.servers.answers import Answer

PATIENCE_S = 60  # a machine that others use is slow


def test_a_redirect_of_an_unencrypted_site_leads_to_no_other_machine(
    server: ServedSite, site: Site
) -> None:
    """The whole of 127.0.0.0/8 is this machine, and stands for two."""
    asked: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(500)

    with ThreadingHTTPServer(("127.0.0.2", 0), Other) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        location = {"location": f"http://127.0.0.2:{other.server_port}/index.json"}
        server.answering.faults = {"index.json": Answer(status=302, body=b"", headers=location)}

        with pytest.raises(promptops.TransportError) as raised:
            promptops.load("v1.0.0", source=server.address, timeout_s=PATIENCE_S)

        other.shutdown()
    assert (raised.value.message, asked) == ("the server redirects to another machine", [])


def test_the_body_of_a_redirect_is_not_read(server: ServedSite, site: Site) -> None:
    """It may be endless."""
    (site.folder / "moved.json").write_bytes((site.folder / "index.json").read_bytes())
    headers = {"location": "/v1/moved.json", "content-length": "100000"}
    server.answering.faults = {"index.json": Answer(status=302, body=b"never", headers=headers)}

    loaded = promptops.load("v1.0.0", source=server.address, timeout_s=PATIENCE_S)

    assert (loaded.release, server.asked) == (
        "v1.0.0",
        ["index.json", "moved.json", "bundles/v1.0.0.jsonl"],
    )
