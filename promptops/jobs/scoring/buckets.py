"""The bucket of a sample: samples that depend on each other share one."""

from __future__ import annotations

from promptops.evals.deciding.production import BUCKETS
from promptops.jobs.scoring.hashes import hash_of
from promptops.model.sample import Sample


def bucket_of(sample: Sample) -> int:
    """The number of the bucket, by the SHA-256 of what makes samples dependent."""
    return hash_of(independent_unit(sample)) % BUCKETS


def independent_unit(sample: Sample) -> str:
    """What makes samples dependent: the conversation, else the trace, else the sample itself."""
    return sample.conversation or sample.trace_id or sample.id
