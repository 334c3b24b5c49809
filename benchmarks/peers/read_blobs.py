"""All files of a tag by one `git cat-file --batch`. python3 read_blobs.py TAG"""

import subprocess
import sys

listed = subprocess.run(["git", "ls-tree", "-r", sys.argv[1]], check=True, capture_output=True)
names = b"".join(line.split()[2] + b"\n" for line in listed.stdout.splitlines())
subprocess.run(["git", "cat-file", "--batch"], check=True, capture_output=True, input=names)
