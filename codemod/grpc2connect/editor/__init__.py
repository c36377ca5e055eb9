"""What an editor is told, by the Language Server Protocol: diagnostics, hovers, and edits that it makes itself.

`server` speaks with the editor and never waits: what it has to know it asks (`questions`) of a process of its own
(`analyst`), which is ended when its answer would be outdated. The rest are pure functions from results to what the
protocol has for them. Nothing here writes a file. Needs pygls (the extra `editor`), and is imported by `lsp` alone.

Source of the protocol's facts: the Language Server Protocol, 3.17 (and 3.18 for edits with a place to fill in).
"""
