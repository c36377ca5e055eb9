"""A rule's docstring is its documentation: it must say what a reader of a diff needs to know."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from grpc2connect.rules_api import load
from grpc2connect.rules_api.registry import FAMILIES
from tests.rules.projects import code_of, golden

RULES = Path(__file__).parents[2] / "rules" / "grpc2connect_rules"
CODE = re.compile(r"G2C\d{3}")


def declared(tree: ast.Module) -> list[tuple[str, ast.FunctionDef]]:
    """The codes that a module's `@rule` decorators declare, with their functions."""
    return [
        (decorator.args[0].value, node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "rule"
        if isinstance(decorator.args[0], ast.Constant) and isinstance(decorator.args[0].value, str)
    ]


def modules() -> list[tuple[Path, ast.Module]]:
    """The modules that declare rules (the others are what rules share)."""
    parsed = [(path, ast.parse(path.read_bytes())) for path in sorted(RULES.rglob("*.py"))]
    return [(path, tree) for path, tree in parsed if declared(tree)]


MODULES = [pytest.param(tree, id=path.relative_to(RULES).as_posix()) for path, tree in modules()]


@pytest.mark.parametrize("tree", MODULES)
def test_a_docstring_names_its_codes_its_source_and_an_example(tree: ast.Module) -> None:
    text = ast.get_docstring(tree) or ""
    codes = {code for code, _ in declared(tree)}
    title = text.partition(":")[0]
    assert CODE.match(text), "the docstring starts with the rule's code"
    assert set(CODE.findall(title)) <= codes, "it names a code that is not declared here"
    assert codes <= set(CODE.findall(text)), "a rule of this module is not documented"
    assert re.search(r"^Source: \S.*\.$", text, re.M | re.S), "it says where it is known from"
    names = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    if names & {"Native", "Bridged"}:
        example = re.search(r"^    - .*\n(    - .*\n)*    \+ ", text, re.M)
        assert example or "native form" in text.lower(), "it shows before and after, or the native form"
    else:
        assert "on gRPC" in text, "it says what stays"


@pytest.mark.parametrize("tree", [tree for _, tree in modules()])
def test_every_rule_has_a_title_of_one_line(tree: ast.Module) -> None:
    for code, function in declared(tree):
        title = ast.get_docstring(function)
        assert title and "\n" not in title and title.endswith("."), code


def test_every_code_is_declared_once_and_belongs_to_a_family() -> None:
    found = Counter(code for _, tree in modules() for code, _ in declared(tree))
    assert [code for code, count in found.items() if count > 1] == []
    assert {code for code in found if not CODE.fullmatch(code) or code[3] not in FAMILIES} == set()
    assert sorted(found) == sorted(rule.code for rule in load().rules if "G2C" in rule.code)


def test_no_two_rules_claim_the_same_references() -> None:
    rules = load().rules
    for one in rules:
        for other in rules:
            if one is not other and issubclass(one.on, other.on):
                assert bool(one.names) != bool(other.names) or (one.names and not one.names & other.names), (
                    f"{one.code} and {other.code} both claim {one.on.__name__}"
                )


def test_every_code_has_a_fixture_and_every_fixture_a_code() -> None:
    assert {code_of(folder) for folder in golden()} == {rule.code for rule in load().rules}
