"""What the person set: settings, places on disk and the API key."""
