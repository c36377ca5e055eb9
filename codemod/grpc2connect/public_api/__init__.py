"""What a migration changes for those who call a library: `public = ["pkg.api"]` names the modules that they import.

`contracts` finds what callers see of gRPC there, `names` which functions, classes and values are public, `escaping`
which functions let a failed call's error out, and `bridge` what is kept as it is, so that callers go on. `callers` has
what a run asks.
"""
