"""What of a changed file can matter to gRPC: the rest may change, and the verdict on the file stands.

A skeleton is made of a file and of the *loud* names of the last whole check (`relevance.loud`). It holds the text of
each statement that has a loud name in it, and, around it, what kinds of blocks it stands in; all other statements are
left out. Where the skeletons before and after a change are the same, the engine finds in the file what it found before.

Why this is sound. The engine learns of gRPC by running the program abstractly: a value of gRPC's, or one that leads to
such (a class whose attribute is a stub, a function that returns one), comes out of a name, an attribute, or a call of a
function, and stays in the tables of names, attributes, parameters and returns. All names under which it found such a
value are loud where they are seen: names in their scope, attributes of `self` anywhere. So an expression without a loud
name in it gives no such value, a statement of such expressions puts none into a table, and, by induction over the
engine's steps, with statements of this kind or without them the tables hold the same values of gRPC's for all else.
What they may do otherwise is made loud as well:

- They could bind a name again that holds something, or a builtin: binding a loud name is loud. `self` and `cls`, whose
  classes are known, are loud but for plain attributes that hold nothing.
- They could be references by their spelling alone, whatever is known of the object: names of RPCs and generated
  classes, the methods of errors (on anything that `except Exception` catches), fixtures, and texts that spell such.
- They could change what the engine knows of an object that is *not* gRPC's, where that counts: an object with an
  attribute called like an RPC, a function that is handed a stub, the base of a class, a decorator. The names in these
  expressions, and in what they are computed from, are *watched*: to bind, extend or define them again is loud, and so
  is each `return` of a watched function.
- They could make the engine read other files: imports that may lead to files of the program are all kept; a file
  without an import of gRPC's, which may be read for words in it alone, must keep these words.
- They could change how a kept statement is taken: its text, the blocks around it, and the headers of functions and
  classes around it are kept, with whether a function yields and whether it does anything; the fields of a class too.

Texts, docstrings and comments are read by the engine in few places: as annotations, by names of `getattr` and its kin,
in `# g2c:` comments. A text without blanks is asked for the names in it, any other only for generated ones. A file with
`g2c:` in it has no skeleton; nor has one in another encoding. What else than the engine may find something in is told
apart by who asks for a skeleton (`apart`).

Only modules that are compiled into the interpreter are imported.
"""

from grpc2connect.skeleton.blocks import NoSkeleton, digest_of, skeleton
from grpc2connect.skeleton.names import Names

__all__ = ["Names", "NoSkeleton", "digest_of", "skeleton"]
