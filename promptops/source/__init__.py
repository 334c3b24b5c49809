"""Files become values with places: YAML, case files, schemas, configuration. Nothing here raises
for what a prompt file holds; only a configuration that can't be read stops a command."""
