"""Family 8: annotations and other places that only name a type."""
