"""BM25 from one positional index equals an index of the chunks' texts, and every ranking is total."""

import unicodedata
from itertools import pairwise

import bm25s
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.terms import terms
from rag_chunk.errors import InputError
from rag_chunk.questions import read_questions
from rag_chunk.retriever import rank, retriever_of, share_terms
from rag_chunk.retriever.bm25 import bm25
from rag_chunk.retriever.order import best_first
from tests.support.evaluation import chunking_of, chunkings, corpora, public_data, wordy
from tests.support.reference import naive_terms
from tests.support.texts import texts

CONFIG = RunConfig()


def bm25s_scores(chunking: Chunking, questions: list[str]):
    """Return the scores of bm25s on the chunks' texts, tokenised by themselves: [questions, chunks]."""
    tokens = [list(naive_terms(text)) for text in chunking.corpus.texts(chunking.spans)]
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(tokens, show_progress=False)
    found = []
    for question in questions:
        known = [term for term in naive_terms(question) if term in index.vocab_dict]
        found.append(index.get_scores(known) if known else np.zeros(len(tokens)))
    return np.array(found)


def assert_equal_rank_by_rank(chunking: Chunking, questions: list[str]) -> None:
    expected = bm25s_scores(chunking, questions)
    scores = bm25(chunking.corpus, CONFIG).scores(chunking, questions)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-7)
    ranking = rank(chunking, questions, CONFIG, len(chunking))
    ranked = np.take_along_axis(expected, ranking, axis=1)
    assert (ranked[:, 1:] <= ranked[:, :-1] * (1 + 1e-5) + 1e-7).all()


@given(st.data())
def test_scores_equal_bm25s_on_chunks_cut_anywhere(data):
    corpus = data.draw(corpora())
    chunking = data.draw(chunkings(corpus))
    assume(any(list(naive_terms(corpus.text(*span))) for span in chunking.spans.tolist()))
    pieces = [corpus.text(*span) for span in chunking.spans.tolist()]
    questions = data.draw(st.lists(st.sampled_from(pieces) | wordy | texts, min_size=1, max_size=4))
    assert_equal_rank_by_rank(chunking, questions)


def test_scores_equal_bm25s_on_the_public_data_cut_by_many_strategies():
    corpus, file = public_data()
    questions = read_questions(file, corpus).texts[::6]
    sizes = {"words": (40, 150, 600), "characters": (333, 2000)}
    chosen = [(strategy, unit, size) for strategy in STRATEGIES for unit in sizes for size in sizes[unit]]
    for strategy, unit, size in chosen[:40:3]:
        config = RunConfig(strategy=strategy, unit=unit, chunk_size=size)
        assert_equal_rank_by_rank(chunk(corpus, config), questions)


