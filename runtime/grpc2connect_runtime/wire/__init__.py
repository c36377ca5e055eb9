"""Carries calls over grpcio instead of connectrpc's transports."""
