"""Data and templates of the HTML page of mutation testing."""
