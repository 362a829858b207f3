"""Families of scenes; each module paints one from a Brief."""
