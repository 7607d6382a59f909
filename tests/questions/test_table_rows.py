"""Tables whose cells another converter has put in another order are located by their rows, and other numbers refused."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Page
from rag_chunk.questions.search import TextSearch

LABELS = ["Goodwill", "Inventories", "Net revenue", "Cost of sales", "Deferred taxes", "Other assets"]
NUMBERS = [
    ("18,204", "17,919"),
    ("451", "612"),
    ("90,118", "88,007"),
    ("41,305", "40,222"),
    ("77", "3,051"),
    ("964", "82"),
]
CELLS = "\n".join(f"{label}\n \n{first} \n \n{second}" for label, (first, second) in zip(LABELS, NUMBERS, strict=True))
PASSAGE = f"Balance sheet in millions\n2023\n \n2022\n{CELLS}\n57"
BEFORE = "# Report\n\nThe year was good, and 2023 better than 2022 by 451 units of cost.\n\n"
BY_COLUMNS = (
    f"{BEFORE}## Balance sheet in millions\n\n" + "\n".join(f"| {label} |" for label in LABELS)
    + "\n\nA paragraph that is about something else, as a footnote may be.\n\n**2023 2022**\n\n"
    + "\n".join(f"| {first} | {second} |" for first, second in NUMBERS)
    + "\n\nMore text follows in the next paragraph.\n"
)  # fmt: skip


def locate(text, phrase, pages=()):
    corpus = Corpus([Document("a.md", text, tuple(Page(start, str(number)) for number, start in enumerate(pages, 1)))])
    search = TextSearch(corpus)
    return search.find(phrase, [0]) or search.find_similar(phrase, [0], 1 if pages else None)


def taken(text, match):
    return "\n".join(text[start:end] for start, end in (*match.spans, *match.parts))


def test_a_table_of_which_all_labels_stand_before_all_numbers_is_located():
    match = locate(BY_COLUMNS, PASSAGE)
    assert match is not None
    there = taken(BY_COLUMNS, match)
    assert all(each in there for each in (*LABELS, *(cell for row in NUMBERS for cell in row)))
    assert "footnote" not in there
    assert "The year was good" not in there
    assert match.share > 0.95


@pytest.mark.parametrize("number", [cell for row in NUMBERS for cell in row])
def test_a_table_with_one_other_number_is_refused(number):
    other = number[:-1] + str((int(number[-1]) + 3) % 10)
    assert locate(BY_COLUMNS, PASSAGE.replace(number, other, 1)) is None
    assert locate(BY_COLUMNS.replace(number, other), PASSAGE) is None


def test_a_table_with_another_sign_is_refused():
    number = NUMBERS[0][0]
    assert locate(BY_COLUMNS, PASSAGE.replace(number, f"-{number}", 1)) is None
    assert locate(BY_COLUMNS.replace(number, f"-{number}", 1), PASSAGE) is None
    assert locate(BY_COLUMNS.replace(number, f"\u2212{number}", 1), PASSAGE.replace(number, f"-{number}", 1))


@given(st.randoms(use_true_random=False))
def test_rows_in_any_order_are_located(rng: random.Random):
    rows = [f"| {label} | {first} | {second} |" for label, (first, second) in zip(LABELS, NUMBERS, strict=True)]
    rng.shuffle(rows)
    text = (
        BEFORE
        + "\n".join(["Balance sheet in millions", "| | 2023 | 2022 |", "|---|---|---|", *rows])
        + "\n\nThe end.\n"
    )
    match = locate(text, PASSAGE)
    assert match is not None
    there = [row for row in rows if row.strip("| ") in taken(text, match)]
    assert len(there) >= len(rows) - 1  # one at an edge may be left out, and the share tells
    assert match.share >= 0.8


def test_rows_are_taken_from_one_page():
    first = BY_COLUMNS.replace("18,204", "11,111")
    text = f"{first}\n{BY_COLUMNS}"
    match = locate(text, PASSAGE, pages=(0, len(first) + 1))
    assert match is not None
    assert match.spans[0][0] > len(first)


def test_labels_alone_are_no_table():
    labels = "\n".join(f"A long label of row {label} in the consolidated balance sheet" for label in LABELS)
    text = f"{BEFORE}{labels}\n"
    passage = "\n".join(
        f"{line}\n{first}\n{second}" for line, (first, second) in zip(labels.split("\n"), NUMBERS, strict=True)
    )
    assert locate(text, passage) is None


def test_a_page_number_of_elsewhere_is_left_out_and_a_changed_number_beside_it_refused():
    line = "The sales of all units were higher in the year that ended in December of"
    text = f"{line}\n202.\n\nGoodwill 87,944 and more text follows here.\n"
    assert locate(text, f"Table of Contents\n{line}\n202.\n238") is not None
    assert locate(text, f"Table of Contents\n{line}\n207.\n238") is None
    assert locate(text.replace("\n202", " in region 202"), f"{line} in\nregion 207.\n238") is None
