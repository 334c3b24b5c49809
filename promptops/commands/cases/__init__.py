"""`promptops cases`: draft test cases for every branch of a prompt."""
