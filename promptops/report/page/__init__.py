"""What HTML pages share: how one is put together, its frame, style and script."""
