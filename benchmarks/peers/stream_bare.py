"""The least that prints a streamed answer: `openai`'s own client.

python3 stream_bare.py TICKETS.json, with OPENAI_BASE_URL and OPENAI_API_KEY, streams one answer.
"""

import json
import sys
from pathlib import Path

from openai import OpenAI
from tickets import chat

ticket = json.loads(Path(sys.argv[1]).read_text())[0]
for chunk in OpenAI().chat.completions.create(**chat(ticket), stream=True):
    sys.stdout.write(chunk.choices[0].delta.content or "")
    sys.stdout.flush()
