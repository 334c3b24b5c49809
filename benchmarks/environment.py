"""One environment with this project and its peers, and the programs in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from timing import OURS, Program, Wrong, run

HERE = Path(__file__).parent
BARE_PYTHON = "bare Python"
PROJECT = HERE.parent
PEERS = HERE / "peers"
PYTHON_PEERS = (
    "yamllint",
    "check-jsonschema",
    "sqlfluff",
    "pytest",
    "inspect-ai",
    "deepeval>=4",
    "langfuse",
    "mlflow-skinny",
    "langchain-core",
    "prompty",
)
OURS_TOO = ("openai", "Jinja2", "jsonschema-rs", "PyYAML", "click")
"""What is measured beside us and stands below us, too."""
NODE_PEER = "promptfoo"
YAML_PEER = "yaml-language-server"
NODE_PEERS = (NODE_PEER, YAML_PEER)

OFFLINE = {
    "DO_NOT_TRACK": "true",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    **{
        f"PROMPTFOO_DISABLE_{what}": "true"
        for what in ("TELEMETRY", "UPDATE", "REMOTE_GENERATION", "SHARING")
    },
}
"""What turns off all that peers would do beside the work."""
_OF_SOMEBODY = re.compile(r"PYTHON|GIT_|PROMPTOPS_|PROMPTFOO_|DEEPEVAL_|INSPECT_|OPENAI_|NO_COLOR")


class Environment:
    """Installed below a folder, anew or over what an earlier run kept there.

    Attributes:
        left_out: Why a peer is not here, by its name.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._main = folder / "environment"
        self._apart: dict[str, Path] = {}
        self._node = folder / "node"
        self.left_out: dict[str, str] = {}
        _forget_somebody()
        _write_only_below(folder)
        self._install_ours()
        for peer in PYTHON_PEERS:
            self._install_python_peer(peer)
        for peer in NODE_PEERS:
            self._install_node_peer(peer)
        _live_in(folder / "home")

    def has(self, peer: str) -> bool:
        """Whether it was installed; "" is what needs no peer."""
        return peer not in self.left_out

    def leave_out(self, peer: str, why: str) -> None:
        """It is named in the results, with the reason."""
        self.left_out[peer] = self.without_paths(why)
        self._tell(f"{peer} is left out: {why}")

    def without_paths(self, text: str) -> str:
        """Without the folders of this machine."""
        return text.replace(str(self._folder), "…").replace(str(PROJECT), "…")

    def ours(self, *arguments: str, says: str = "", proof: Sequence[str] = ()) -> Program:
        return Program(OURS, [self._file("promptops"), *arguments], says, proof=proof)

    def python(self, name: str, *arguments: str, needs: str = "", says: str = "") -> Program:
        return Program(name, [self._file("python", needs), *arguments], says, needs)

    def bare_python(self) -> Program:
        return self.python(BARE_PYTHON, "-c", "pass")

    def script(
        self, name: str, file: str, *arguments: str | Path, needs: str = "", says: str = ""
    ) -> Program:
        """One of the files in `peers/`."""
        whole = (str(PEERS / file), *map(str, arguments))
        return self.python(name, *whole, needs=needs, says=says)

    def tool(self, peer: str, name: str, *arguments: str, says: str = "") -> Program:
        """The program of a peer in Python."""
        file = self._file(peer.removesuffix("-ai"), peer)
        return Program(name, [file, *arguments], says, peer)

    def promptfoo(self, name: str, *arguments: str, says: str = "") -> Program:
        return self.node_tool(NODE_PEER, name, *arguments, says=says)

    def node_tool(self, peer: str, name: str, *arguments: str, says: str = "") -> Program:
        """The program of a peer from npm."""
        file = self._node / peer / "node_modules" / ".bin" / peer
        return Program(name, [str(file), *arguments], says, peer)

    def versions(self) -> Iterator[tuple[str, str]]:
        """Of the peers that are here, and of what stands below us."""
        found = self._versions(self._main)
        for peer, apart in self._apart.items():
            found[peer] = f"{self._versions(apart)[peer]} (in an environment of its own)"
        for name in (*map(_name, PYTHON_PEERS), *OURS_TOO):
            if name.lower() in found:
                yield name, found[name.lower()]
        for peer in filter(self.has, NODE_PEERS):
            package = self._node / peer / "node_modules" / peer / "package.json"
            yield peer, json.loads(package.read_text())["version"]

    def _versions(self, environment: Path) -> dict[str, str]:
        listed = json.loads(self._pip("list", "--format", "json", into=environment))
        return {each["name"].lower().replace("_", "-"): each["version"] for each in listed}

    def installed_mb(self) -> dict[str, float]:
        """What lies on disk, by what was installed: this project without extras, and others."""
        alone = self._folder / "alone"
        self._pip("install", "-q", "--target", str(alone), str(self._wheel()))
        sizes = {OURS: _size_mb(alone)}
        shutil.rmtree(alone / "promptops")
        sizes["what it stands on alone"] = _size_mb(alone)
        shutil.rmtree(alone)
        if self.has(NODE_PEER):
            sizes[NODE_PEER] = _size_mb(self._node / NODE_PEER)
        return sizes

    def _install_ours(self) -> None:
        self._tell("installing this project")
        self._make(self._main)
        shutil.rmtree(self._folder / "wheels", ignore_errors=True)
        wheels = str(self._folder / "wheels")
        self._pip("wheel", "-q", "--no-deps", "-w", wheels, str(PROJECT))
        self._pip("install", "-q", f"{self._wheel()}[live,lsp,parquet]")
        self._pip("install", "-q", "--force-reinstall", "--no-deps", str(self._wheel()))

    def _install_python_peer(self, peer: str) -> None:
        """Beside ours, which stays as it is; apart from it where the two can't agree."""
        self._tell(f"installing {_name(peer)}")
        constraints = self._folder / "constraints.txt"
        lines = self._pip("freeze").splitlines()
        constraints.write_text("\n".join(line for line in lines if " @ " not in line))
        try:
            self._pip("install", "-q", "-c", str(constraints), peer)
        except Wrong:
            self._install_apart(peer)

    def _install_apart(self, peer: str) -> None:
        apart = self._folder / f"environment-{_name(peer)}"
        try:
            self._make(apart)
            self._pip("install", "-q", peer, into=apart)
        except Wrong as wrong:
            self.leave_out(_name(peer), str(wrong))
        else:
            self._apart[_name(peer)] = apart

    def _make(self, environment: Path) -> None:
        if not (environment / "bin" / "python").exists():
            run([sys.executable, "-m", "venv", environment])
        self._pip("install", "-q", "--upgrade", "pip", into=environment)  # an old one takes minutes

    def _install_node_peer(self, peer: str) -> None:
        if not shutil.which("npm"):
            return self.leave_out(peer, "there is no npm here")
        self._tell(f"installing {peer}")
        arguments = ("--silent", "--no-fund", "--no-audit", "--prefix", str(self._node / peer))
        try:
            run(["npm", "install", *arguments, peer])
            if peer == NODE_PEER:
                run(self.promptfoo("", "--version").command)
        except (Wrong, OSError) as wrong:
            self.leave_out(peer, str(wrong))
        return None

    def _file(self, program: str, peer: str = "") -> str:
        return str(self._apart.get(peer, self._main) / "bin" / program)

    def _wheel(self) -> Path:
        return next((self._folder / "wheels").glob("*.whl"))

    def _pip(self, *arguments: str, into: Path | None = None) -> str:
        return run([(into or self._main) / "bin" / "python", "-m", "pip", *arguments])


