"""Family 1: servicer classes, handlers and their uses."""
