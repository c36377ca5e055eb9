"""The faces of a run: patch, ledger, text, JSON and annotations, all made from one `RunResult`.

Every function here is pure: results in, bytes or lines out. Writing to a terminal is the command line's task.
"""
