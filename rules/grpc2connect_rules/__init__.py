"""The built-in rules: one module per gRPC idiom. Found through the entry-point group `grpc2connect.rules`."""
