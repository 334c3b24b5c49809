"""The packaged library of probes."""
