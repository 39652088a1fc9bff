"""The wiring: configuration to parts, parts to a gateway, reload."""
