"""How a release is shown before and after it is made, and what its tag tells people."""
