"""The only room that speaks to the vendor."""
