"""The verdict in a few plain lines: what is clearly better, what to take and why, and what that holds for.

The explanation holds the reasons, which are shown on demand.
"""

from collections.abc import Mapping, Sequence

from rag_chunk.analysis import verdicts
from rag_chunk.analysis.outcome import Outcome, distinct, index_sizes
from rag_chunk.analysis.phrases import all_questions, count_questions, few_names, join_words, points
from rag_chunk.analysis.question_power import describe_undecided, missing_questions, round_up
from rag_chunk.analysis.report import BaselineResult, ConfigurationResult
from rag_chunk.analysis.scoring import HEADLINE
from rag_chunk.analysis.statistics import FEW_QUESTIONS, FEWEST_FOR_A_WINNER, PairedTest
from rag_chunk.config.catalog import RETRIEVERS, needs_vectors
from rag_chunk.config.names import is_external

_MOST_NAMED = 3
_LEAST_LOSS = 0.05  # points, which are shown with one decimal
_MUCH = 0.05  # a loss of recall whose cause is worth a line of the verdict
_LITTLE = 0.01  # a loss of recall that limits nothing
_USUAL = "the usual choice for this budget"
_BETWEEN_DOCUMENTS = "lost_other_documents"
_CAUSES = {
    "lost_not_in_text": "because this conversion of the documents lacks the text",
    "lost_skipped": "because no chunk contains the text: it was skipped",
    "lost_at_border": "because a border cuts the evidence and the budget does not hold all pieces",
    "lost_never_retrieved": "because the evidence is never retrieved",
    "lost_below_budget": "because the evidence is ranked below the budget",
    "lost_cut": "because the budget ends inside a chunk",
}
_USUAL_SIZE = "its chunks are closest to the usual size"


def summarize(outcome: Outcome, baseline: BaselineResult | None, *, held_out: bool) -> tuple[str, ...]:
    """Return the verdict: what is shown, what to take, what it holds for, and what casts doubt on all of it."""
    results, count = outcome.results, outcome.shown.num_questions
    if not any((*outcome.shown.means, *outcome.chosen.means)):
        main = [verdicts.explain_all_zero(outcome.names)]
    else:
        main = _of_the_held_out(outcome) if held_out else _of_all(outcome)
    sentences = [
        *main,
        "" if outcome.is_bound else between_documents(results[outcome.recommended]),
        _scope(results),
        *(verdicts.baseline_verdict(baseline, count) if baseline else ()),
        verdicts.floor_warning(min(result.metrics.get("random_recall", 0.0) for result in results)),
        verdicts.overlap_warning(results[0].metrics.get("question_overlap", 0.0), results[0].config.retriever),
    ]
    warning = verdicts.sample_warning(count)
    if warning and not any(warning in sentence for sentence in main):
        sentences.append(warning)
    return tuple(sentence for sentence in sentences if sentence)


def summarize_reviewed(outcome: Outcome) -> tuple[str, ...]:
    """Return the verdict of the reviewed questions alone, which goes beside the one of all."""
    test, names = outcome.shown, outcome.names
    count = test.num_questions
    alone = f"The {count:,} reviewed question{'' if count == 1 else 's'} alone:"
    if not any(test.means):
        return (f"{alone} {verdicts.explain_all_zero(names)}",)
    if len(names) == 1:
        return (f"{alone} {names[0]} scores {test.means[0]:.3f}.",)
    shown = _too_close(names) if is_too_close(test) else _clearly_better(test, names)
    take = _bound_sentence(outcome) if outcome.is_bound else _take(outcome)
    warning = verdicts.sample_warning(count)
    return (f"{alone} {shown}", take, *([warning] if warning and warning not in shown else []))


