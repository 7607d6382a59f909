"""Verdicts: what a comparison shows, in sentences."""

from collections.abc import Mapping, Sequence

from rag_chunk.analysis.phrases import (
    all_questions,
    count_questions,
    few_names,
    join_words,
    list_names,
    points,
    these_questions,
)
from rag_chunk.analysis.report import AgainstBaseline, BaselineResult
from rag_chunk.analysis.statistics import ALPHA, FEW_QUESTIONS, FEWEST_FOR_A_WINNER, Pair, PairedTest
from rag_chunk.config.catalog import RETRIEVERS
from rag_chunk.config.names import is_external

_MOST_SENTENCES = 6
_MOST_NAMED = 3
# Function words alone make an overlap of 0.11 to 0.14. On the public data, whose questions a model wrote from the
# text, the mean is 0.46: for the questions from 0.5 up, lexical retrieval brings back 86 % of the evidence in 2,000
# characters, for those below 0.3 58 %. With a mean from 0.5 up, the easy kind is the usual one.
_HIGH_OVERLAP = 0.5


def sample_warning(num_questions: int) -> str | None:
    """Return a sentence that warns of too few questions, or None."""
    if num_questions >= FEW_QUESTIONS:
        return None
    if num_questions < FEWEST_FOR_A_WINNER:
        return f"{_too_few(num_questions)}."
    return f"{count_questions(num_questions)} show only large differences; use at least {FEW_QUESTIONS}."


def pair_verdict(pair: Pair, names: Sequence[str], num_questions: int) -> str:
    """Return one sentence on whether one configuration of `pair` beats the other."""
    a, b = names[pair.a], names[pair.b]
    if pair.identical:
        return f"{a} and {b} score the same on {all_questions(num_questions)}."
    if num_questions < FEWEST_FOR_A_WINNER:
        above = f"{a} is {points(pair.difference)} points above {b}"
        return f"{_too_few(num_questions)}. {above if pair.difference else f'{a} and {b} have the same mean'}."
    if pair.p_adjusted < ALPHA:
        ends = f"95 % interval {points(pair.low)} to {points(pair.high)}"
        return f"{a} beats {b} by {points(pair.difference)} points ({ends})."
    gap = f"No difference shown between {a} and {b} ({points(pair.difference)} points)"
    return f"{gap}; {_could_show(num_questions, pair.detectable)}."


def verdict(comparison: PairedTest, names: Sequence[str]) -> str:
    """Return one sentence on what the questions show about the leader."""
    leader, count = names[comparison.leader], comparison.num_questions
    if len(names) == 1:
        return f"{leader} is the only configuration: there is nothing to compare it with."
    if len(comparison.pairs) == 1:
        return pair_verdict(comparison.pairs[0], names, count)
    if all(pair.identical for pair in comparison.pairs):
        return f"All {len(names)} configurations score the same on {all_questions(count)}."
    if count < FEWEST_FOR_A_WINNER:
        return f"{_too_few(count)}. {leader} {_leads(comparison, names, f' of {len(names)} configurations')}."
    return _leader_verdict(comparison, names)


def detail_of_test(comparison: PairedTest, names: Sequence[str]) -> str:
    """Return what the verdict leaves out of a test: a pair's difference, or which are open, and what could be shown."""
    count = comparison.num_questions
    if len(names) == 1 or count < FEWEST_FOR_A_WINNER or all(pair.identical for pair in comparison.pairs):
        return ""  # the verdict has it all
    if len(comparison.pairs) == 1:
        return _pair_in_detail(comparison.pairs[0], names, count)
    could = f"{_could_show(count, comparison.detectable)}."
    could = could[0].upper() + could[1:]
    open_rivals = [names[index] for index in comparison.not_shown_worse if index != comparison.leader]
    if not open_rivals:
        return ""
    if len(open_rivals) == len(names) - 1 or len(open_rivals) > _MOST_NAMED:  # the verdict or the table has them
        return could
    return f"Too close to {names[comparison.leader]}: {join_words(open_rivals)}. {could}"


