"""What reports of several commands share: blocks, pages, safe text; findings and test runs."""
