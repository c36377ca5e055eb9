"""The project's own files around its code, and what a migration changes in them.

    completing        a run's result with all that these files need
    cleanup           the last step: what nothing needs any more
    generation/       where stubs are generated
    dependencies/     what is required and installed
    packaging         what is built has to take a vendored runtime along
    situation         the one interface of all readers: a file and what is known, to edits and findings
    places, stubs     all places that generate; all generated gRPC modules
    texts, files      the files as a run leaves them so far, and which there are
    scripts_in_files  where in a file commands of a shell stand

May import all that reads: `sources`, `schema`; knows nothing of rules or facts.
"""

from grpc2connect.project.completing import complete, require

__all__ = ["complete", "require"]
