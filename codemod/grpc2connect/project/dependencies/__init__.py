"""What a project requires: requirements of the migrated code beside those of grpcio, and nothing that is not used.

names         names of distributions, those of gRPC's family, and what they are imported as
versions      the range that a version specifier leaves, in the spellings of pip, poetry and conda
listing       one list of requirements in a file, whatever the file: what it holds, adding, removing
requirements  requirements files, with what they include
tables        `pyproject.toml` (PEP 621, PEP 735, poetry, build requirements) and Pipfiles
setups        `setup.py` and `setup.cfg`, tox's `deps`
conda         `environment.yml`
installs      `pip install` in scripts and Dockerfiles, `session.install`, scripts' own metadata (PEP 723)
pythons       what a project says of the versions of Python that it runs on
adding        what a migration adds, and what is in its way
removing      what a clean-up takes out
locks         lock files, which are named and never edited
"""
