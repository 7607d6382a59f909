"""Scores equal a slow reference on sets of characters, for any chunks, rankings and evidence."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus, Document, read_corpus
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import Unit
from rag_chunk.questions import Evidence, Question, Questions, read_questions
from rag_chunk.retriever import Ranking, rank
from rag_chunk.retriever.legacy import legacy
from rag_chunk.scorer import GROUPS, Scores, required_depth, score, shape_metrics
from rag_chunk.scorer.budget import usual_depth
from rag_chunk.scorer.evidence import evidence_table
from rag_chunk.scorer.losses import CAUSES
from rag_chunk.scorer.oracle import oracle_ranking
from rag_chunk.scorer.retrieval import Retrieval
from rag_chunk.scorer.shuffles import SHUFFLES, shuffles
from tests.support.evaluation import chunking_of, chunkings, corpora, public_data, questions_in, questions_of, stretches
from tests.support.reference import LADDER, Reference


@st.composite
def cases(draw: st.DrawFn) -> tuple[Chunking, Ranking, Questions, RunConfig]:
    """Draw a chunking, rankings that may end early, questions, and a config with a small budget."""
    corpus = draw(corpora())
    assume(not stretches(corpus).is_empty)
    chunking, questions = draw(chunkings(corpus)), draw(questions_in(corpus))
    depth = draw(st.integers(0, len(chunking)))
    rows = [draw(st.permutations(range(len(chunking))))[:depth] for _ in range(len(questions))]
    left = [draw(st.integers(0, depth)) if draw(st.booleans()) else depth for _ in rows]
    ranking = np.array([row[:count] + [-1] * (depth - count) for row, count in zip(rows, left, strict=True)], np.int64)
    config = RunConfig(
        chunk_size=draw(st.integers(1, 9)),
        top_k=draw(st.integers(1, 6)),
        budget=draw(st.integers(1, 90)),
        budget_unit=draw(st.sampled_from(["characters", "characters", "tokens"])),
        merge_overlaps=draw(st.booleans()),
        seed=draw(st.integers(0, 3)),
    )
    return chunking, ranking.reshape(len(questions), depth), questions, config


def legacy_texts(chunking: Chunking, questions: Questions, config: RunConfig) -> list[list[str]]:
    ranking = legacy(chunking.corpus, config).rank(chunking, questions.texts, min(config.top_k, len(chunking)))
    return [chunking.corpus.texts(chunking.spans[rows]) for rows in ranking]


def rows_of(ranking: Ranking) -> list[list[int]]:
    return [[row for row in ranked if row >= 0] for ranked in ranking.tolist()]


@given(cases())
def test_scores_equal_those_on_sets_of_characters(case):
    chunking, ranking, questions, config = case
    reference = Reference(chunking, config)
    found = score(chunking, ranking, questions, config, GROUPS, legacy_texts(chunking, questions, config))
    pairs = list(zip(rows_of(ranking), questions.questions, strict=True))
    expected = [reference.scores(ranked, question) for ranked, question in pairs]
    for name in expected[0]:
        values = [scores[name] for scores in expected]
        assert found.per_question[name] == pytest.approx(values), name
        assert found.metrics[name] == pytest.approx(np.mean(values)), name
    assert found.filled.tolist() == [reference.started_chunks(ranked) for ranked, _ in pairs]
    assert found.metrics.get("size_for_90") == reference.size_for_90(rows_of(ranking), questions.questions)


@given(cases())
def test_intact_pools_the_items_of_all_questions(case):
    chunking, ranking, questions, config = case
    items = [Reference(chunking, config).intact(question) for question in questions.questions]
    found = score(chunking, ranking, questions, config, ["borders"])
    assert found.per_question["intact"] == pytest.approx([np.mean(whole) for whole in items])
    assert found.metrics["intact"] == pytest.approx(np.mean([whole for found in items for whole in found]))


@given(cases())
def test_the_ceiling_takes_the_most_new_evidence_for_what_it_costs(case):
    chunking, _, questions, config = case
    reference = Reference(chunking, config)
    met = Retrieval(chunking, np.zeros((len(questions), 0), np.int64), questions, config)
    costs = [reference.cost_of(row) for row in range(len(chunking))]
    ranking = rows_of(oracle_ranking(met.overlaps, met.costs, config.budget))
    for ranked, question in zip(ranking, questions.questions, strict=True):
        assert len(set(ranked)) == len(ranked)
        for count in range(len(ranked) + 1):
            spent = sum(costs[row] for row in ranked[:count])
            gains = densities(reference, ranked[:count], question)
            best = max(gains, default=0)
            if count < len(ranked):
                assert spent < config.budget
                assert gains[ranked[count]] == pytest.approx(best)
            else:
                assert spent >= config.budget or best == pytest.approx(0)


def densities(reference: Reference, taken: list[int], question: Question) -> list[float]:
    """Return the rise of recall for what each chunk costs."""
    before = reference.recall(reference.union(taken), question)
    return [
        (reference.recall(reference.union([*taken, row]), question) - before) / reference.cost_of(row)
        for row in range(len(reference.chunks))
    ]


@given(cases())
def test_the_ceiling_is_at_least_the_actual_recall_and_the_floor_a_mean_of_shuffles(case):
    chunking, ranking, questions, config = case
    found = score(chunking, ranking, questions, config)
    assert (found.per_question["oracle_recall"] >= found.per_question["budget_recall"]).all()
    assert (found.per_question["oracle_recall"] <= 1).all()
    costs = Retrieval(chunking, ranking, questions, config).costs
    drawn = rows_of(shuffles(chunking.corpus, questions, costs, config.seed, config.budget))
    reference = Reference(chunking, config)
    for number, question in enumerate(questions.questions):
        lists = drawn[number * SHUFFLES : (number + 1) * SHUFFLES]
        recalls = [reference.recall(reference.read_within_budget(ranked), question) for ranked in lists]
        assert found.per_question["random_recall"][number] == pytest.approx(np.mean(recalls))


def numbered(count: int) -> Questions:
    return questions_of(*(Question(f"q{number}", "?", (Evidence(((0, 1),)),)) for number in range(count)))


@pytest.mark.parametrize("chunks", [1, 10, 2000])
@pytest.mark.parametrize("budget", [1, 25, 4000])
def test_shuffles_fill_the_budget_without_repeating_a_chunk(chunks, budget):
    corpus = Corpus([Document("a.txt", "x" * 5 * chunks)])
    spans = as_spans([(start, start + 5) for start in range(0, 5 * chunks, 5)])
    for ranked in rows_of(shuffles(corpus, numbered(3), spans, 0, budget)):
        assert len(set(ranked)) == len(ranked)
        assert 5 * len(ranked) >= min(budget, 5 * chunks)


def test_shuffles_are_drawn_on_until_the_budget_is_filled(monkeypatch):
    corpus = Corpus([Document("a.txt", "x" * 5000)])
    spans = as_spans([(start, start + 5) for start in range(0, 5000, 5)])
    monkeypatch.setattr("rag_chunk.scorer.shuffles._usually_enough", lambda *_: 3)
    drawn = rows_of(shuffles(corpus, numbered(3), spans, 0, 100))
    assert all(20 <= len(set(ranked)) == len(ranked) <= 24 for ranked in drawn)


@pytest.mark.parametrize("budget", [5, 1000])
def test_shuffles_are_even_and_keyed_by_seed_and_question(budget):
    corpus = Corpus([Document("a.txt", "x" * 1000)])
    spans = as_spans([(start, start + 5) for start in range(0, 1000, 5)])
    drawn = shuffles(corpus, numbered(300), spans, 0, budget)
    first = np.array([ranked[:1] for ranked in rows_of(drawn)])
    assert np.bincount(first.ravel() // 20, minlength=10) / len(first) == pytest.approx(np.full(10, 0.1), abs=0.02)
    fewer = shuffles(corpus, numbered(2), spans, 0, budget)
    assert rows_of(fewer)[0][:1] == rows_of(drawn)[0][:1]
    assert rows_of(fewer)[SHUFFLES][:1] == rows_of(drawn)[SHUFFLES][:1]
    assert rows_of(shuffles(corpus, numbered(2), spans, 1, budget)) != rows_of(fewer)


@given(cases())
def test_shape_metrics_count_what_is_there(case):
    chunking, _, _, config = case
    reference, sizes = Reference(chunking, config), chunking.sizes.tolist()
    found = shape_metrics(chunking, config)
    ink = reference.ink(0, len(reference.line))
    texts = [chunking.corpus.text(*span) for span in chunking.spans.tolist()]
    assert found["num_chunks"] == len(sizes)
    assert found["chunk_size_max"] == max(sizes, default=0)
    assert found["share_tiny"] == pytest.approx(sum(size < 20 for size in sizes) / max(1, len(sizes)))
    assert found["share_over_limit"] == pytest.approx(
        sum(size > config.chunk_size for size in sizes) / max(1, len(sizes))
    )
    assert found["coverage"] == pytest.approx(len(reference.union(range(len(sizes)))) / len(ink))
    assert found["duplicates"] == len(texts) - len(set(texts))
    assert found["index_ratio"] == pytest.approx(sum(sizes) / max(1, len(chunking.units.starts)))


@pytest.mark.parametrize("unit", ["words", "tokens", "characters"])
def test_nothing_is_indexed_before_chunks_of_documents_without_headings(unit: Unit) -> None:
    corpus, config = Corpus([Document("a.txt", "one two three")]), RunConfig(unit=unit, index_headings=True)
    assert shape_metrics(chunk(corpus, config), config)["index_ratio"] == 1


def test_shape_metrics_of_no_chunks_are_numbers():
    found = shape_metrics(chunking_of(Corpus([Document("a.txt", "")]), []), RunConfig())
    assert found["num_chunks"] == 0
    assert all(np.isfinite(value) for value in found.values())


@given(cases())
def test_the_depth_needed_fills_every_budget_whatever_the_ranking(case):
    chunking, _, _, config = case
    depth = required_depth(chunking, config)
    reference = Reference(chunking, config)
    cheapest = sorted(range(len(chunking)), key=lambda row: chunking.spans[row, 1] - chunking.spans[row, 0])[:depth]
    in_tokens = config.budget_unit == "tokens"
    least = sorted(range(len(chunking)), key=reference.cost_of)[:depth]
    largest = max(LADDER) if in_tokens else max(*LADDER, config.budget)
    assert depth == len(chunking) or (depth >= config.top_k and reference.cost(cheapest) >= largest)
    assert depth == len(chunking) or not in_tokens or reference.cost_in_tokens(least) >= config.budget


@pytest.mark.parametrize("merge_overlaps", [False, True])
def test_the_depth_needed_for_many_chunks_is_less_than_all(merge_overlaps):
    corpus = Corpus([Document("a.txt", "word " * 40000)])
    config = RunConfig(strategy="sliding-window", chunk_size=100, overlap=50, merge_overlaps=merge_overlaps)
    chunking = chunk(corpus, config)
    depth = required_depth(chunking, config)
    assert depth < len(chunking)
    reference = Reference(chunking, config)
    assert reference.cost(range(depth)) >= 32000
    assert reference.cost(range(0, 2 * depth, 2)) >= 32000


TEXT = "aaaa bbbb cccc dddd eeee ffff"
CORPUS = Corpus([Document("a.txt", TEXT)])


def scores_of(chunks, ranked, *items, **settings) -> Scores:
    """Score one question on TEXT; items are spans, or lists of alternatives."""
    evidence = tuple(Evidence(tuple(item) if isinstance(item, list) else (item,)) for item in items)
    questions = questions_of(Question("q1", "aaaa or zzzz?", evidence))
    chunking = chunking_of(CORPUS, chunks)
    config, ranking = RunConfig(**settings), np.array([ranked], np.int64).reshape(1, -1)
    return score(chunking, ranking, questions, config, GROUPS, legacy_texts(chunking, questions, config))


def test_the_last_chunk_is_cut_at_the_character():
    found = scores_of([(0, 9), (10, 19)], [1, 0], (0, 9), budget=12)
    assert found.metrics["budget_recall"] == pytest.approx(3 / 8)
    assert found.filled.tolist() == [2]


def test_a_chunk_that_begins_where_the_budget_ends_is_not_read():
    found = scores_of([(0, 9), (10, 19)], [1, 0], (0, 9), budget=9)
    assert found.metrics["budget_recall"] == 0
    assert found.filled.tolist() == [1]


def test_repeated_text_is_paid_for_twice_unless_overlaps_are_merged():
    chunks = [(0, 9), (5, 14)]
    assert scores_of(chunks, [0, 1], (0, 14), budget=14).metrics["budget_recall"] == pytest.approx(8 / 12)
    assert scores_of(chunks, [0, 1], (0, 14), budget=14, merge_overlaps=True).metrics["budget_recall"] == 1
    assert scores_of(chunks, [0, 1], (0, 14)).metrics["context_size"] == 18
    assert scores_of(chunks, [0, 1], (0, 14), merge_overlaps=True).metrics["context_size"] == 14


def test_any_alternative_fills_an_item_and_the_first_gives_its_weight():
    found = scores_of([(20, 29)], [0], [(0, 4), (20, 29)], (5, 9))
    assert found.metrics["avg_recall"] == pytest.approx(0.5)
    assert found.metrics["avg_precision"] == 1
    assert found.metrics["budget_complete"] == 0


def test_a_chunk_is_relevant_that_covers_half_an_item_or_lies_inside_one():
    assert scores_of([(0, 4), (5, 7)], [0, 1], (5, 9)).metrics["mrr"] == 0.5
    assert scores_of([(4, 6)], [0], (5, 29)).metrics["hit_rate"] == 1
    assert scores_of([(0, 6)], [0], (5, 29)).metrics["hit_rate"] == 0
    assert scores_of([(0, 4), (5, 9)], [0, 1], (5, 9), top_k=1).metrics["mrr"] == 0


def test_a_question_that_retrieves_nothing_scores_zero():
    found = scores_of([(0, 4)], [-1, -1], (0, 4))
    wanted = ["avg_recall", "avg_precision", "avg_f1", "context_size", "budget_recall", "hit_rate", "mrr"]
    assert [found.metrics[name] for name in wanted] == [0] * 7
    assert found.metrics["oracle_recall"] == 1


def test_the_least_size_for_a_recall_of_nine_in_ten_is_absent_if_there_is_none():
    corpus = Corpus([Document("a.txt", "x" * 3000)])
    questions = questions_of(Question("q1", "?", (Evidence(((1900, 2000),)),)))
    config = RunConfig()
    found = score(chunking_of(corpus, [(0, 3000)]), np.array([[0]]), questions, config, ["budget"])
    assert found.metrics["size_for_90"] == 2000
    found = score(chunking_of(corpus, [(0, 1900)]), np.array([[0]]), questions, config, ["budget"])
    assert "size_for_90" not in found.metrics


def test_question_overlap_is_the_share_of_terms_that_stand_in_the_evidence():
    assert scores_of([(0, 4)], [0], (0, 9)).metrics["question_overlap"] == pytest.approx(1 / 3)


def test_the_papers_figures_count_overlaps_twice_in_what_they_divide_by():
    found = scores_of([(0, 9), (5, 14)], [0, 1], (5, 9), (20, 24), top_k=2).metrics
    assert found["paper_recall"] == pytest.approx(4 / 8)
    assert found["paper_precision"] == pytest.approx(4 / 18)
    assert found["paper_iou"] == pytest.approx(4 / (18 + 4))


def test_legacy_recall_without_its_texts_is_refused():
    with pytest.raises(ValueError, match="needs the texts that the legacy retriever brings"):
        score(chunking_of(CORPUS, [(0, 4)]), np.array([[0]]), numbered(1), RunConfig(), ["legacy"])


def test_legacy_recall_wants_the_phrase_whole_in_one_chunk():
    assert scores_of([(0, 4), (5, 9)], [0, 1], (0, 4), (0, 9)).metrics["legacy_recall"] == 0.5


def test_without_questions_only_the_shape_is_measured():
    found = score(chunking_of(CORPUS, [(0, 4)]), None, None, RunConfig())
    assert found.metrics == shape_metrics(chunking_of(CORPUS, [(0, 4)]), RunConfig())
    assert not found.per_question


def test_groups_choose_what_is_computed():
    found = score(chunking_of(CORPUS, [(0, 4)]), np.array([[0]]), numbered(1), RunConfig(), ["random"])
    assert list(found.metrics) == ["random_recall"]
    assert "paper_recall" not in score(chunking_of(CORPUS, [(0, 4)]), np.array([[0]]), numbered(1), RunConfig()).metrics


def test_many_meetings_and_pieces_are_compared_in_blocks(monkeypatch):
    corpus, file = public_data()
    config = RunConfig(strategy="sliding-window", chunk_size=100, overlap=50, merge_overlaps=True)
    chunking, questions = chunk(corpus, config), read_questions(file, corpus)
    ranking = rank(chunking, questions.texts, config, required_depth(chunking, config))
    whole = score(chunking, ranking, questions, config).metrics
    monkeypatch.setattr("rag_chunk.scorer.overlaps._CELLS", 1000)
    monkeypatch.setattr("rag_chunk.scorer.budget._CELLS", 20000)
    assert score(chunking, ranking, questions, config).metrics == whole


def test_scores_on_the_public_data_equal_those_on_sets_of_characters():
    corpus, file = public_data()
    config = RunConfig(strategy="sliding-window", chunk_size=200, overlap=50)
    chunking, questions = chunk(corpus, config), read_questions(file, corpus)
    ranking = rank(chunking, questions.texts, config, required_depth(chunking, config))
    scores = score(chunking, ranking, questions, config, GROUPS, legacy_texts(chunking, questions, config))
    found, reference = scores.per_question, Reference(chunking, config)
    for number in range(0, len(questions), 23):
        expected = reference.scores(ranking[number].tolist(), questions.questions[number])
        assert {name: found[name][number] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("size", [200, 400, 800])
def test_precision_omega_on_the_public_data_equals_that_on_sets_of_characters(size):
    corpus, file = public_data()
    config = RunConfig(chunk_size=size, overlap=0, unit="tokens", model="cl100k_base")
    chunking, questions = chunk(corpus, config), read_questions(file, corpus)
    found = score(chunking, np.zeros((len(questions), 0), np.int64), questions, config, ["borders"])
    reference = Reference(chunking, config)
    expected = [reference.precision_omega(question) for question in questions.questions]
    assert found.per_question["precision_omega"] == pytest.approx(expected)
    whole = [kept for question in questions.questions for kept in reference.intact(question)]
    assert found.metrics["intact"] == pytest.approx(np.mean(whole))


@settings(max_examples=40)
@given(cases())
def test_a_corpus_pasted_twice_lowers_no_recall_at_twice_the_cost(case):
    chunking, ranking, questions, config = case
    once = [(question.id, question.evidence[0].spans) for question in questions.questions]
    twice = [(name, (*spans, *moved(spans, len(chunking.corpus)))) for name, spans in once]
    before, after = (
        questions_of(*(Question(name, "the?", (Evidence(spans),)) for name, spans in asked)) for asked in (once, twice)
    )
    beside = np.repeat(ranking, 2, axis=1)  # a chunk and its copy are equally like any question
    beside[:, 1::2] = np.where(ranking >= 0, ranking + len(chunking), -1)
    doubled = config.with_settings(top_k=2 * config.top_k, budget=2 * config.budget)
    first, second = score(chunking, ranking, before, config), score(pasted(chunking), beside, after, doubled)
    assert second.metrics["intact"] >= first.metrics["intact"]
    for name in ("avg_recall", "budget_recall"):
        assert (second.per_question[name] >= first.per_question[name] - 1e-12).all(), name


def moved(spans, length: int) -> list[tuple[int, int]]:
    return [(start + length, end + length) for start, end in spans]


def pasted(chunking: Chunking) -> Chunking:
    """Return the same chunks, and those of a copy of every document after them."""
    corpus, spans = chunking.corpus, [(start, end) for start, end in chunking.spans.tolist()]
    copies = [Document(f"z{document.name}", document.text) for document in corpus.documents]
    return chunking_of(Corpus([*corpus.documents, *copies]), [*spans, *moved(spans, len(corpus))])


def test_the_public_data_pasted_twice_lowers_no_recall_at_twice_the_cost(tmp_path):
    corpus, file = public_data()
    phrases = [corpus.text(*question.evidence[0].spans[0]) for question in read_questions(file, corpus).questions]
    asked = tmp_path / "questions.json"
    asked.write_text(json.dumps([{"question": phrase[:40], "relevant": [phrase]} for phrase in phrases]), "utf-8")
    copies = [Document(f"z{document.name}", document.text) for document in corpus.documents]
    config = RunConfig(strategy="sentence", chunk_size=100, budget=1000)
    found = []
    for documents, times in ((corpus.documents, 1), ([*corpus.documents, *copies], 2)):
        whole, settings = Corpus(documents), config.with_settings(top_k=times * 5, budget=times * 1000)
        chunking, questions = chunk(whole, settings), read_questions(asked, whole)
        ranking = rank(chunking, questions.texts, settings, required_depth(chunking, settings))
        found.append(score(chunking, ranking, questions, settings))
    assert found[1].metrics["intact"] == found[0].metrics["intact"] < 1
    for name in ("avg_recall", "budget_recall"):
        assert (found[1].per_question[name] >= found[0].per_question[name] - 1e-12).all(), name


def test_chunks_without_the_white_space_between_them_reach_one():
    words = [(0, 4), (5, 9), (10, 14), (15, 19)]
    found = scores_of(words, [0, 1, 2, 3], (0, 19), (4, 10), budget=16, top_k=4).metrics
    assert found["budget_recall"] == found["avg_recall"] == found["budget_complete"] == found["oracle_recall"] == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_spends_exactly_the_budget(strategy):
    corpus = read_corpus("examples")
    questions = questions_of(
        *(Question(f"q{word}", word, (Evidence(((0, 9),)),)) for word in ("recall", "table index"))
    )
    for budget in (1000, 4000):
        config = RunConfig(strategy=strategy, chunk_size=60, budget=budget, embedding_model="hashing")
        chunking = chunk(corpus, config)
        ranking = rank(chunking, questions.texts, config, required_depth(chunking, config))
        filled = score(chunking, ranking, questions, config, ["budget"]).filled
        reference = Reference(chunking, config)
        for row, count in zip(rows_of(ranking), filled.tolist(), strict=True):
            assert reference.cost(row[: count - 1]) < budget <= reference.cost(row[:count])
            assert len(list(reference.walked(row, budget))) == budget


@given(cases())
def test_the_causes_of_loss_are_never_negative_and_sum_to_the_recall_that_is_missing(case):
    chunking, ranking, questions, config = case
    scores = score(chunking, ranking, questions, config, ["budget", "losses"]).per_question
    causes = np.array([scores[name] for name in CAUSES])
    assert (causes >= -1e-12).all()
    assert causes.sum(axis=0) == pytest.approx(1 - scores["budget_recall"])


@given(cases())
def test_the_losses_of_items_sum_to_those_of_their_question(case):
    chunking, ranking, questions, config = case
    scores = score(chunking, ranking, questions, config, ["budget", "losses"])
    table = evidence_table(chunking.corpus, questions)
    for place, lost in enumerate(scores.lost_items):
        weights = table.item_weights[table.item_question == place]
        if len(weights) == 1:
            assert lost == ()
            continue
        missing = sum(weights[item.number - 1] * item.missing for item in lost) / weights.sum()
        assert missing == pytest.approx(1 - scores.per_question["budget_recall"][place])
        assert {cause for item in lost for cause in item.causes} == set(scores.causes[place])


BOOKS = Corpus([Document("a", "aaaa bbbb cccc dddd "), Document("b", "eeee ffff ")])
WORDS = [(0, 4), (5, 9), (10, 14), (15, 19), (20, 24), (25, 29)]


@pytest.mark.parametrize(
    ("chunks", "ranked", "evidence", "budget", "cause"),
    [
        (WORDS, [0, 1], (5, 9), 6, {"lost_cut": 0.5}),
        (WORDS, [0, 4], (0, 9), 8, {"lost_at_border": 0.5}),
        (WORDS, [0, 1], (5, 9), 4, {"lost_below_budget": 1.0}),
        (WORDS, [4, 0], (0, 4), 4, {"lost_never_retrieved": 1.0}),
        (WORDS, [4], (5, 9), 4, {"lost_never_retrieved": 1.0}),
        (WORDS[1:], [0, 1], (0, 4), 8, {"lost_skipped": 1.0}),
        (WORDS, [0, 1], (0, 4), 8, {}),
    ],
    ids=["cut by budget", "cut by border", "below the budget", "no common word", "not ranked", "skipped", "nothing"],
)
def test_a_planted_loss_is_named_by_its_cause(chunks, ranked, evidence, budget, cause):
    questions = questions_of(Question("q", "bbbb", (Evidence((evidence,)),)))
    config, ranking = RunConfig(budget=budget), np.array([ranked])
    scores = score(chunking_of(BOOKS, chunks), ranking, questions, config, ["budget", "losses"])
    assert {name: scores.metrics[name] for name in CAUSES if scores.metrics[name]} == pytest.approx(cause)


@pytest.mark.parametrize(
    ("asked", "causes"),
    [
        ("aaaa bbbb", ("lost_at_border", "lost_below_budget")),
        ("aaaa", ("lost_at_border", "lost_never_retrieved", "lost_below_budget")),
        ("eeee", ("lost_at_border", "lost_never_retrieved")),
    ],
)
def test_a_border_does_not_hide_why_its_pieces_were_not_read(asked, causes):
    questions = questions_of(Question("q", asked, (Evidence(((0, 9),)),)))
    ranking = np.array([[4, 0, 1]])
    scores = score(chunking_of(BOOKS, WORDS), ranking, questions, RunConfig(budget=4), ["budget", "losses"])
    assert scores.metrics["lost_at_border"] == 1
    assert scores.causes == [causes]


def test_each_item_has_its_own_causes():
    items = [Evidence((span,)) for span in ((0, 4), (5, 14), (20, 24))]
    questions = questions_of(Question("q", "aaaa eeee", tuple(items)))
    ranking, config = np.array([[0, 1, 4]]), RunConfig(budget=4)
    (lost,) = score(chunking_of(BOOKS, WORDS), ranking, questions, config, ["budget", "losses"]).lost_items
    assert [(item.number, item.missing, item.causes) for item in lost] == [
        (2, 1.0, ("lost_at_border", "lost_never_retrieved")),
        (3, 1.0, ("lost_below_budget",)),
    ]


def test_no_chunks_need_no_depth():
    assert usual_depth(chunking_of(Corpus([Document("a.txt", "")]), []), RunConfig(top_k=3)) == 3
