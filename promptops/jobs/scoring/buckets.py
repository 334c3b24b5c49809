"""The bucket of a sample: samples that depend on each other share one."""

from __future__ import annotations

from hashlib import sha256

from promptops.evals.deciding.production import BUCKETS
from promptops.model.sample import Sample

HASH_RANGE = 1 << 64


def bucket_of(sample: Sample) -> int:
    """The number of the bucket, by the SHA-256 of what makes samples dependent."""
    return hash_of(independent_unit(sample)) % BUCKETS


def independent_unit(sample: Sample) -> str:
    """What makes samples dependent: the conversation, else the trace, else the sample itself."""
    return sample.conversation or sample.trace_id or sample.id


def hash_of(text: str) -> int:
    """A number below `HASH_RANGE`, the same in every process."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
