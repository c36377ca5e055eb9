"""Projects packaged in different ways: migrated, and then built, tested and started by their own commands."""
