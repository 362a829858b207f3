"""Moves jobs from held to done: three lanes over a store and a gateway that it knows only as protocols."""
