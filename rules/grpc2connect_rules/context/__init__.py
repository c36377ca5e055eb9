"""Family 2: the servicer context."""
