"""The pages that track many runs show what the program does; the others are in tests/test_docs.py."""

import importlib.util

import pytest

from tests.support.empty_store import copy_empty_store
from tests.support.pages import PAGES, TRACKED, assert_is_up_to_date


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in TRACKED], ids=lambda page: page.name)
def test_a_page_shows_what_the_program_prints(page, tmp_path):
    if importlib.util.find_spec("mlflow"):
        copy_empty_store(tmp_path)
    assert_is_up_to_date(page, tmp_path)
