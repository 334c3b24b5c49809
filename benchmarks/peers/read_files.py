"""The least that an import must do: read every file of the folder."""

import sys
from pathlib import Path

files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
for file in files:
    file.read_bytes()
print(len(files))
