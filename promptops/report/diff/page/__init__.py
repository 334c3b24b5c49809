"""The parts of the HTML page of a diff: Python code, template, style and script."""
