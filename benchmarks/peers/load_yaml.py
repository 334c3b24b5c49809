"""Prompts in files of their own, read by PyYAML's C loader. python3 load_yaml.py FOLDER"""

import sys
from pathlib import Path

import yaml
from per_call import report


def load():
    files = Path(sys.argv[1]).glob("team-*/*.prompt.yaml")
    return [yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in files]


report({"load": load}, {"load": [len(load())]})
