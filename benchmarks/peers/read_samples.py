"""Read all samples of a file in one process: their number. python3 read_samples.py FILE"""

import sys

from promptops.model.score import Sample
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import parts, samples

with opened(sys.argv[1:]) as files:
    values = (value for part in parts(files) for value in samples(part))
    print(f"{sum(isinstance(value, Sample) for value in values)} samples")
