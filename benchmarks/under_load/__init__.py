"""A service, its servers and its clients, each in a process of its own, for `load.py` and `calls.py`."""
