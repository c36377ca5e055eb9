"""Family 7: interceptors and handlers made by hand."""
