"""A bundle of many prompts and one rendering, all of it imported before.

python3 load_promptops.py BUNDLE: each time another file, so that nothing of it is known.
"""

import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path

from per_call import report

import promptops

INPUTS = {"ticket": "The light blinks red.", "product": "router"}
numbers = count()


def load(folder):
    number = next(numbers)
    file = Path(folder, f"{number}.jsonl")
    file.symlink_to("bundle.jsonl")
    prompts = promptops.load("v1.0.0", source=file)
    number %= len(prompts)
    prompts[f"team-{number % 100}/ticket-{number}"].render(**INPUTS)  # another template, too
    return prompts


with tempfile.TemporaryDirectory() as folder:
    shutil.copy(sys.argv[1], Path(folder, "bundle.jsonl"))
    report({"load": lambda: load(folder)}, {"load": [len(load(folder))]})
