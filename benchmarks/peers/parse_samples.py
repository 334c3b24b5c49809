"""The least that scoring must do: read each sample.

python3 parse_samples.py FILE
"""

import json
import sys

with open(sys.argv[1], "rb") as file:
    print(f"{sum(len(json.loads(line)) > 0 for line in file)} samples")
