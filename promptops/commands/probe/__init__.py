"""Attack prompts with packaged probes."""
