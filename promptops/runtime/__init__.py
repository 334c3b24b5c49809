"""What an application needs: parsing templates, rendering requests. No git, no YAML, no click."""
