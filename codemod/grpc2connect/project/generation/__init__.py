"""Where stubs are generated: the places of a project that run protoc, and what they generate from now on.

A place is found by what it asks protoc for (`--grpc_python_out`, buf's plugin), whatever kind of file it stands in:

    words        commands of a shell, with the spans of their words
    commands     a command that runs protoc: what it asks for, how it is started, what follows it
    modules      the Connect modules of the project, and whether the plugin by itself would write them so
    lines        edits of one command: options beside `--grpc_python_out`, or a `grpc2connect generate` after it
    scripts      shell scripts, Makefiles, Dockerfiles, tox and just files, and the scripts inside of YAML
    quoted       commands in the strings of TOML and JSON files
    programs     Python: build hooks, `setup.py`, noxfiles, scripts that call protoc
    buf          `buf.gen.yaml`, v1 and v2
    told         pages that tell people to run protoc
    outs         the folders that stubs are written to, for those that are not there
    copies       generated modules that are copied by their names
"""
