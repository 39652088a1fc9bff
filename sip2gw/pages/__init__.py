"""What all pages for a browser share: the frame around them with its style and script, and how they are sent."""