def _forget_somebody() -> None:
    """What whoever runs this has set is neither measured nor asked."""
    for name in [each for each in os.environ if _OF_SOMEBODY.match(each)]:
        del os.environ[name]
    nobody = "benchmark", "benchmark@example.com"
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": nobody[0], f"GIT_{role}_EMAIL": nobody[1]}
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull} | OFFLINE


def _write_only_below(folder: Path) -> None:
    """What is interrupted leaves its temporary files there, to be removed with it."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(temporary)


def _live_in(home: Path) -> None:
    """Whatever programs keep of their own lies there; what installs has its own caches before."""
    home.mkdir(exist_ok=True)
    for name in [each for each in os.environ if each.startswith("XDG_")]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "INSPECT_LOG_DIR": str(home / "inspect"),
        "DEEPEVAL_CACHE_FOLDER": str(home / "deepeval"),
        "PROMPTFOO_CONFIG_DIR": str(home / "promptfoo"),
        "PROMPTFOO_CACHE_PATH": str(home / "promptfoo" / "cache"),
    }


def _size_mb(folder: Path) -> float:
    """What the files hold, not the blocks they take."""
    files = (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    return sum(each.stat().st_size for each in files) / 1_000_000


def _name(requirement: str) -> str:
    return requirement.partition(">")[0]
