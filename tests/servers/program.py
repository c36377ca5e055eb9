"""What is served: fixtures/served with its generated modules, migrated, with the modules for servers added."""

from __future__ import annotations

import importlib
import ipaddress
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import ModuleType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REPOSITORY = Path(__file__).parents[2]
FIXTURE = REPOSITORY / "fixtures" / "served"
_LIMIT_S = 120
_EVENT_S = 4.0
_STEP_S = 0.02


@dataclass(frozen=True)
class Program:
    """The migrated program in `folder`, and what a test needs beside it."""

    folder: Path

    @property
    def journal(self) -> Path:
        """Where handlers write what they see."""
        return self.folder / "journal"

    @property
    def key(self) -> Path:
        """The private key of 127.0.0.1."""
        return self.folder / "key.pem"

    @property
    def certificate(self) -> Path:
        """Its certificate."""
        return self.folder / "certificate.pem"

    @property
    def authority(self) -> Path:
        """The certificate of who signed it."""
        return self.folder / "authority.pem"

    @cached_property
    def messages(self) -> ModuleType:
        """The generated messages."""
        return self._module("served_pb2")

    @cached_property
    def stubs(self) -> ModuleType:
        """grpcio's generated stubs."""
        return self._module("served_pb2_grpc")

    @cached_property
    def clients(self) -> ModuleType:
        """Connect's generated clients."""
        return self._module("served_connect")

    def _module(self, name: str) -> ModuleType:
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        return importlib.import_module(f"served.{name}")

    def tell(self, token: str, event: str) -> None:
        """Let a handler go on that waits for an event."""
        (self.journal / f"{token}.{event}").touch()

    def has(self, token: str, event: str) -> bool:
        """Whether a handler has noted an event."""
        return (self.journal / f"{token}.{event}").exists()

    def wait_for(self, token: str, event: str) -> bool:
        """Whether a handler notes an event within some seconds."""
        end = time.monotonic() + _EVENT_S
        while not self.has(token, event) and time.monotonic() < end:
            time.sleep(_STEP_S)
        return self.has(token, event)


def make(folder: Path) -> Program:
    """Make the program in an empty folder.

    Raises:
        RuntimeError: a step failed, with what it said.
    """
    shutil.copytree(FIXTURE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    protos = ("-Iproto", "--python_out=.", "--grpc_python_out=.", "proto/served/served.proto")
    _run(folder, "grpc_tools.protoc", *protos)
    _run(folder, "grpc2connect", "migrate", "--allow-no-vcs", "--quiet", ".")
    guide = _run(folder, "grpc2connect", "serve-guide", "--app-module", "--program", "served.aio_server", ".")
    (folder / "served" / "aio_server_asgi.py").write_text(guide, encoding="utf-8")
    program = Program(folder)
    program.journal.mkdir()
    _certify(program)
    return program


def _run(folder: Path, module: str, *arguments: str) -> str:
    paths = os.pathsep.join(str(REPOSITORY / part) for part in ("codemod", "rules", "runtime"))
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "NO_COLOR": "1", "G2C_CACHE_DIR": ""},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _certify(program: Program) -> None:
    authority = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _named("tests")
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    root = _certificate(
        issuer, authority.public_key(), issuer, authority, x509.BasicConstraints(ca=True, path_length=0)
    )
    leaf = _certificate(_named("127.0.0.1"), key.public_key(), issuer, authority, address)
    unencrypted = serialization.NoEncryption()
    program.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    )
    program.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    program.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(signer, hashes.SHA256())
    )
