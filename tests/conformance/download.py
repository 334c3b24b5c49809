"""Downloads the source distributions that hold public test suites, with pip.

    python tests/conformance/download.py FOLDER

Each is of the version that is installed.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

PACKAGES = ("jinja2", "jsonschema")


def main(folder: str) -> None:
    for name in PACKAGES:
        wanted = f"{name}=={version(name)}"
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
