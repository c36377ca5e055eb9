"""Which servers carry what of a migrated program: the table, what the program has, and the guide made of both.

`servers.toml` is the table; `tests/servers` tries it on the real servers. Knows `sources` and `syntax` only.
"""
