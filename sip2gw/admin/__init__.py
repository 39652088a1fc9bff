"""The window: what an operator may look at, and nothing of what terminals say."""
