"""Runs a command until its first text is on stdout, and ends it.

python3 first_text.py COMMAND [ARGUMENT]... prints that text.
"""

import subprocess
import sys

with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as process:
    text = process.stdout.read(1)
    process.kill()
if not text:
    sys.exit(f"{sys.argv[1]} printed nothing")
print(f"first text: {text.decode()}")
