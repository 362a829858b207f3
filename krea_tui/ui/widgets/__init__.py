"""Widgets: they know domain values and post messages."""
