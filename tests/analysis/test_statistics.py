"""Which differences are real: against a slow reference, and on what must hold for any scores."""

import math
from dataclasses import astuple
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag_chunk.analysis.statistics import (
    ALPHA,
    Pair,
    PairedTest,
    compare_all,
    expected_loss,
    mean_interval,
    mean_intervals,
    questions_needed,
    recommend,
    sure_leads,
)
from rag_chunk.analysis.verdicts import pair_verdict, recommendation_verdict, sample_warning, verdict

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"]


def score_tables(max_questions=20, max_configurations=6):
    """Draw [questions, configurations] of quarters, so that there are many ties."""
    quarters = st.integers(0, 4).map(lambda value: value / 4)
    shapes = st.tuples(st.integers(1, max_questions), st.integers(1, max_configurations))
    return shapes.flatmap(
        lambda shape: st.lists(
            st.lists(quarters, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
        )
    )


def realistic_scores(questions, configurations, seed=0):
    """Return scores with many zeros and ones, alike over configurations where a question is hard."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=(questions, 1))
    return np.clip(0.7 + 0.5 * (0.8 * hard + 0.6 * rng.normal(size=(questions, configurations))), 0, 1)


def squared_t(differences):
    """Return t^2 of the definition, mean^2 / (variance / n), in exact fractions."""
    count = len(differences)
    mean = sum(differences) / count
    spread = sum((value - mean) ** 2 for value in differences)
    if spread == 0:
        return math.inf if mean else Fraction(0)
    return mean**2 * count * (count - 1) / spread


def reference_p_values(table):
    """Return the adjusted p of each pair: every sign pattern, every pair, one after the other."""
    rows = [[Fraction(value) for value in row] for row in table]
    pairs = list(combinations(range(len(rows[0])), 2))
    differences = {(a, b): [row[a] - row[b] for row in rows] for a, b in pairs}
    maxima = []
    for signs in product((1, -1), repeat=len(rows)):
        flipped = ([s * d for s, d in zip(signs, differences[pair], strict=True)] for pair in pairs)
        maxima.append(max(map(squared_t, flipped), default=0))
    observed = {pair: squared_t(differences[pair]) for pair in pairs}
    return {pair: sum(m >= observed[pair] for m in maxima) / len(maxima) for pair in pairs}


def p_values(comparison):
    return {tuple(sorted((pair.a, pair.b))): pair.p_adjusted for pair in comparison.pairs}


def only_pair(scores, **options):
    (pair,) = compare_all(scores, seed=0, **options).pairs
    return pair


# The p of each pair


@settings(max_examples=60, deadline=None)
@given(score_tables(max_questions=6, max_configurations=4))
def test_p_values_equal_the_slow_reference(table):
    assert p_values(compare_all(table, seed=0)) == pytest.approx(reference_p_values(table), abs=1e-12)


def test_thirteen_questions_are_enumerated_and_need_no_seed():
    scores = realistic_scores(13, 5)
    comparison = compare_all(scores, seed=0)
    assert comparison == compare_all(scores, seed=1)
    assert all((pair.p_adjusted * 2**13).is_integer() for pair in comparison.pairs)


def test_fourteen_questions_are_sampled_close_to_their_enumeration(monkeypatch):
    scores = realistic_scores(14, 4)
    sampled = p_values(compare_all(scores, seed=0))
    monkeypatch.setattr("rag_chunk.analysis.statistics.paired_test.EXACT_UP_TO", 14)
    exact = p_values(compare_all(scores, seed=0))
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=0.02)


def test_sampled_flips_never_give_a_p_of_zero():
    scores = np.column_stack((np.ones(40), np.zeros(40)))
    assert only_pair(scores, flips=999).p_adjusted == 1 / 1000


@pytest.mark.parametrize("questions", [1, 5, 13, 14, 40])
def test_identical_columns_are_not_different(questions):
    column = realistic_scores(questions, 1)
    comparison = compare_all(np.hstack((column, column, column)), seed=0)
    assert comparison.leader == 0
    assert comparison.not_shown_worse == (0, 1, 2)
    assert comparison.detectable is None
    assert {astuple(pair)[2:] for pair in comparison.pairs} == {(0, 0, 0, 1, 0)}


@pytest.mark.parametrize(("questions", "expected"), [(1, 1), (2, 0.5), (5, 1 / 16), (6, 1 / 32), (13, 2 / 2**13)])
def test_a_constant_difference_has_the_p_of_the_two_extreme_patterns(questions, expected):
    column = np.linspace(0, 0.5, questions)
    pair = only_pair(np.column_stack((column, column + 0.3)))
    assert (pair.a, pair.b, pair.p_adjusted) == (1, 0, expected)
    assert pair.difference == pytest.approx(0.3)
    assert (pair.low > 0) == (expected < 0.05)


def test_scores_that_differ_by_float_noise_are_identical():
    scores = realistic_scores(20, 1)
    assert only_pair(np.hstack((scores, scores + 1e-15))).p_adjusted == 1


@settings(max_examples=50, deadline=None)
@given(score_tables(), st.sampled_from([0.25, -3.0, 0.1, 1 / 3]))
def test_shifting_all_scores_changes_no_p(table, shift):
    scores = np.array(table)
    shifted = compare_all(scores + shift, seed=3, flips=200)
    assert p_values(shifted) == p_values(compare_all(scores, seed=3, flips=200))


@settings(max_examples=50, deadline=None)
@given(score_tables(), st.randoms(use_true_random=False))
def test_permuting_the_configurations_permutes_the_result(table, random):
    scores = np.array(table)
    order = random.sample(range(scores.shape[1]), scores.shape[1])
    plain, permuted = (compare_all(values, seed=3, flips=200) for values in (scores, scores[:, order]))
    back = {tuple(sorted((order[a], order[b]))): p for (a, b), p in p_values(permuted).items()}
    assert back == p_values(plain)
    assert [permuted.means[order.index(index)] for index in range(len(order))] == list(plain.means)
    if plain.means.count(max(plain.means)) == 1:
        assert sorted(order[index] for index in permuted.not_shown_worse) == list(plain.not_shown_worse)


def test_more_configurations_make_each_p_larger():
    scores = realistic_scores(40, 12)
    few, many = p_values(compare_all(scores[:, :3], seed=0)), p_values(compare_all(scores, seed=0))
    assert all(many[pair] >= p for pair, p in few.items())


def test_equal_input_and_seed_give_equal_results_and_another_seed_does_not():
    scores = realistic_scores(30, 6)
    assert repr(compare_all(scores, seed=1)) == repr(compare_all(scores.copy(), seed=1))
    assert compare_all(scores, seed=1) != compare_all(scores, seed=2)


def test_the_size_of_the_blocks_changes_nothing(monkeypatch):
    scores = realistic_scores(30, 6)
    before = compare_all(scores, seed=0, flips=500), mean_intervals(scores, seed=0, resamples=500)
    monkeypatch.setattr("rag_chunk.analysis.statistics.table_blocks.BLOCK_ELEMENTS", 100)
    assert (compare_all(scores, seed=0, flips=500), mean_intervals(scores, seed=0, resamples=500)) == before


def test_equal_configurations_are_seldom_called_different():
    called = 0
    for draw in range(300):
        comparison = compare_all(realistic_scores(15, 4, seed=draw), seed=draw, flips=500)
        called += min(pair.p_adjusted for pair in comparison.pairs) < 0.05
    assert 0.01 * 300 <= called <= 0.08 * 300


# Intervals of differences, detectable differences, the leader


A_DIFFERENCE_THAT_ROUNDS_TO_ONE = [
    [0.0, 0.0, 0.0, 0.0, 0.25, 0.0],
    [0.0, 0.0, 0.0, 0.25, 0.5, 0.0],
    [0.0, 0.0, 0.25, 0.25, 0.5, 0.0],
    [0.0, 0.0, 0.5, 0.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.25, 0.5, 0.0],
    [0.0, 0.0, 1.0, 0.75, 0.25, 0.0],
    [0.0, 0.0, 0.0, 0.5, 0.75, 0.25],
]


@settings(max_examples=150, deadline=None)
@example(A_DIFFERENCE_THAT_ROUNDS_TO_ONE)
@given(score_tables())
def test_nothing_is_nan_and_interval_p_and_leader_agree(table):
    comparison = compare_all(table, seed=0, flips=200)
    assert np.isfinite([astuple(pair)[:6] for pair in comparison.pairs]).all()
    assert comparison.means[comparison.leader] == max(comparison.means)
    assert comparison.leader in comparison.not_shown_worse
    for pair in comparison.pairs:
        assert 0 < pair.p_adjusted <= 1
        assert (pair.low > 0) == (pair.p_adjusted < 0.05)
        assert -1 <= pair.low <= pair.difference <= pair.high <= 1
        assert pair.detectable is None or 0 <= pair.detectable < 1
        assert pair.difference >= 0
        assert pair.a < pair.b or pair.difference > 0


@settings(max_examples=50, deadline=None)
@given(score_tables(max_questions=5, max_configurations=3))
def test_up_to_five_questions_can_show_nothing(table):
    for pair in compare_all(table, seed=0).pairs:
        assert pair.p_adjusted > 0.05
        assert pair.detectable in (None, 0)


def test_the_interval_of_one_pair_is_near_students():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.05, 0.1, size=50)
    pair = only_pair(np.column_stack((0.5 + differences, np.full(50, 0.5))))
    half_width = 2.0096 * differences.std(ddof=1) / math.sqrt(50)
    assert pair.detectable == pytest.approx(half_width, rel=0.05)
    assert pair.high - pair.difference == pytest.approx(pair.detectable)


def test_the_leader_shows_some_worse_and_others_not():
    column = realistic_scores(60, 1)
    noise = np.random.default_rng(1).normal(0, 0.02, size=(60, 3))
    comparison = compare_all(np.hstack((column - 0.1, column, column - 0.001)) + noise, seed=0)
    assert comparison.not_shown_worse == (1, 2)
    assert comparison.worse_than_leader == (True, False, False)
    rivals = [pair.detectable or 0 for pair in comparison.pairs if comparison.leader in (pair.a, pair.b)]
    assert comparison.detectable == pytest.approx(sum(rivals) / 2)


def test_the_first_of_equal_means_leads_in_whatever_order_the_scores_stand():
    comparison = compare_all(np.array([[0.1, 0.3], [0.2, 0.2], [0.3, 0.1]]), seed=0)
    assert comparison.leader == 0
    assert (comparison.pairs[0].a, comparison.pairs[0].difference) == (0, 0)


def test_a_single_configuration_has_no_pairs():
    assert compare_all([[0.5], [1.0]], seed=0) == PairedTest(2, (0.75,), 0, (0,), (), None)


def test_scores_beyond_one_are_compared_in_their_own_range():
    scores = realistic_scores(30, 3) * 4000
    plain = compare_all(scores / 4000, seed=0)
    for small, large in zip(plain.pairs, compare_all(scores, seed=0).pairs, strict=True):
        assert astuple(large)[2:5] == pytest.approx([4000 * value for value in astuple(small)[2:5]])
        assert large.p_adjusted == small.p_adjusted


@pytest.mark.parametrize("scores", [np.empty((0, 2)), np.empty((3, 0))])
def test_nothing_to_compare_is_an_error(scores):
    with pytest.raises(ValueError, match="nothing to compare"):
        compare_all(scores, seed=0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_an_error(value):
    with pytest.raises(ValueError, match="finite"):
        compare_all([[0.5, value]], seed=0)
    with pytest.raises(ValueError, match="finite"):
        mean_interval([0.5, value], seed=0)


# Intervals of means


def ends(interval):
    assert interval is not None
    return interval.low, interval.high


def reference_interval(scores, seed, resamples):
    """Return the studentised bootstrap, one resample after the other."""
    rng = np.random.default_rng(seed)
    count, statistics_ = len(scores), []
    for _ in range(resamples):
        drawn = scores[rng.integers(count, size=count)]
        error = drawn.std(ddof=1) / math.sqrt(count)
        statistics_.append((drawn.mean() - scores.mean()) / error)
    lower, upper = np.quantile(statistics_, [0.025, 0.975])
    error = scores.std(ddof=1) / math.sqrt(count)
    return scores.mean() - upper * error, scores.mean() - lower * error


def test_the_interval_of_a_mean_equals_the_slow_reference():
    scores = np.random.default_rng(2).beta(2, 1, size=25)
    expected = reference_interval(scores, seed=3, resamples=5000)
    assert ends(mean_interval(scores, seed=0)) == pytest.approx(expected, abs=0.01)


def test_constant_scores_still_leave_doubt():
    assert ends(mean_interval([1.0] * 20, seed=0)) == pytest.approx((0.839, 1.0), abs=0.001)


@pytest.mark.parametrize("scores", [[], [0.4]])
def test_under_two_questions_there_is_no_interval(scores):
    assert mean_interval(scores, seed=0) is None


def test_one_miss_in_twenty_does_not_stretch_the_interval_to_zero():
    assert ends(mean_interval([1.0] * 19 + [0.0], seed=0)) == pytest.approx((0.764, 0.991), abs=0.001)


@settings(max_examples=100, deadline=None)
@given(score_tables())
def test_intervals_of_means_hold_the_mean_within_the_range_of_scores(table):
    scores = np.array(table)
    for column, interval in zip(scores.T, mean_intervals(scores, seed=0, resamples=200), strict=True):
        if len(scores) == 1:
            assert interval is None
        else:
            low, high = ends(interval)
            assert 0 <= low <= column.mean() + 1e-9
            assert column.mean() - 1e-9 <= high <= 1


def test_intervals_of_means_are_seeded_and_independent_of_the_other_columns():
    scores = realistic_scores(30, 4)
    together = mean_intervals(scores, seed=5)
    assert together == mean_intervals(scores, seed=5)
    assert together != mean_intervals(scores, seed=6)
    assert [mean_interval(column, seed=5) for column in scores.T] == list(together)


def test_the_interval_of_a_mean_covers_it_in_about_95_percent_of_draws():
    scores = np.random.default_rng(4).beta(2, 1, size=(20, 500))
    intervals = mean_intervals(scores, seed=0, resamples=1000)
    low, high = np.array([ends(interval) for interval in intervals]).T
    assert 0.92 <= np.mean((low <= 2 / 3) & (high >= 2 / 3)) <= 0.98


# The recommended configuration


EVEN = [0.0] * 3


def test_the_surest_lead_is_recommended_however_many_its_chunks():
    assert recommend([0.00, 0.01, -0.10], [False] * 3, EVEN, [10, 90, 5], [1, 1, 1]) == 1


def test_of_equal_leads_the_least_unusual_is_recommended():
    assert recommend([0.0, 0.0, 0.0], [False] * 3, [2.0, 0.1, 1.0], [1, 9, 5], [1, 1, 1]) == 1
    assert recommend([0.0, 0.0, 0.0], [False] * 3, EVEN, [9, 5, 5], [1, 2, 1]) == 2


def test_with_a_margin_the_fewest_chunks_within_it_are_recommended():
    unusual = [0.0, 3.0, 3.0]
    assert recommend([0.80, 0.78, 0.70], [False] * 3, unusual, [90, 60, 10], [5, 5, 5], 0.02) == 1
    assert recommend([0.80, 0.78, 0.70], [False] * 3, unusual, [90, 60, 10], [5, 5, 5], 0.01) == 0


def test_a_configuration_left_out_is_not_recommended():
    assert recommend([0.80, 0.79], [False, True], EVEN, [9, 5], [1, 1], 0.02) == 0
    assert recommend([0.90, 0.20], [True, False], EVEN, [1, 9], [1, 9]) == 1


def test_a_lead_counts_less_two_of_its_standard_errors():
    usual, other = [0.5, 0.5, 0.5, 0.5], [0.6, 0.8, 0.6, 0.8]
    error = np.std([0.1, 0.3, 0.1, 0.3], ddof=1) / 2
    leads = sure_leads(np.array([usual, other]).T, 0)
    assert leads.tolist() == pytest.approx([0.0, 0.2 - 2 * error])


def test_one_question_makes_no_lead_sure():
    assert sure_leads([[0.1, 0.9, 0.1]], 0).tolist() == [0.0, -np.inf, 0.0]
    assert sure_leads([[0.1, 0.9, 0.1]], None).tolist() == [0.1, 0.9, 0.1]


def test_few_questions_do_not_lead_away_from_the_usual_and_many_do():
    better = np.random.default_rng(1).normal([0.5, 0.53], 0.2, (2000, 2))
    assert sure_leads(better[:20], 0).argmax() == 0
    assert sure_leads(better, 0).argmax() == 1


@given(score_tables())
def test_what_a_choice_loses_lies_between_nothing_and_the_widest_gap(scores):
    means = np.mean(scores, axis=0)
    for usual in (None, 0):
        assert -1e-12 <= expected_loss(scores, usual, seed=0, resamples=20) <= means.max() - means.min() + 1e-12


def test_what_a_choice_loses_falls_with_the_number_of_questions():
    table = np.random.default_rng(0).normal([0.5, 0.52, 0.48, 0.51], 0.3, (2000, 4))
    few, many = (expected_loss(table[:count], 0, seed=0) for count in (20, 2000))
    assert few > 2 * many


# Sentences


def pair(**changes):
    values = {"difference": 0.04, "low": -0.01, "high": 0.09, "p_adjusted": 0.21, "detectable": 0.05}
    return Pair(0, 1, **(values | changes))


@pytest.mark.parametrize(
    ("value", "questions", "sentence"),
    [
        (
            pair(low=0.012, p_adjusted=0.01),
            40,
            "alpha beats beta by 4.0 points (95 % interval 1.2 to 9.0).",
        ),
        (
            pair(low=0.0002, p_adjusted=0.0499),
            40,
            "alpha beats beta by 4.0 points (95 % interval 0.02 to 9.0).",
        ),
        (
            pair(),
            40,
            (
                "No difference shown between alpha and beta (4.0 points); "
                "these 40 questions can show a difference only if it is above about 5.0 points."
            ),
        ),
        (
            pair(detectable=None),
            10,
            (
                "No difference shown between alpha and beta (4.0 points); "
                "these 10 questions cannot show a difference of any size."
            ),
        ),
        (
            pair(p_adjusted=0.01, low=0.01),
            9,
            "9 questions are too few to show which is better: ask at least 10, better 30. alpha is 4.0 points above beta.",
        ),
        (
            pair(difference=0.0, low=0.0, high=0.0, p_adjusted=1.0, detectable=0.0),
            40,
            "alpha and beta score the same on all 40 questions.",
        ),
    ],
)
def test_a_pair_in_words(value, questions, sentence):
    assert pair_verdict(value, NAMES, questions) == sentence


def comparison(not_shown_worse, questions=40, configurations=5, detectable=0.05):
    means = tuple(0.9 - 0.01 * index for index in range(configurations))
    pairs = tuple(pair() for _ in combinations(range(configurations), 2))
    return PairedTest(questions, means, 0, not_shown_worse, pairs, detectable)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            comparison((0,), configurations=1),
            "alpha is the only configuration: there is nothing to compare it with.",
        ),
        (comparison((0,)), "alpha beats all 4 others."),
        (
            comparison((0, 2)),
            (
                "alpha beats 3 of the 4 others but is not shown to be better than gamma; "
                "these 40 questions can show a difference only if it is above about 5.0 points."
            ),
        ),
        (
            comparison((0, 1, 2, 3)),
            (
                "alpha beats 1 of the 4 others but is not shown to be better than beta, gamma and delta; "
                "these 40 questions can show a difference only if it is above about 5.0 points."
            ),
        ),
        (
            comparison((0, 1, 2, 3, 4)),
            (
                "No difference shown: alpha has the highest mean but is not shown to be better than any of the 4 "
                "others; these 40 questions can show a difference only if it is above about 5.0 points."
            ),
        ),
        (
            comparison((0,), questions=9),
            (
                "9 questions are too few to show which is better: ask at least 10, better 30. "
                "alpha has the highest mean of 5 configurations."
            ),
        ),
    ],
)
def test_a_comparison_in_words(value, sentence):
    assert verdict(value, NAMES[: len(value.means)]) == sentence


def test_two_configurations_are_told_as_a_pair():
    value = comparison((0, 1), configurations=2)
    assert verdict(value, NAMES[:2]) == pair_verdict(value.pairs[0], NAMES, 40)


def test_many_open_rivals_are_counted():
    names = [*NAMES, "zeta"]
    assert "than the other 4;" in verdict(comparison((0, 2, 3, 4, 5), configurations=6), names)


def test_identical_configurations_in_words():
    value = compare_all(np.repeat(realistic_scores(12, 1), 3, axis=1), seed=0)
    assert verdict(value, NAMES[:3]) == "All 3 configurations score the same on all 12 questions."
    assert recommendation_verdict(value, 2, NAMES[:3]) == "Recommended: gamma; all configurations score the same."


@pytest.mark.parametrize(
    ("value", "recommended", "sentence"),
    [
        (comparison((0,)), 0, "Recommended: alpha, which has the highest mean."),
        (
            comparison((0, 1)),
            0,
            "Recommended: alpha, which has the highest mean, though it is not shown to be better than beta.",
        ),
        (
            comparison((0,), questions=9),
            0,
            "Recommended: alpha, which has the highest mean, though 9 questions cannot show that it is better.",
        ),
        (comparison((0,), questions=9, configurations=1), 0, "Recommended: alpha, the only configuration."),
        (
            comparison((0, 1)),
            1,
            "Recommended: beta, 1.0 points below alpha, which is not shown to be better.",
        ),
    ],
)
def test_a_recommendation_in_words(value, recommended, sentence):
    assert recommendation_verdict(value, recommended, NAMES[: len(value.means)]) == sentence


def test_few_questions_are_warned_of():
    assert sample_warning(30) is None
    assert sample_warning(29) == "29 questions show only large differences; use at least 30."
    assert sample_warning(9) == "9 questions are too few to show which is better: ask at least 10, better 30."
    assert sample_warning(1) == "1 question is too few to show which is better: ask at least 10, better 30."


def test_about_as_many_questions_as_are_asked_for_show_the_difference_in_four_of_five_cases() -> None:
    rng = np.random.default_rng(5)

    def scores(questions):
        """Draw six configurations on questions of their own difficulty; the first is 5 points better."""
        table = rng.normal(rng.uniform(0.3, 0.7, (questions, 1)), 0.12, (questions, 6))
        table[:, 0] += 0.05
        return np.clip(table, 0, 1)

    pilots = [questions_needed(compare_all(scores(40), seed=trial, flips=500), 0.05) for trial in range(12)]
    needed = int(np.median([count for count in pilots if count is not None]))
    tests = [compare_all(scores(needed), seed=trial, flips=500) for trial in range(80)]
    shown = [any(pair.p_adjusted < ALPHA and (pair.a, pair.b) == (0, 1) for pair in test.pairs) for test in tests]
    assert 40 < needed < 400
    assert 0.65 <= np.mean(shown) <= 0.93


def test_how_many_questions_are_needed_is_unknown_where_nothing_could_be_shown() -> None:
    assert questions_needed(compare_all([[0.5, 1.0], [1.0, 0.5]], seed=0), 0.05) is None
    assert questions_needed(compare_all(np.full((20, 2), 0.5), seed=0), 0.05) is None
