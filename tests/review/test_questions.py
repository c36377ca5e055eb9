"""Place by place: the questions, what each answer leads to, and what a no to one place means."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

import pytest

from grpc2connect.options import Choices
from grpc2connect.results import RunResult, State
from grpc2connect.review.questions import (
    Answer,
    Asked,
    Conclusion,
    Consequence,
    Decided,
    Edited,
    Question,
    places,
    review,
)
from tests.review.shop import Shop

Talk = Generator[Asked, Answer | Edited, Decided | None]
CHECKOUT, STOCK = "shop.v1.Checkout", "shop.v1.Stock"


@pytest.fixture
def plan(shop: Shop) -> Callable[[Choices], RunResult]:
    return lambda choices: shop.engine.run(replace(shop.options(), choices=choices))


@pytest.fixture
def whole(plan: Callable[[Choices], RunResult]) -> RunResult:
    return plan(Choices())


def question(asked: Asked) -> Question:
    assert isinstance(asked, Question)
    return asked


def until(talk: Talk, asked: Asked, wanted: Callable[[Question], bool]) -> Question:
    """Say yes up to the question that is wanted."""
    while not wanted(question(asked)):
        asked = talk.send(Answer.YES)
    return question(asked)


def end(talk: Talk, answer: Answer) -> Decided | None:
    with pytest.raises(StopIteration) as ended:
        talk.send(answer)
    decided: Decided | None = ended.value.value
    return decided


def moved(result: RunResult) -> set[str]:
    return {unit for entry in result.ledger if entry.state is not State.LEFT for unit in entry.units}


def test_yes_to_all_is_the_whole(whole: RunResult, plan: Callable[[Choices], RunResult]) -> None:
    talk = review(whole, plan)
    asked = next(talk)
    numbers = []
    while isinstance(asked, Question):
        numbers.append((asked.number, asked.total))
        asked = talk.send(Answer.YES)
    total = len(places(whole))
    assert numbers == [(number, total) for number in range(1, total + 1)]
    assert isinstance(asked, Conclusion) and asked.unasked == 0
    assert end(talk, Answer.YES) == Decided(whole, Choices())


def test_all_of_a_rule_and_of_a_service_are_not_asked_again(
    whole: RunResult, plan: Callable[[Choices], RunResult]
) -> None:
    talk = review(whole, plan)
    first = question(next(talk))
    second = question(talk.send(Answer.RULE))
    assert second.block.codes[0] != first.block.codes[0]
    asked: Asked = talk.send(Answer.UNIT)
    while isinstance(asked, Question):
        assert asked.block.codes[0] != first.block.codes[0]
        assert not set(asked.block.units) <= set(second.block.units)
        asked = talk.send(Answer.YES)
    assert end(talk, Answer.NO) is None


def test_a_no_where_the_plan_has_a_bridge_leaves_the_service_moving(
    whole: RunResult, plan: Callable[[Choices], RunResult]
) -> None:
    talk = review(whole, plan)
    asked = until(talk, next(talk), lambda one: one.block.codes == ("G2C601",))
    consequence = talk.send(Answer.NO)
    assert isinstance(consequence, Consequence)
    assert consequence.units == () and consequence.staying == ()
    refused = {(one.place, one.code) for one in asked.block.references}
    assert refused & {(entry.place, entry.code) for entry in consequence.bridged}
    assert consequence.instead is not None
    again = question(talk.send(Answer.NO))
    assert (again.block.old, again.number) == (asked.block.old, asked.number)
    talk.send(Answer.NO)
    following: Asked = talk.send(Answer.YES)
    # What became of the place is asked about too: nobody has seen it yet.
    assert question(following).block.references[0].state is State.BRIDGED
    while isinstance(following, Question):
        following = talk.send(Answer.YES)
    decided = end(talk, Answer.YES)
    assert decided is not None
    assert decided.result.audit.holds
    assert moved(decided.result) == {CHECKOUT, STOCK}
    states = {(entry.place, entry.code): entry.state for entry in decided.result.ledger}
    assert all(states[one.place, one.code] is not State.NATIVE for one in asked.block.references)
    assert decided.result == plan(decided.choices)


def test_a_no_where_there_is_none_names_all_that_stays(whole: RunResult, plan: Callable[[Choices], RunResult]) -> None:
    talk = review(whole, plan)
    until(talk, next(talk), lambda one: one.block.codes == ("G2C101",) and one.block.units == (STOCK,))
    consequence = talk.send(Answer.NO)
    assert isinstance(consequence, Consequence)
    assert consequence.units == (STOCK,)
    following: Asked = talk.send(Answer.YES)
    while isinstance(following, Question):
        assert STOCK not in following.block.units
        following = talk.send(Answer.YES)
    decided = end(talk, Answer.YES)
    assert decided is not None
    assert moved(decided.result) == {CHECKOUT}
    # What was named is what stays: no more, no less.
    before = {(entry.place, entry.kind, entry.text): entry for entry in whole.ledger}
    stays = {
        before[entry.place, entry.kind, entry.text]
        for entry in decided.result.ledger
        if entry.state is State.LEFT and entry.behaviour
    }
    assert set(consequence.staying) == stays


def test_back_takes_the_last_answer_back(whole: RunResult, plan: Callable[[Choices], RunResult]) -> None:
    talk = review(whole, plan)
    first = question(next(talk))
    assert question(talk.send(Answer.BACK)).problem == "this is the first"
    second = question(talk.send(Answer.RULE))
    again = question(talk.send(Answer.BACK))
    assert (again.block.change.path, again.block.old) == (first.block.change.path, first.block.old)
    following = question(talk.send(Answer.YES))
    assert following.number == 2 < second.number


def test_quit_keeps_what_was_decided_about_as_a_whole(whole: RunResult, plan: Callable[[Choices], RunResult]) -> None:
    talk = review(whole, plan)
    asked: Asked = next(talk)
    assert question(asked).block.units == (CHECKOUT,)
    asked = talk.send(Answer.UNIT)
    conclusion = talk.send(Answer.QUIT)
    assert isinstance(conclusion, Conclusion)
    assert conclusion.unasked > 0
    assert STOCK in conclusion.units
    assert STOCK not in moved(conclusion.result)
    assert isinstance(talk.send(Answer.BACK), Question)
    talk.send(Answer.QUIT)
    assert end(talk, Answer.NO) is None


def test_an_edit_is_in_the_result_and_one_that_does_not_parse_is_asked_about_again(
    whole: RunResult, plan: Callable[[Choices], RunResult]
) -> None:
    talk = review(whole, plan)
    first = question(next(talk))
    assert "not parse" in question(talk.send(Edited((b"def (\n",)))).problem
    edited = tuple(line.rstrip(b"\n") + b"  # seen\n" for line in first.block.after)
    asked: Asked = talk.send(Edited(edited))
    while isinstance(asked, Question):
        asked = talk.send(Answer.YES)
    decided = end(talk, Answer.YES)
    assert decided is not None
    (change,) = [change for change in decided.result.changes if change.path == first.block.change.path]
    assert b"".join(edited) in change.after
    assert change.after.replace(b"  # seen\n", b"\n") == first.block.change.after


def test_all_of_a_service_is_with_what_it_shares(whole: RunResult, plan: Callable[[Choices], RunResult]) -> None:
    talk = review(whole, plan)
    first = question(next(talk))
    assert first.block.units == (CHECKOUT,)
    following = question(talk.send(Answer.UNIT))
    assert following.block.units == (STOCK,)
    conclusion = talk.send(Answer.QUIT)
    assert isinstance(conclusion, Conclusion)
    assert conclusion.units == (STOCK,)
    decided = end(talk, Answer.YES)
    assert decided is not None
    assert decided.choices.stay == (STOCK,)
    assert any(entry.units == (CHECKOUT,) and entry.state is State.NATIVE for entry in decided.result.ledger)
