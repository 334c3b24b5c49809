"""What a bundle holds as one JSON document, read. python3 load_json.py FILE"""

import json
import sys
from pathlib import Path

from per_call import report

report({"load": lambda: json.loads(Path(sys.argv[1]).read_bytes())})
