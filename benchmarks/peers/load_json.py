"""What a bundle holds as one JSON document, read. python3 load_json.py FILE"""

import json
import sys
from pathlib import Path

from per_call import report


def load():
    return json.loads(Path(sys.argv[1]).read_bytes())


report({"load": load}, {"load": [sum("messages" in each for each in load())]})
