"""Where a generated Connect module goes and what it is called."""

from __future__ import annotations

from pathlib import Path

from grpc2connect.options import Options
from grpc2connect.schema import GrpcModule
from grpc2connect.schema.naming import module_name

SUFFIX = "_connect"


def has_place(module: GrpcModule, options: Options) -> bool:
    """Whether it is known where the Connect twin of `module` goes: beside it, or where the options say."""
    known = module.made_of is not None or module.twin is not None or options.generated is not None
    return _is_ours(module) or known


def connect_module(module: GrpcModule, options: Options) -> tuple[Path, str]:
    """The path and the dotted name of the Connect twin of `module`.

    Beside the proto of stubs that are made when the program runs it is found as the proto is: from the import path.
    Beside stubs in the repository it has their dotted name, as far as that is known. The twin of stubs that are
    installed, or built elsewhere, goes below `options.generated`, by the name of its proto; without that setting that
    of built ones goes to `twin`, by their dotted name. Where neither is known the answer is a place below
    `options.root` that `generate` refuses to write (`G2C008`).
    """
    if module.path is not None and _is_ours(module):
        stem = module.path.stem.removesuffix("_pb2_grpc") + SUFFIX
        package = (module.dotted or "").rpartition(".")[0]
        return module.path.with_name(f"{stem}.py"), f"{package}.{stem}" if package else stem
    dotted = module_name(module.proto, SUFFIX)
    if is_built(module, options):
        own = module_name(module.proto.rpartition("/")[2], SUFFIX)
        package = (module.dotted or "").rpartition(".")[0]
        path = module.twin or options.root / f"{own}.py"
        return path, f"{package}.{own}" if package else own
    if module.made_of is not None:
        return module.made_of.with_name(f"{dotted.rpartition('.')[2]}.py"), dotted
    out = options.generated.out if options.generated else options.root
    prefix = options.generated.package if options.generated else ""
    path = out.joinpath(*dotted.split("."))
    return path.with_name(f"{path.name}.py"), f"{prefix}.{dotted}" if prefix else dotted


def is_beside(module: GrpcModule, options: Options) -> bool:
    """Whether the same kind of import reaches the Connect twin of `module` as its stubs, beside which it is."""
    return _is_ours(module) or is_built(module, options)


def subject(module: GrpcModule, options: Options) -> Path:
    """The file that an error about `module` names: its stubs, else its proto or messages module, as far as found."""
    if module.path is not None:
        return module.path
    from grpc2connect.sources import find

    messages = Path(*module_name(module.proto, "_pb2").split("."))
    ends = (Path(module.proto).parts, messages.with_name(f"{messages.name}.py").parts)
    files, _ = find(options)
    for end in ends:
        for path in files:
            if path.parts[-len(end) :] == end:
                return path
    return options.root / module.proto


def _is_ours(module: GrpcModule) -> bool:
    return module.path is not None and not module.installed


def is_built(module: GrpcModule, options: Options) -> bool:
    """Whether the user's build makes `module`, of what is in the project, and nothing says where its twin goes."""
    return module.path is None and module.built_of is not None and options.generated is None
