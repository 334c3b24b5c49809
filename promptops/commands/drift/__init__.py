"""Call the model for the cases of a release every night."""