def explain(outcome: Outcome, leaders: Mapping[int, Sequence[int]], *, held_out: bool) -> tuple[str, ...]:
    """Return the reasons of the verdict: the tests, the gap of the recommended, other budgets, lost recall."""
    if not any((*outcome.shown.means, *outcome.chosen.means)):
        return ()
    configs = [result.config for result in outcome.results]
    names, budgets = outcome.names, distinct(each.budget for each in configs if each.budget_unit == "characters")
    sentences = [
        "" if held_out else verdicts.detail_of_test(outcome.shown, names),
        verdicts.curve_verdict(names, leaders, budgets),
        "" if is_too_close(outcome.shown) else limit_of_recall(outcome),
        describe_undecided(outcome.undecided, outcome.shown),
        "" if outcome.is_bound else where_lost(outcome.results[outcome.recommended]),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def is_too_close(test: PairedTest) -> bool:
    """Whether enough questions were asked, and none of several configurations is shown to be worse than the leader."""
    several, enough = len(test.means) > 1, test.num_questions >= FEWEST_FOR_A_WINNER
    return several and enough and len(test.not_shown_worse) == len(test.means) and not _are_identical(test)


def _are_identical(test: PairedTest) -> bool:
    return all(pair.identical for pair in test.pairs)


def _of_all(outcome: Outcome) -> list[str]:
    test, names = outcome.shown, outcome.names
    if len(names) == 1:
        return [verdicts.verdict(test, names), limit_of_recall(outcome)]
    take = _bound_sentence(outcome) if outcome.is_bound else _take(outcome)
    if is_too_close(test):
        return [_too_close(names), limit_of_recall(outcome), _how_to_see_more(test), take]
    return [_clearly_better(test, names), take]


def _of_the_held_out(outcome: Outcome) -> list[str]:
    """Say what was chosen, by how many questions, and what the others show of it."""
    interval = outcome.results[outcome.recommended].intervals.get(HEADLINE)
    by = f" by the {outcome.chosen.num_questions:,} that chose"
    chosen = verdicts.recommendation_verdict(outcome.chosen, outcome.recommended, outcome.names, by)
    return [
        verdicts.holdout_verdict(outcome.chosen.num_questions, outcome.shown.num_questions),
        _bound_sentence(outcome) if outcome.is_bound else chosen,
        verdicts.standing(outcome.shown, outcome.recommended, outcome.names, interval),
    ]


def _too_close(names: Sequence[str]) -> str:
    which = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) <= _MOST_NAMED else f"any of these {len(names)}"
    return f"Too close to call: {which} may be the best."


def _clearly_better(test: PairedTest, names: Sequence[str]) -> str:
    """Say what the leader is shown to be better than; with too few questions, or equal scores, say that."""
    if test.num_questions < FEWEST_FOR_A_WINNER or _are_identical(test):
        return verdicts.verdict(test, names)
    leader, others = names[test.leader], len(names) - 1
    open_rivals = len(test.not_shown_worse) - 1
    beaten = [name for place, name in enumerate(names) if place not in test.not_shown_worse]
    if not open_rivals:
        return f"{leader} is clearly better than {join_words(beaten) if others <= _MOST_NAMED else f'all {others} others'}."
    which = join_words(beaten) if len(beaten) <= _MOST_NAMED else f"{len(beaten)} of the {others} others"
    rest = "the other one is" if open_rivals == 1 else f"the other {open_rivals} are"
    return f"{leader} is clearly better than {which}; {rest} too close to call."


def _take(outcome: Outcome) -> str:
    """Return which configuration to take, why that one, and how much so many questions know."""
    name = outcome.names[outcome.recommended]
    take = f"If you need one now, take {name}" if is_too_close(outcome.shown) else f"Take {name}"
    return f"{take}: {_reason(outcome)}.{_loss(outcome)}"


def _reason(outcome: Outcome) -> str:
    """Return why the recommended configuration is the one to take."""
    test, names = outcome.shown, outcome.names
    leader = names[outcome.leader]
    if _are_identical(test):
        usual = outcome.recommended == outcome.usual
        return f"all score the same, and {f'it is {_USUAL}' if usual else _advantage(outcome)}"
    if outcome.recommended == outcome.leader:
        level = [names[place] for place in test.level_with_leader]
        return (
            f"it shares the highest {HEADLINE} with {few_names(level)}" if level else f"it has the highest {HEADLINE}"
        )
    gap = test.means[outcome.leader] - test.means[outcome.recommended]
    if outcome.recommended == outcome.usual:
        lead = f"The lead of {leader} ({points(gap)} points) may be luck" if gap > 0 else f"It has the mean of {leader}"
        return f"it is {_USUAL}, and your questions do not show that another one is better. {lead}"
    distance = f"is {points(gap)} points below {leader}" if gap > 0 else f"has the mean of {leader}"
    if outcome.usual is not None and outcome.leads[outcome.recommended] >= max(outcome.leads):
        return f"of all, it has the clearest lead over {names[outcome.usual]}, {_USUAL}; it {distance}"
    return f"it {distance}, and {_advantage(outcome)}"


def _loss(outcome: Outcome) -> str:
    """Say how far a choice by so many questions is from the best on average; empty where that is nothing."""
    count, loss = outcome.chosen.num_questions, 100 * outcome.loss
    if count < FEWEST_FOR_A_WINNER or loss < _LEAST_LOSS or _are_identical(outcome.chosen):
        return ""
    about = f"{loss:.0f}" if loss >= 1 else f"{loss:.1f}"
    unit = "point" if about == "1" else "points"
    vectors = needs_vectors(outcome.results[outcome.recommended].config.retriever)
    more = " or more" if vectors else ""  # there the estimate is often too low, see docs/metrics.md
    return f" On average, a choice by {count_questions(count)} is about {about} {unit}{more} below the truly best one."


