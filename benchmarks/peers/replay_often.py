"""What a comparison replaces: the tests of as many models, replayed in one process.

python3 replay_often.py 4
"""

import sys

from promptops.cli.main import run

for _ in range(int(sys.argv[1])):
    assert run(["test"]) == 0
