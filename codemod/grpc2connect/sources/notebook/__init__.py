"""Notebooks as programs: the code cells of an `.ipynb` file as one text of Python, and the way back into its JSON.

`json_text` finds values in JSON, `magics` makes Python of a cell, `cells` puts both together. Knows nothing of gRPC.

Source of the facts: the notebook format 3 and 4 (nbformat.readthedocs.io), and IPython's input transformations.
"""

from grpc2connect.sources.notebook.cells import Notebook, NotebookProblem, read, searched
from grpc2connect.sources.notebook.magics import Kind, Unread

__all__ = ["Kind", "Notebook", "NotebookProblem", "Unread", "read", "searched"]
