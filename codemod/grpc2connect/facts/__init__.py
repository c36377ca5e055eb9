"""Whole-program facts: which gRPC kinds every name, attribute, parameter and return value can be.

May import `syntax`, `schema` and `sources`; knows nothing of rules, plans or edits.
"""
