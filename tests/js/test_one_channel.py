"""One catalog serves a Python and a TypeScript application from the same channel."""

from __future__ import annotations

from pathlib import Path

from tests.bundles.released import ASK, FILES, PROMPT, key, promptops, signing_with, tagged
from tests.conformance.test_js_package import with_packages
from tests.conftest import GitRepository
from tests.js.client import Client, by_python, compared
from tests.runtime.loading.site_server import served
from tests.runtime.loading.state import forget


@with_packages
def test_both_see_a_promotion_and_a_rollback_with_equal_digests(
    node: Client, repo: GitRepository, tmp_path: Path, cache: Path
) -> None:
    ada = key(tmp_path)
    signing_with(repo, ada)
    repo.write(FILES)
    repo.commit("one")
    tagged(repo, "v1.5.0")
    repo.write({ASK: PROMPT.replace('"{{ question }}"', '"Asked: {{ question }}"')})
    repo.commit("two")
    tagged(repo, "v1.6.0")
    site = tmp_path / "public"

    def publish(*arguments: str) -> None:
        site_of = [("build", tag, "--site", str(site), "--sign") for tag in ("v1.5.0", "v1.6.0")]
        for each in (arguments, *site_of):
            done = promptops(*each, cwd=repo.root)
            assert done.returncode == 0, done.stderr.decode()

    publish("promote", "v1.5.0", "production", "--commit")
    with served(site) as server:
        first = node.load("production", server.address, ada.signers)
        found = [(compared(first), by_python("production", server.address, ada.signers))]
        for release, change in (
            ("v1.6.0", ("promote", "v1.6.0", "production", "--commit")),
            ("v1.5.0", ("rollback", "production", "--commit")),
        ):
            publish(*change)
            forget()
            seen = node.refreshed("production", server.address, ada.signers, release=release)
            found.append((compared(seen), by_python("production", server.address, ada.signers)))

    assert [by_node == in_python for by_node, in_python in found] == [True] * 3
    assert [(each["release"], each["stale"], each["text"]) for each, _ in found] == [
        ("v1.5.0", False, "Ada"),
        ("v1.6.0", False, "Asked: Ada"),
        ("v1.5.0", False, "Ada"),
    ]
    assert found[0][0]["request"] != found[1][0]["request"]
