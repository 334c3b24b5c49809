"""Score samples of production with the assertions of their release."""
