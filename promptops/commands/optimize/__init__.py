"""`promptops optimize`: another wording of a prompt, with proof that it is better."""
