"""Send many requests concurrently, within limits and budget, with retries that end."""
