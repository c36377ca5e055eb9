"""Every server that `grpc2connect serve-guide` knows, tried: does it carry what its table says, and no more?

`serving.table` describes a server, `probes` says what is tried; `starting` starts a server, `matrix` puts both together
and compares with the table, `page` shows it. `program` is what is served: fixtures/served, migrated. Here and not among
the benchmarks because the table is a promise that the suite keeps; `python scripts/server_matrix.py` runs all of it,
`test_servers` one row for each server that is installed.
"""
