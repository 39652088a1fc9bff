"""The admin endpoint: health, metrics and terminals for an operator; nothing that terminals send."""
