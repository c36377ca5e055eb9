"""How the project's programs are started, probed, reached and watched: Dockerfiles, manifests, units, dashboards.

One interface: `deploy` completes a run's result. Below it `files` finds the files that can matter by name and bytes,
`world` knows which programs have gRPC in them, `commands` what a start command starts; a module for each kind of file
says what is in it (`Looked`), and `edits` writes lines in. Nothing here is told what it means but by gRPC's facts.
"""

from grpc2connect.project.deployment.run import deploy

__all__ = ["deploy"]
