"""The least that a replay must do: read every case and every recorded answer.

python3 parse_json_lines.py, in the repository, prints how many cases there are.
"""

import json
from pathlib import Path


def read(pattern):
    return [
        json.loads(line)
        for file in Path("prompts").glob(pattern)
        for line in file.read_bytes().splitlines()
    ]


cases, answers = read("*.cases.jsonl"), read("*.recordings.*jsonl")
assert len(cases) == len(answers)
print(f"{len(cases)} cases")
