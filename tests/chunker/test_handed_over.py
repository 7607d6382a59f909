"""What is handed over for a chunk: its neighbours, or the part of the document that holds it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, chunk, chunk_text
from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.ranking import retrieve
from rag_chunk.chunker.handed_over import handed_over, with_handed_over
from rag_chunk.config import STRATEGIES
from rag_chunk.config.sweep import sweep, validate_run
from rag_chunk.corpus.document import Page
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Evidence, Question
from rag_chunk.scorer import score
from tests.support.effort import FEWER
from tests.support.evaluation import corpora, questions_in, questions_of, stretches
from tests.support.reference import Reference


def texts_handed_over(corpus: Corpus, config: RunConfig) -> list[str]:
    """Return what is handed over for each chunk, in the order of the chunks."""
    family = with_handed_over(chunk(corpus, config), config)
    texts = corpus.texts(family.parents_or_self().spans)
    return [texts[row] for row in family.rows_of_parents().tolist()]


def test_a_window_has_the_neighbours_of_its_document_alone():
    corpus = Corpus([Document("a.txt", "one two three"), Document("b.txt", "four five")])
    config = RunConfig(strategy="fixed-size", chunk_size=1, window=1)
    assert texts_handed_over(corpus, config) == ["one two", "one two three", "two three", "four five", "four five"]
    assert len(handed_over(chunk(corpus, config), config)) == 4  # the two of b.txt are one


def test_a_chunk_brings_its_page_else_its_section_else_its_block():
    paged = Document("a.pdf", "one. two. three. four.", pages=(Page(0, "1"), Page(10, "2")))
    headed = Document("b.md", "# A\n\none.\n\ntwo.\n\n# B\n\nthree.")
    plain = Document("c.txt", "one. two.\n\nthree.\n")
    config = RunConfig(strategy="sentence", chunk_size=1, retrieve_parents=True)
    assert texts_handed_over(Corpus([paged]), config) == ["one. two."] * 2 + ["three. four."] * 2
    assert set(texts_handed_over(Corpus([headed]), config)) == {"# A\n\none.\n\ntwo.", "# B\n\nthree."}
    assert texts_handed_over(Corpus([plain]), config) == ["one. two."] * 2 + ["three."]
    together = texts_handed_over(Corpus([paged, headed, plain]), config)
    assert together == [text for one in (paged, headed, plain) for text in texts_handed_over(Corpus([one]), config)]


def test_a_chunk_of_two_sections_brings_both():
    corpus = Corpus([Document("b.md", "# A\n\none two.\n\n# B\n\nthree.")])
    config = RunConfig(strategy="fixed-size", chunk_size=5, retrieve_parents=True)
    assert texts_handed_over(corpus, config)[0] == corpus.text(0, len(corpus)).strip()


def test_a_chunk_of_a_pipeline_tells_what_is_handed_over_for_it():
    config = RunConfig(strategy="fixed-size", chunk_size=1, window=1)
    assert [each.parent for each in chunk_text("a b c", config)] == ["text.md:0-3", "text.md:0-5", "text.md:2-5"]
    assert chunk_text("a b c", config.with_settings(window=0))[0].parent is None


HANDED = st.sampled_from([{"window": 1}, {"window": 2}, {"retrieve_parents": True}])


@FEWER
@given(corpus=corpora(), more=HANDED, size=st.integers(1, 5))
def test_what_is_handed_over_holds_the_chunk_and_no_other_document(corpus, more, size):
    for strategy in STRATEGIES:
        config = RunConfig(strategy=strategy, chunk_size=size, embedding_model="hashing", **more)
        family = with_handed_over(chunk(corpus, config), config)
        handed = family.parents_or_self()
        assert handed.spans.tolist() == sorted(map(list, set(map(tuple, handed.spans.tolist()))))
        held = handed.spans[family.rows_of_parents()]
        assert (held[:, 0] <= family.spans[:, 0]).all()
        assert (family.spans[:, 1] <= held[:, 1]).all()
        assert (corpus.documents_at(held[:, 0]) == corpus.documents_at(held[:, 1] - 1)).all()


@FEWER
@given(data=st.data(), more=HANDED)
def test_metrics_equal_the_slow_reference_and_shared_text_is_paid_once(data, more):
    corpus = data.draw(corpora().filter(lambda corpus: not stretches(corpus).is_empty))
    questions = data.draw(questions_in(corpus))
    config = RunConfig(strategy="sentence", chunk_size=data.draw(st.integers(1, 6)), budget=data.draw(st.integers(1, 60)), **more)  # fmt: skip
    chunked, ranking = retrieve(chunked_in_memory(chunk(corpus, config), config), questions)
    handed = chunked.chunking
    rows = [[row for row in ranked if row >= 0] for ranked in ranking.tolist()]
    assert all(len(set(ranked)) == len(ranked) for ranked in rows)
    reference = Reference(handed, config)
    found = score(handed, ranking, questions, config, ["budget"])
    expected = [reference.scores(ranked, question) for ranked, question in zip(rows, questions.questions, strict=True)]
    for name in ("budget_recall", "context_size", "budget_complete"):
        assert found.per_question[name] == pytest.approx([scores[name] for scores in expected]), name
    assert [len(list(reference.walked(ranked, 10**6))) for ranked in rows] == [
        len(set().union(*(range(*handed.spans[row].tolist()) for row in ranked))) for ranked in rows
    ]


def test_a_window_is_ranked_where_its_best_chunk_is():
    corpus = Corpus([Document("a.txt", "alpha beta gamma delta epsilon zeta")])
    config = RunConfig(strategy="fixed-size", chunk_size=1, window=1)
    chunking = chunk(corpus, config)
    questions = questions_of(Question("q", "delta", (Evidence(((17, 22),)),)))
    chunked, ranking = retrieve(chunked_in_memory(chunking, config), questions)
    handed = chunked.chunking
    assert corpus.texts(handed.spans[ranking[0][:2]]) == ["gamma delta epsilon", "alpha beta"]


def test_windows_and_parents_contradict_each_other_and_are_left_out_of_a_product():
    with pytest.raises(SettingsError, match=r"window \(1\) and retrieve_parents both replace the chunk"):
        validate_run({"window": 1, "retrieve_parents": True})
    made = sweep({"retrieve_parents": True}, {"window": [0, 1]})
    assert [config.window for config in made.configs.values()] == [0]
    assert len(made.skipped) == 1


def test_windows_are_named_and_change_no_digest_where_there_are_none():
    made = sweep({"strategy": "sentence"}, {"window": [0, 2]})
    assert list(made.configs) == ["sentence-200-50-window-0", "sentence-200-50-window-2"]
    assert RunConfig().digest() == RunConfig(window=0, retrieve_parents=False).digest() == "44136fa355b3"


def test_neighbours_in_order_need_no_more_than_their_own_rows():
    corpus = Corpus([Document("a.txt", " ".join(map(str, range(40))))])
    config = RunConfig(strategy="sliding-window", chunk_size=3, overlap=1, window=2)
    chunking = chunk(corpus, config)
    spans = handed_over(chunking, config).spans
    starts, ends = chunking.spans.T
    expected = {(starts[max(row - 2, 0)], ends[min(row + 2, len(starts) - 1)]) for row in range(len(starts))}
    assert {tuple(span) for span in spans.tolist()} == {tuple(map(int, span)) for span in expected}
    assert all(one < other for one, other in pairwise(map(tuple, spans.tolist())))
