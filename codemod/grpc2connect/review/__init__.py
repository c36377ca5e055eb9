"""A result as a person takes it in: in commits, or place by place.

Pure functions of results, and generators of questions: nothing is written or printed here.
"""
