"""What is suggested beside a text, and to whom *ook wij* is offered."""

from collections.abc import Callable
from typing import Any

import pytest

Page = Callable[..., Any]
ASKED = {"title": "Zwembad boeken", "description": "Online banen reserveren."}


@pytest.fixture
def posted(page: Page) -> None:
    page("genk").submit("/ideas/new", title="Zwembad reserveren", description="Banen online boeken.")


def test_a_me_too_is_offered_to_those_who_can_give_it(page: Page, posted: None) -> None:
    offered = "a[href='/ideas/1/endorse']"
    for who, count in ((None, 1), ("aalter", 1), ("genk", 0), ("coordinator", 0)):
        panel = page(who).submit("/ideas/similar", at="/calls", **ASKED)
        assert panel.select_one("a[href='/ideas/1']")
        assert len(panel.select(offered)) == count, who


def test_posting_anyway_is_said_only_where_something_resembles_it(page: Page, posted: None) -> None:
    visitor = page("aalter")
    empty = visitor.submit("/ideas/new", status=422)
    assert empty.select_one("#idea-form button").text == "Plaats je idee"
    found = visitor.submit("/ideas/new", action="similar", **ASKED)
    assert found.select_one("#idea-form button").text == "Toch plaatsen"
