"""Code that HTML pages share: assembly, frame, style and script."""
