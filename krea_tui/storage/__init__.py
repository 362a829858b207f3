"""SQLite history: what may have been sent is written down here before it is sent."""
