"""Family 6: caught errors and status codes."""
