"""What the HTML page of a test run is made of: its parts in Python, its template, style, script."""
