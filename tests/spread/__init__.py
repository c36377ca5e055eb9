"""Work on files that is spread over processes."""
