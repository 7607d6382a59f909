"""The places of evidence that are kept on disk are those that would be located again."""

import json

import pytest

from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.document import Page
from rag_chunk.questions import check_questions
from rag_chunk.questions.kept_matches import WORTH_KEEPING
from rag_chunk.questions.search import TextSearch

SENTENCE = "The quick brown fox jumps over the lazy dog while the green lantern shines on the river bank at dawn."
PHRASES = [
    "Filler number 7",
    "QUICK Brown fox",
    "quick-brown-fox-jumps",
    SENTENCE.replace("jumps", "leaps").replace("green", "red"),
    "Nothing of this kind is anywhere at all",
]


@pytest.fixture
def questions(tmp_path, monkeypatch):
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "questions.json"
    on_a_page = {"doc": "b.txt", "text": PHRASES[3], "page": 4}
    evidence = [*({"text": phrase} for phrase in PHRASES), on_a_page]
    path.write_text(
        json.dumps([{"question": f"Number {row}?", "evidence": [each]} for row, each in enumerate(evidence)])
    )
    return path


def corpus_with(before="", pages=()):
    filler = " ".join(f"Filler number {number}." for number in range(WORTH_KEEPING // 16))
    texts = f"{before}{SENTENCE} {filler}", f"{SENTENCE} {'Another line. ' * 99}{SENTENCE}"
    return Corpus([Document("a.txt", texts[0]), Document("b.txt", texts[1], pages=pages)])


def locate(path, corpus):
    check = check_questions(path, corpus)
    return [checked.items for checked in check.questions], check.findings, check.matched


def locate_without_cache(path, corpus):
    with cache.caching(enabled=False):
        return locate(path, corpus)


def test_evidence_is_not_located_again_while_documents_and_questions_are_the_same(questions, monkeypatch):
    before = locate(questions, corpus_with())
    assert before == locate_without_cache(questions, corpus_with())
    assert sorted(before[2]) == ["exact", "folded", "letters", "similar"]

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(TextSearch, "_find_all", refuse)
    monkeypatch.setattr(TextSearch, "_align", refuse)
    assert locate(questions, corpus_with()) == before


PAGES = (Page(0, "1"), Page(110, "2"), Page(900, "3"), Page(1400, "4"))


@pytest.mark.parametrize("change", [{"before": "Once upon a time. "}, {"pages": PAGES}])
def test_evidence_is_located_again_where_a_text_or_a_page_is_another(questions, change):
    before = locate(questions, corpus_with())
    after = locate(questions, corpus_with(**change))
    assert before != after == locate_without_cache(questions, corpus_with(**change))


def test_evidence_is_located_again_where_a_question_is_another(questions):
    before = locate(questions, corpus_with())
    questions.write_text(questions.read_text().replace("number 7", "number 8"))
    after = locate(questions, corpus_with())
    assert before != after == locate_without_cache(questions, corpus_with())
