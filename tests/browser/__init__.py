"""The pages that people see, in a real Chromium, against the demo."""
