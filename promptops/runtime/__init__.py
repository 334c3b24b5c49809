"""The library for applications: render requests and load bundles, without git, YAML or click."""
