"""Family 3: servers, registration, ports."""
