"""Imports: they follow need, so their rule has no edits of its own."""