def _pair_in_detail(pair: Pair, names: Sequence[str], count: int) -> str:
    ends = f"95 % interval {points(pair.low)} to {points(pair.high)}"
    gap = f"{names[pair.a]} is {points(pair.difference)} points above {names[pair.b]} ({ends})"
    return f"{gap}." if pair.p_adjusted < ALPHA else f"{gap}; {_could_show(count, pair.detectable)}."


def recommendation_verdict(comparison: PairedTest, recommended: int, names: Sequence[str], by: str = "") -> str:
    """Return one sentence on the recommended configuration and its gap to the leader; `by` says who recommends."""
    name, leader = names[recommended], names[comparison.leader]
    if len(names) == 1:
        return f"Recommended{by}: {name}, the only configuration."
    if all(pair.identical for pair in comparison.pairs):
        return f"Recommended{by}: {name}; all configurations score the same."
    if recommended == comparison.leader:
        return f"Recommended{by}: {name}, which {_leads(comparison, names)}{_doubt(comparison, names)}."
    gap = comparison.means[comparison.leader] - comparison.means[recommended]
    level = recommended in comparison.level_with_leader
    distance = f"with the same mean as {leader}" if level else f"{points(gap)} points below {leader}"
    return f"Recommended{by}: {name}, {distance}, which is not shown to be better."


def standing(comparison: PairedTest, index: int, names: Sequence[str], interval: tuple[float, float] | None) -> str:
    """Return one sentence on a configuration that other questions chose: its mean, and which it beats."""
    name, count = names[index], comparison.num_questions
    ends = f" (95 % interval {points(interval[0])} to {points(interval[1])})" if interval else ""
    mean = f"{name} scores {points(comparison.means[index])} points on {_those_held_out(count)}{ends}"
    if len(names) == 1:
        return f"{mean}."
    if len(names) == 2 or count < FEWEST_FOR_A_WINNER:  # noqa: PLR2004 - a pair
        return f"{mean}. {verdict(comparison, names)}"
    shown = [pair for pair in comparison.pairs if index in (pair.a, pair.b) and pair.p_adjusted < ALPHA]
    beaten = [names[pair.b] for pair in shown if pair.a == index]
    better = [names[pair.a] for pair in shown if pair.b == index]
    beats = f"it beats {len(beaten)} of the {len(names) - 1} others"
    loses = f"and is beaten by {list_names(better)}" if better else "and none is shown to be better"
    return f"{mean}; {beats} {loses}."


def holdout_verdict(choosing: int, reporting: int) -> str:
    """Return the sentences on how many questions choose and how many report, and whether the former are too few."""
    sentences = [f"Held out: {count_questions(choosing)} chose, and all figures are of the other {reporting:,}."]
    if choosing < FEWEST_FOR_A_WINNER:
        sentences.append(f"{_few_to('choose by', choosing)}.")
    return " ".join(sentences)


def explain_all_zero(names: Sequence[str]) -> str:
    """Return the sentences for scores that are all 0: that nothing can be chosen by them, and what to look at."""
    which = f"none of the {len(names)} configurations brings" if len(names) > 1 else f"{names[0]} does not bring"
    return (
        f"Every score is 0: {which} back any of the evidence, so there is nothing to choose by. Check whether the "
        "questions are about these documents and share words with them, whether the evidence is what you meant "
        "(rag-chunk check-questions), and whether --budget is too small."
    )


def curve_verdict(names: Sequence[str], leaders: Mapping[int, Sequence[int]], budgets: Sequence[int]) -> str:
    """Return which configurations have the highest mean at each other budget; empty if there is but one configuration.

    `leaders` by budget are places in `names`; `budgets` are those of the headline in characters.
    """
    if len(names) == 1:
        return ""
    sizes: dict[tuple[int, ...], list[str]] = {}
    for budget, places in leaders.items():
        if (budget,) != tuple(budgets):
            sizes.setdefault(tuple(places), []).append(f"{budget:,}")
    return " ".join(
        f"Highest at {join_words(at)} characters: {few_names([names[place] for place in places])}."
        for places, at in sizes.items()
    )


