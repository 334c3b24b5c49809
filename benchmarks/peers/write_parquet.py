"""JSON Lines as Parquet. python3 write_parquet.py LINES PARQUET"""

import json
import sys

import pyarrow
from pyarrow import parquet

with open(sys.argv[1], "rb") as file:
    table = pyarrow.Table.from_pylist(list(map(json.loads, file)))
parquet.write_table(table, sys.argv[2], row_group_size=20_000)
