"""The page for an installer: what to type in at a terminal, and how far each of its attempts came."""
