"""Family 5: calls of a stub's methods, and call objects."""