@given(wordy | texts)
def test_terms_are_those_of_a_naive_tokeniser(text):
    assert terms(text) == list(naive_terms(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The max_length, don't!", ["the", "max_length", "don", "t"]),
        ("全文検索", ["全文", "文検", "検索"]),
        ("字", ["字"]),
        ("BM25で検索", ["bm25", "で検", "検索"]),
        ("コーヒー", ["コー", "ーヒ", "ヒー"]),
        ("İ", ["i̇"]),
        ("ﬁnance", ["finance"]),
        ("Ｆｕｌｌ ＷＩＤＴＨ", ["full", "width"]),
        ("co\u00adop zero\u200bwidth heart\ufe0f", ["coop", "zerowidth", "heart"]),
        ("edge\u00ad", ["edge"]),
        ("espan\u0303ol tie\u0302\u0301ng Vie\u0323\u0302t", ["español", "tiếng", "việt"]),
        ("oʼzbek", ["oʼzbek"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("か\u3099き", ["がき"]),
        ("ﾊﾞｽ停", ["バス", "ス停"]),
        ("\u0301 = \u0338", []),
        ("ΟΔΟΣ ΟΔΟΣΑ", ["οδοσ", "οδοσα"]),
        ("", []),
    ],
)
def test_terms_are_words_and_bigrams_of_unspaced_scripts(text, expected):
    assert terms(text) == expected


@given(wordy | texts)
def test_terms_do_not_depend_on_how_accents_are_written(text):
    assert terms(unicodedata.normalize("NFD", text)) == terms(unicodedata.normalize("NFC", text))


def test_a_decomposed_question_ranks_as_a_composed_one():
    texts = ["Tiếng Việt", "Ngôn ngữ", "tiêng Viêt"]
    for form in ("NFC", "NFD"):
        written = [unicodedata.normalize(form, text) for text in texts]
        corpus = Corpus([Document(f"{number}.txt", text) for number, text in enumerate(written)])
        chunking = chunking_of(corpus, list(pairwise(corpus.starts.tolist())))
        scores = score_chunks(chunking, ["tiếng Việt", unicodedata.normalize("NFD", "tiếng Việt")])
        assert [row.nonzero()[0].tolist() for row in scores] == [[0], [0]]


def test_a_mark_that_is_cut_off_from_its_letter_is_no_term():
    corpus = Corpus([Document("a.txt", "espan\u0303ol か\u3099き")])
    chunking = chunking_of(corpus, [(0, 5), (5, 8), (10, 12)])
    assert [scores.nonzero()[0].tolist() for scores in score_chunks(chunking, ["espan", "ol", "き"])] == [[0], [1], [2]]


def test_a_bigram_whose_last_letter_is_cut_off_from_its_mark_is_that_of_the_bare_letter():
    corpus = Corpus([Document("a.txt", "がﾊﾞス")])
    chunking = chunking_of(corpus, [(0, 2), (3, 4)])
    assert [scores.nonzero()[0].tolist() for scores in score_chunks(chunking, ["がﾊ", "がバ", "ス"])] == [[0], [], [1]]


def test_a_cut_word_counts_as_its_fragments():
    corpus = Corpus([Document("a.txt", "retrieval of İstanbul")])
    chunking = chunking_of(corpus, [(0, 4), (4, 9), (10, 13), (13, 21)])
    questions = ["retr", "ieval", "retrieval", "stanbul", "İ"]
    best = [int(scores.argmax()) if scores.any() else None for scores in score_chunks(chunking, questions)]
    assert best == [0, 1, None, None, None]
    chunking = chunking_of(corpus, [(10, 14), (14, 21)])
    assert [scores.nonzero()[0].tolist() for scores in score_chunks(chunking, questions)] == [[], [], [], [1], [0]]


def score_chunks(chunking: Chunking, questions: list[str]):
    return bm25(chunking.corpus, CONFIG).scores(chunking, questions)


def test_a_lone_character_of_a_cut_run_is_a_term():
    corpus = Corpus([Document("a.txt", "全文検索")])
    chunking = chunking_of(corpus, [(0, 1), (1, 3), (3, 4)])
    assert [scores.nonzero()[0].tolist() for scores in score_chunks(chunking, ["全", "文検", "索", "全文"])] == [
        [0],
        [1],
        [2],
        [],
    ]


def test_a_word_repeated_in_the_question_counts_each_time():
    chunking = chunking_of(Corpus([Document("a.txt", "one two")]), [(0, 3), (4, 7)])
    once, twice = score_chunks(chunking, ["one", "one one"])
    assert twice[0] == pytest.approx(2 * once[0])


@given(st.data(), st.sampled_from([{}, {"index_title": True}, {"analyzer": "english"}]))
def test_a_question_and_a_chunk_share_a_term_where_the_score_is_above_0(data, settings):
    corpus, config = data.draw(corpora()), CONFIG.with_settings(**settings)
    chunking = data.draw(chunkings(corpus))
    questions = ["the", "全文 fi", "absent", ""]
    scores = bm25(corpus, config).scores(chunking, questions)
    rows = np.indices(scores.shape).reshape(2, -1)
    shared = share_terms(chunking, questions, config, *rows)
    assert shared is not None
    assert shared.reshape(scores.shape).tolist() == (scores > 0).tolist()
    backwards = share_terms(chunking, questions, config, *rows[:, ::-1])
    assert backwards is not None
    assert backwards.tolist() == shared.tolist()[::-1]


@given(st.data())
def test_a_ranking_is_total_and_ties_stand_in_order(data):
    corpus = data.draw(corpora())
    chunking = data.draw(chunkings(corpus))
    questions = ["the", "全文 fi", "absent", ""]
    scores = bm25(corpus, CONFIG).scores(chunking, questions)
    whole = rank(chunking, questions, CONFIG, len(chunking))
    expected = [
        [row for _, row in sorted((-score, row) for row, score in enumerate(found))] for found in scores.tolist()
    ]
    assert whole.tolist() == expected
    for depth in range(len(chunking)):
        assert rank(chunking, questions, CONFIG, depth).tolist() == [found[:depth] for found in expected]


def test_chunks_of_equal_text_tie():
    text = "the quick brown fox jumps over the lazy dog " * 50
    corpus = Corpus([Document("a.txt", text)])
    chunking = chunking_of(corpus, [(start, start + 43) for start in range(0, len(text), 44)])
    assert rank(chunking, ["the lazy fox over there the"], CONFIG, 7).tolist() == [list(range(7))]


@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=4), st.integers(0, 8))
def test_best_first_is_a_stable_sort_cut_off(rows, depth):
    scores = np.array(rows, float)
    assert best_first(scores, depth).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :depth].tolist()


