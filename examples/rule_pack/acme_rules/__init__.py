"""Rules of our own for grpc2connect: one module per idiom. Copy this folder to begin a pack."""
