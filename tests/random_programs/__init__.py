"""Programs that are made at random of gRPC's idioms: run as they are and migrated, both sides in all four ways.

Nothing here knows what the tool makes of anything. Each program has a server, clients and unit tests; what the clients
print must be the same for {old, new client} x {old, new server}, what the tests print before and after.
"""
