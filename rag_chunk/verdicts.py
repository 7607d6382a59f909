"""Verdicts: what a comparison shows, in sentences."""

from collections.abc import Sequence

from rag_chunk.statistics import ALPHA, FEW_QUESTIONS, FEWEST_FOR_A_WINNER, Comparison, Pair

_MOST_NAMED = 3


def sample_warning(num_questions: int) -> str | None:
    """Return a sentence that warns of too few questions, or None."""
    if num_questions >= FEW_QUESTIONS:
        return None
    if num_questions < FEWEST_FOR_A_WINNER:
        return f"{_questions(num_questions)} cannot name a winner; use at least {FEW_QUESTIONS}."
    return f"{_questions(num_questions)} show only large differences; use at least {FEW_QUESTIONS}."


def pair_verdict(pair: Pair, names: Sequence[str], num_questions: int) -> str:
    """Return one sentence on whether one configuration of `pair` beats the other."""
    a, b = names[pair.a], names[pair.b]
    if pair.identical:
        return f"{a} and {b} score the same on {_all_questions(num_questions)}."
    if num_questions < FEWEST_FOR_A_WINNER:
        return f"{_no_winner(num_questions)}: {a} is {_points(pair.difference)} points above {b}."
    if pair.p_adjusted < ALPHA:
        ends = f"95 % interval {_points(pair.low)} to {_points(pair.high)}"
        return f"{a} beats {b} by {_points(pair.difference)} points ({ends})."
    gap = f"No difference shown between {a} and {b} ({_points(pair.difference)} points)"
    return f"{gap}; {_could_show(num_questions, pair.detectable)}."


def verdict(comparison: Comparison, names: Sequence[str]) -> str:
    """Return one sentence on what the questions show about the leader."""
    leader, count = names[comparison.leader], comparison.num_questions
    if len(names) == 1:
        return f"{leader} is the only configuration: there is nothing to compare it with."
    if len(comparison.pairs) == 1:
        return pair_verdict(comparison.pairs[0], names, count)
    if all(pair.identical for pair in comparison.pairs):
        return f"All {len(names)} configurations score the same on {_all_questions(count)}."
    if count < FEWEST_FOR_A_WINNER:
        return f"{_no_winner(count)}: {leader} has the highest mean of {len(names)} configurations."
    return _leader_verdict(comparison, names)


def recommendation_verdict(comparison: Comparison, recommended: int, names: Sequence[str]) -> str:
    """Return one sentence on the recommended configuration and its gap to the leader."""
    name, leader = names[recommended], names[comparison.leader]
    if len(names) == 1:
        return f"Recommended: {name}, the only configuration."
    if recommended == comparison.leader:
        return f"Recommended: {name}, which has the highest mean{_doubt(comparison, names)}."
    gap = comparison.means[comparison.leader] - comparison.means[recommended]
    distance = f"{_points(gap)} points below {leader}" if gap > 0 else f"with the same mean as {leader}"
    return f"Recommended: {name}, {distance}, which has a larger index and is not shown to be better."


def _leader_verdict(comparison: Comparison, names: Sequence[str]) -> str:
    """Return one sentence on a leader of three or more configurations."""
    leader, rivals = names[comparison.leader], len(names) - 1
    open_rivals = [names[index] for index in comparison.not_shown_worse if index != comparison.leader]
    if not open_rivals:
        return f"{leader} beats all {rivals} others."
    could = _could_show(comparison.num_questions, comparison.detectable)
    if len(open_rivals) == rivals:
        unproven = f"is not shown to be better than any of the {rivals} others"
        return f"No difference shown: {leader} has the highest mean but {unproven}; {could}."
    beaten = f"{leader} beats {rivals - len(open_rivals)} of the {rivals} others"
    return f"{beaten} but is not shown to be better than {_listed(open_rivals)}; {could}."


def _doubt(comparison: Comparison, names: Sequence[str]) -> str:
    """Return the clause on what is not shown about a recommended leader, empty if it beats all others."""
    rivals = [names[index] for index in comparison.not_shown_worse if index != comparison.leader]
    if comparison.num_questions < FEWEST_FOR_A_WINNER:
        return f", though {_questions(comparison.num_questions)} cannot show that it is better"
    return f", though it is not shown to be better than {_listed(rivals)}" if rivals else ""


def _listed(names: Sequence[str]) -> str:
    """Return up to three names in words, else their number."""
    if len(names) > _MOST_NAMED:
        return f"the other {len(names)}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _could_show(num_questions: int, detectable: float | None) -> str:
    """Return the clause on how large a difference these questions could have shown."""
    if detectable is None:
        return f"{_these(num_questions)} could not show one of any size"
    return f"{_these(num_questions)} could show one of ±{_points(detectable)} points"


def _no_winner(num_questions: int) -> str:
    """Return the clause that says that there are too few questions for a winner."""
    return f"No winner is named from {_questions(num_questions)} (at least {FEWEST_FOR_A_WINNER} are needed)"


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count:,} questions"


def _these(count: int) -> str:
    return "this 1 question" if count == 1 else f"these {count:,} questions"


def _all_questions(count: int) -> str:
    return "the 1 question" if count == 1 else f"all {count:,} questions"


def _points(score: float) -> str:
    """Return a score in points (hundredths) with one decimal, more where that would read 0.0."""
    text = f"{100 * score:.1f}"
    return f"{100 * score:.1g}" if score and float(text) == 0 else text
