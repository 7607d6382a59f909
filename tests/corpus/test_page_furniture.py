"""Running heads and page numbers are lines that come again at the edge of pages; `skip_blocks` leaves them out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import chunk
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.converters.pages import join_pages, number_pages
from rag_chunk.corpus.structure.page_furniture import find_furniture

FURNITURE = ("page_furniture",)


def paged(*pages: str) -> Document:
    text, starts = join_pages(number_pages(pages))
    return Document("a.pdf", text, starts)


def furniture(document: Document) -> list[str]:
    return [document.text[start:end].strip() for start, end in sorted(find_furniture(document))]


def report(count: int = 6) -> list[str]:
    words = ["alpha", "beta", "gamma", "delta", "omega", "kappa"]
    return [
        f"ACME Inc. | Annual report\n\nThe {words[n % 6]} unit sold {n * 31} items.\nMore of {words[n % 6]}.\n\n{n + 1}"
        for n in range(count)
    ]


def test_heads_and_page_numbers_are_lines_that_come_again_at_the_edge_of_pages():
    listed = furniture(paged(*report()))
    assert listed == [each for number in range(1, 7) for each in ("ACME Inc. | Annual report", str(number))]


@pytest.mark.parametrize("form", ["{}", "- {} -", "Page {}", "page {} of 90", "F-{}", "{} / 90", "**{}**"])
def test_page_numbers_are_known_in_their_usual_forms(form):
    pages = [
        f"Text that {word} alone.\n{form.format(70 + n)}" for n, word in enumerate(("stands", "is", "was", "lies"))
    ]
    assert furniture(paged(*pages)) == [form.format(70 + n) for n in range(4)]


def test_heads_of_left_and_right_pages_may_differ():
    pages = [f"{'The left title' if n % 2 else 'The right title'} {n}\nText of {'x' * n}." for n in range(6)]
    assert len(furniture(paged(*pages))) == 6


def test_rows_of_tables_and_what_stands_further_in_are_text():
    rows = [f"Total {n} {n * 3} {n * 7} {n * 11}\nA line that is the same\nThe end of {'x' * n}" for n in range(6)]
    assert furniture(paged(*rows)) == []
    twice = [f"Notes\nText {'y' * n}" for n in range(2)]
    assert furniture(paged(*twice, "Other", "Text", "Words")) == []
    numbers = [f"{n * n + 5}\nText of {'z' * n}" for n in range(6)]
    assert furniture(paged(*numbers)) == []


def test_a_document_without_pages_has_none():
    assert furniture(Document("a.txt", "Head\ntext\n" * 9)) == []


@pytest.mark.parametrize("strategy", [row.name for row in STRATEGIES.values() if not row.needs_vectors])
def test_no_chunk_holds_furniture_where_it_is_left_out_and_all_else_stays(strategy):
    corpus = Corpus([paged(*report())])
    config = RunConfig(strategy=strategy, chunk_size=8, overlap=0, skip_blocks=FURNITURE)
    texts = [each.text for each in chunk(corpus, config)]
    assert not any("ACME" in text or text.strip().isdigit() for text in texts)
    words = " ".join(texts).split()
    kept = [word for page in report() for line in page.split("\n")[1:-1] for word in line.split()]
    assert [word for word in kept if word not in words] == []


@given(st.lists(st.text("ab1 \n#", max_size=20), max_size=8))
def test_furniture_is_whole_lines_of_pages_that_do_not_overlap(pages):
    document = paged(*pages)
    spans = sorted(find_furniture(document))
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert all(start == 0 or document.text[start - 1] == "\n" for start, _ in spans)
    assert all(end == len(document.text) or document.text[end - 1] == "\n" for _, end in spans)
