"""Family 4: channels, credentials, stubs."""
