"""Migrated services in web frameworks, behind CORS, called by pages: the programs of examples/web, run."""
