"""Measurements, not tests: `python -m tests.benchmarks` runs them all and prints one table."""
