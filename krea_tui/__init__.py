"""A terminal studio for the Krea 2 Large text-to-image API."""

__version__ = "0.1.0"
