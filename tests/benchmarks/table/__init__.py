"""`python -m tests.benchmarks.table`: the live table beside Textual's DataTable, in the same run."""
