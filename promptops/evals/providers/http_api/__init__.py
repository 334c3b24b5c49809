"""Shared by the providers that call an HTTP API through the provider's SDK."""
