"""Parse and run templates; the contract is in README.md."""
