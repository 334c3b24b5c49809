"""The same six checks in a plain script: shares by release and check, spread by conversation.

python3 score_plainly.py FILE
"""

import json
import re
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime

CATEGORIES = ("bug", "how_to", "billing", "other")
URGENCY = re.compile('"urgency": ?[1-5]')
CHECKS = (
    lambda text, data: data["category"] in CATEGORIES,
    lambda text, data: 1 <= len(re.findall(r"\w+", data["reply"])) <= 60,
    lambda text, data: len(data["reply"]) <= 400,
    lambda text, data: "guarantee" not in text.lower(),
    lambda text, data: URGENCY.search(text) is not None,
    lambda text, data: text.startswith("{"),
)


def holds(check, text, data):
    try:
        return check(text, data)
    except (KeyError, TypeError):
        return False


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


scored = 0
passed, errors, tokens = Counter(), Counter(), Counter()
seconds, conversations = defaultdict(list), defaultdict(Counter)
with open(sys.argv[1], "rb") as file:
    for line in file:
        sample = json.loads(line)
        day = datetime.fromtimestamp(sample["at"], UTC).date()
        group = sample["prompt"], sample["version"], day
        scored += 1
        seconds[group].append(sample["latency_s"])
        tokens[group] += sample["usage"]["input"] + sample["usage"]["output"]
        if "error" in sample:
            errors[group] += 1
            continue
        text = sample["output"]
        data = parsed(text)
        results = [holds(check, text, data) for check in CHECKS]
        for index, result in enumerate(results):
            passed[group, index] += result
        conversations[group][sample["conversation"]] += all(results)
shares = {key: count / len(seconds[key[0]]) for key, count in passed.items()}
slowest = {key: sorted(found)[int(len(found) * 0.95)] for key, found in seconds.items()}
print(f"{scored} samples, {len(shares)} shares, {len(slowest)} groups")
