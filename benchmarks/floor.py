"""The least that a linter of this repository must do: read every file, parse its YAML."""

from pathlib import Path

import yaml

for path in Path("prompts").rglob("*.prompt.yaml"):
    yaml.compose(path.read_bytes(), Loader=yaml.CSafeLoader)
