"""The parts of the HTML page of the gate: Python code, templates and style."""