@given(st.integers(0, 2**32), st.integers(1, 3000), st.integers(1, 40), st.integers(1, 300))
def test_best_first_sorts_many_columns_stably(seed, columns, depth, different):
    scores = np.random.default_rng(seed).integers(different, size=(3, columns)) / 7
    scores[1] = 0
    assert best_first(scores, depth).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :depth].tolist()


def test_many_questions_and_chunks_are_scored_in_blocks(monkeypatch):
    corpus = Corpus([Document("a.txt", "one two three four five")])
    chunking = chunking_of(corpus, [(0, 3), (4, 13), (8, 23)])
    questions = ["one", "two three", "five", "none"]
    whole = score_chunks(chunking, questions)
    monkeypatch.setattr("rag_chunk.retriever.bm25._CELLS", 3)
    np.testing.assert_array_equal(score_chunks(chunking, questions), whole)


def test_the_index_is_made_once_for_a_corpus():
    corpus = Corpus([Document("a.txt", "one")])
    assert bm25(corpus, CONFIG) is bm25(corpus, RunConfig(chunk_size=7))


def test_without_chunks_or_questions_a_ranking_is_empty():
    corpus = Corpus([Document("a.txt", "one")])
    assert rank(chunking_of(corpus, []), ["one"], CONFIG, 5).shape == (1, 0)
    assert rank(chunking_of(corpus, [(0, 3)]), [], CONFIG, 5).shape == (0, 1)


MINE = """
import numpy as np

class Index:
    def __init__(self, rows): self.rows = rows
    def rank(self, chunking, questions, depth): return self.rows

def backwards(corpus, config): return Index(np.array([[1, 0]]))
def short(corpus, config): return Index([[1, -1]])
def twice(corpus, config): return Index([[1, 1]])
def beyond(corpus, config): return Index([[0, 2]])
def gap(corpus, config): return Index([[-1, 0]])
def words(corpus, config): return Index([["a", "b"]])
def ragged(corpus, config): return Index([[0], [1]])
def uneven(corpus, config): return Index([[0], [0, 1]])
def nothing(corpus, config): return Index([[]])
def broken(corpus, config): raise KeyError("no store")
def telling(corpus, config):
    from rag_chunk.errors import InputError
    raise InputError("the store is empty")
"""


def ranked_by(name: str, folder) -> list[list[int]]:
    (folder / "my_retrievers.py").write_text(MINE)
    chunking = chunking_of(Corpus([Document("a.txt", "one two")]), [(0, 3), (4, 7)])
    return rank(chunking, ["one"], RunConfig(retriever=f"my_retrievers:{name}"), 2).tolist()


def test_a_retriever_of_the_users_own_is_found_in_the_working_folder(folder):
    assert ranked_by("backwards", folder) == [[1, 0]]
    assert ranked_by("short", folder) == [[1, -1]]
    assert ranked_by("nothing", folder) == [[]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("twice", "ranked a chunk twice for question 1"),
        ("beyond", "ranked chunk 2 of 2 chunks"),
        ("gap", "ranked a chunk after -1"),
        ("words", "a ranking holds whole numbers"),
        ("ragged", "one row for each of the 1 questions"),
        ("uneven", "rows of different lengths"),
        ("broken", "raised KeyError"),
        ("telling", "the store is empty"),
        ("absent", "has no function absent"),
    ],
)
def test_what_is_wrong_with_the_users_own_is_said(name, said, folder):
    with pytest.raises(InputError, match=said):
        ranked_by(name, folder)


def test_legacy_ranks_by_the_share_of_common_words():
    chunking = chunking_of(Corpus([Document("a.txt", "one two. ONE one. three")]), [(0, 7), (9, 16), (18, 23)])
    index = retriever_of(RunConfig.model_construct(retriever="legacy"))(chunking.corpus, CONFIG)
    assert index.rank(chunking, ["one. ONE", "three two"], 3).tolist() == [[1, 0, 2], [2, 0, 1]]
