"""The programs that end-to-end tests bring together: Waypost itself, and those it talks to."""