def _bound_sentence(outcome: Outcome) -> str:
    kinds = distinct(result.config.retriever for result in outcome.results)
    meanings = [f"{name} ({RETRIEVERS[name].phrase})" for name in kinds]
    return f"Nothing is recommended for {join_words(meanings)}: no pipeline can retrieve like that."


def _how_to_see_more(test: PairedTest) -> str:
    """Say how many more questions would show a smaller difference; nothing if so few cannot tell."""
    if test.num_questions < FEW_QUESTIONS:
        return ""  # the warning of few questions says how many to ask
    missing = missing_questions(test)
    if missing is None:
        return ""
    target, more = missing
    fewer = "compare fewer configurations, or " if len(test.means) > 2 else ""  # noqa: PLR2004 - a pair
    return (
        f"To tell more apart, {fewer}add roughly {round_up(more):,} questions: then a difference of {100 * target:.0f} points "
        f"({target:.2f} in {HEADLINE}) would show."
    )


def limit_of_recall(outcome: Outcome) -> str:
    """Say what holds recall down most: the ranking, or the chunks and the budget; empty where little is lost."""
    if outcome.is_bound:
        return ""
    result = outcome.results[outcome.recommended]
    recall, best = result.metrics[HEADLINE], result.metrics.get("oracle_recall")
    chosen = f"with {result.name}, " if len(outcome.results) > 1 else ""
    clauses = [_describe_missed(outcome)] if outcome.missed else []
    if best is not None and max(best - recall, _LITTLE) >= 1 - best and best - recall > _LITTLE:
        clauses.append(
            f"{chosen}a perfect search would find {best:.2f} of the evidence, and yours finds {recall:.2f}: "
            "look at the search first"
        )
    elif best is not None and 1 - best > _LITTLE:
        clauses.append(
            f"even a perfect search would find only {best:.2f} of the evidence: look at the budget and the chunk size first"
        )
    return f"What limits recall: {'; '.join(clauses)}." if clauses else ""


def where_lost(result: ConfigurationResult) -> str:
    """Say by which causes a configuration misses recall, the largest first; empty where little is missing."""
    metrics = result.metrics
    lost = {name: metrics[name] for name in _CAUSES if metrics.get(name, 0.0) > _LITTLE / 2}
    missing = 1 - metrics[HEADLINE]
    if missing <= _LITTLE or not lost:
        return ""
    causes = [f"{points(lost[name])} {_CAUSES[name]}" for name in sorted(lost, key=lambda name: -lost[name])]
    return f"{result.name} misses {points(missing)} points of recall: {join_words(causes)}."


def between_documents(result: ConfigurationResult) -> str:
    """Say that most recall is lost in finding the document, where that is so; empty elsewhere, and where little is lost."""
    missing = 1 - result.metrics[HEADLINE]
    if missing < _MUCH or 2 * result.metrics.get(_BETWEEN_DOCUMENTS, 0.0) <= missing:
        return ""
    config, share = result.config, result.metrics.get("document_precision")
    if config.budget_unit == "characters" and config.budget < result.metrics.get("context_size", 0) / config.top_k:
        return f"The budget ({config.budget_text}) is smaller than most chunks: raise --budget, or cut smaller chunks."
    only = (
        f": only {100 * share:.0f} % of the first {config.top_k} chunks come from a document with evidence"
        if share
        else ""
    )
    why = f"Most evidence is missed because the search picks the wrong documents{only}."
    if is_external(config.retriever):  # `score` cannot filter what others have retrieved
        return why
    return f"{why} To compare chunkings within the right documents, add --filter document."


def _describe_missed(outcome: Outcome) -> str:
    missed, count = outcome.missed, outcome.shown.num_questions
    who = "no configuration finds" if len(outcome.results) > 1 else f"{outcome.names[0]} does not find"
    of = all_questions(count) if missed == count else f"{missed:,} of {count:,} questions"
    return f"{who} any evidence of {of}"


def _scope(results: Sequence[ConfigurationResult]) -> str:
    return verdicts.scope(
        distinct(result.config.retriever for result in results),
        distinct(result.config.budget_text for result in results),
        distinct(name for result in results if (name := result.config.embedding_model)),
        distinct(result.config.filter for result in results),
        distinct(name for result in results if (name := result.config.reranker)),
    )


def _advantage(outcome: Outcome) -> str:
    """Return what the recommended one has that others lack: chunks count first, as in `recommend`."""
    taken, others = outcome.results[outcome.recommended], [outcome.results[outcome.leader]]
    if outcome.recommended == outcome.leader:
        others = [result for place, result in enumerate(outcome.results) if place != outcome.recommended]
    if all(taken.metrics["num_chunks"] < other.metrics["num_chunks"] for other in others):
        return "it needs fewer chunks"
    own, *sizes = index_sizes([taken, *others])
    return "it needs a smaller index" if all(own < size for size in sizes) else _USUAL_SIZE
