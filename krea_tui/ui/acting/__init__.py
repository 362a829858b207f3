"""What the job keys do, each with the marked jobs or the one under the cursor; imported at the first key."""