def baseline_verdict(baseline: BaselineResult, num_questions: int) -> tuple[str, ...]:
    """Return what is shown of the others against the baseline: a sentence each, or where they are many, a sum."""
    if not baseline.others:
        return ()
    if num_questions < FEWEST_FOR_A_WINNER:
        return (f"Against the baseline {baseline.name}, {_few_to('show a difference', num_questions)}.",)
    if len(baseline.others) <= _MOST_SENTENCES:
        return tuple(_against(other, baseline.name) for other in baseline.others)
    better, worse = ([other for other in baseline.others if other.shown == shown] for shown in ("better", "worse"))
    best = (
        f", most of all {better[0].name}, by {points(better[0].difference)} points {_ends(better[0])}" if better else ""
    )
    unshown = len(baseline.others) - len(better) - len(worse)
    counts = f"{len(better)} of the {len(baseline.others)} others beat it{best}; it beats {len(worse)}"
    return (f"Against the baseline {baseline.name}: {counts}; no difference is shown for {unshown}.",)


def _against(other: AgainstBaseline, baseline: str) -> str:
    if other.shown == "better":
        return f"{other.name} beats the baseline {baseline} by {points(other.difference)} points {_ends(other)}."
    if other.shown == "worse":
        return f"The baseline {baseline} beats {other.name}: {points(other.difference)} points {_ends(other)}."
    apart = f"{points(other.difference)} points {_ends(other)}"
    return f"No difference shown between {other.name} and the baseline {baseline}: {apart}."


def _ends(other: AgainstBaseline) -> str:
    return f"(95 % interval {points(other.low)} to {points(other.high)})"


def gate_verdict(other: AgainstBaseline, first: str, margin: float, *, worse: bool) -> str:
    """Return one sentence on whether a configuration is worse than the `first` by more than the margin."""
    gap = _gap(other, first)
    if worse:
        doubt = "" if other.shown == "worse" else ", though that is not shown to be more than chance"
        return f"Worse: {gap}, which is more than the margin of {points(margin)}{doubt}."
    within = f"Not worse: {gap}" + (f", within the margin of {points(margin)}" if other.difference < 0 else "")
    if -other.low <= margin:
        return f"{within}."
    return f"{within}; a drop of up to {points(-other.low)} points on other such questions is not ruled out."


def unshown_drop(other: AgainstBaseline, first: str, margin: float) -> str:
    """Return the sentence on a configuration that is lower by more than the margin, where the questions do not show it."""
    return (
        f"Not shown to be worse: {_gap(other, first)}, which is more than the margin of {points(margin)}, "
        f"but that can be chance {_ends(other)}."
    )


def _gap(other: AgainstBaseline, first: str) -> str:
    if not other.difference:
        return f"{other.name} has the mean of {first}"
    return (
        f"{other.name} is {points(abs(other.difference))} points {'above' if other.difference > 0 else 'below'} {first}"
    )


def retrieval(name: str, models: Sequence[str] = ()) -> str:
    """Return what a retriever is, in words, with its embedding models: `lexical retrieval (bm25)`."""
    if is_external(name):
        return "the rankings that were given"
    row = RETRIEVERS.get(name)
    if row is None:
        return f"retrieval by {name}"
    with_models = f", with {join_words(models)}" if models and row.needs_vectors else ""
    return f"{row.phrase} ({name}{with_models})"


