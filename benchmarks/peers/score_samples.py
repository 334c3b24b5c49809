"""Score a file of samples in this repository: the number of samples that were scored.

python3 score_samples.py FILE PROCESSES
"""

import sys
from pathlib import Path

from promptops.commands.score.options import ScoreOptions
from promptops.commands.score.score import score
from promptops.workspace.workspace import workspace

if __name__ == "__main__":
    file, processes = sys.argv[1:]
    with workspace(Path()) as opened:
        found = score(opened, ScoreOptions(paths=(file,), processes=int(processes)))
    print(f"{found.samples.scored} samples in {len(found.groups)} groups")
