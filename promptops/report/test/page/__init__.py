"""The parts of the HTML page of a test run: Python code, template, style, script."""