def scope(
    retrievers: Sequence[str],
    budgets: Sequence[str],
    models: Sequence[str] = (),
    filters: Sequence[str] = (),
    rerankers: Sequence[str] = (),
) -> str:
    """Say for which retrieval and which budget the figures hold: neither says anything of another."""
    within = " within each question's own document" if "document" in filters else ""
    sizes = join_words(budgets)
    kinds = dict.fromkeys(retrieval(name, models) for name in retrievers)
    again = f", reranked by {join_words(list(dict.fromkeys(rerankers)))}," if rerankers else ""
    return f"This holds for {join_words(list(kinds))}{again}{within} and {sizes} of context."


def overlap_warning(overlap: float, retriever: str) -> str:
    """Return a sentence that warns of questions that use their evidence's own words; empty if they do not."""
    row = RETRIEVERS.get(retriever)
    if overlap < _HIGH_OVERLAP or is_external(retriever) or (row and not row.matches_words):
        return ""
    share = f"On average {100 * overlap:.0f} % of a question's words are in its evidence"
    return f"{share}, which flatters lexical retrieval: ask as people will who do not know the text."


def floor_warning(random_recall: float) -> str:
    """Return a sentence that warns of a budget that holds all the documents; empty if it does not."""
    if random_recall < 1:
        return ""
    return "Chunks in random order bring back all of the evidence too: give a smaller --budget, or more documents."


def _leader_verdict(comparison: PairedTest, names: Sequence[str]) -> str:
    """Return one sentence on a leader of three or more configurations."""
    leader, rivals = names[comparison.leader], len(names) - 1
    open_rivals = [names[index] for index in comparison.not_shown_worse if index != comparison.leader]
    if not open_rivals:
        return f"{leader} beats all {rivals} others."
    could = _could_show(comparison.num_questions, comparison.detectable)
    if len(open_rivals) == rivals:
        unproven = f"is not shown to be better than any of the {rivals} others"
        return f"No difference shown: {leader} {_leads(comparison, names)} but {unproven}; {could}."
    beaten = f"{leader} beats {rivals - len(open_rivals)} of the {rivals} others"
    return f"{beaten} but is not shown to be better than {list_names(open_rivals)}; {could}."


def _leads(comparison: PairedTest, names: Sequence[str], among: str = "") -> str:
    """Return what the leader does: it has the highest mean, or shares it."""
    level = [names[place] for place in comparison.level_with_leader]
    return f"shares the highest mean{among} with {few_names(level)}" if level else f"has the highest mean{among}"


def _doubt(comparison: PairedTest, names: Sequence[str]) -> str:
    """Return the clause on what is not shown about a recommended leader, empty if it beats all others."""
    rivals = [names[index] for index in comparison.not_shown_worse if index != comparison.leader]
    if comparison.num_questions < FEWEST_FOR_A_WINNER:
        return f", though {count_questions(comparison.num_questions)} cannot show that it is better"
    return f", though it is not shown to be better than {list_names(rivals)}" if rivals else ""


def _few_to(purpose: str, count: int) -> str:
    """Return the clause that says that so many questions are too few for a purpose."""
    verb = "is" if count == 1 else "are"
    return f"{count_questions(count)} {verb} too few to {purpose} ({FEWEST_FOR_A_WINNER} at least)"


def _those_held_out(count: int) -> str:
    return "the 1 question held out" if count == 1 else f"the {count:,} questions held out"


def _could_show(num_questions: int, detectable: float | None) -> str:
    """Return the clause on how large a difference these questions could have shown."""
    if detectable is None:
        return f"{these_questions(num_questions)} cannot show a difference of any size"
    return (
        f"{these_questions(num_questions)} can show a difference only if it is above about {points(detectable)} points"
    )


def _too_few(num_questions: int) -> str:
    """Return the clause that says that so few questions cannot show which configuration is better."""
    verb = "is" if num_questions == 1 else "are"
    return (
        f"{count_questions(num_questions)} {verb} too few to show which is better: "
        f"ask at least {FEWEST_FOR_A_WINNER}, better {FEW_QUESTIONS}"
    )
