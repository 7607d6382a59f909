"""What drafting would ask of a model, and about how many tokens that takes, before anything is asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag_chunk.questions.drafting.draft_filters import DraftContext
from rag_chunk.questions.drafting.drafter import MOST_DROPPED, passages_in_turn
from rag_chunk.questions.drafting.prompts import Message, answer_messages, draft_messages, subject_messages

_ANSWER = 150  # tokens of a usual answer
_QUESTION, _EVIDENCE = "x" * 100, "x" * 200  # of a usual length

Count = Callable[[Sequence[Message]], int]


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """One purpose of calls: how many, how many of their answers are kept already, and about how many tokens others take."""

    purpose: str
    calls: int
    kept: int
    tokens: int


def estimate_calls(
    context: DraftContext, count_tokens: Count, is_kept: Callable[[Sequence[Message]], bool]
) -> tuple[CallEstimate, ...]:
    """Return what is asked where no draft is dropped, by purpose. Of every draft that is dropped, another is asked for."""
    drafts = [(draft_messages(kind, passages), passages) for kind, passages in passages_in_turn(context)]
    by_purpose: dict[str, list[list[Message]]] = {"drafts": [messages for messages, _ in drafts]}
    for _, passages in drafts:
        for purpose, messages in _filter_calls(context.config.filters, "\n".join(each.text for each in passages)):
            by_purpose.setdefault(purpose, []).append(messages)
    return tuple(_sum_calls(purpose, calls, count_tokens, is_kept) for purpose, calls in by_purpose.items())


def most_calls(estimates: Sequence[CallEstimate]) -> int:
    """Return the most calls there can be, where as many drafts are dropped as may be."""
    return sum(each.calls for each in estimates) * (1 + MOST_DROPPED)


def _filter_calls(filters: Sequence[str], text: str) -> Iterator[tuple[str, list[Message]]]:
    if "pointing" in filters:
        yield "filter pointing", subject_messages(_QUESTION)
    if {"language", "round-trip"} & set(filters):
        yield "filters language and round-trip", answer_messages(_QUESTION, _EVIDENCE)
    if "round-trip" in filters:
        yield "filter round-trip, without evidence", answer_messages(_QUESTION, text)


def _sum_calls(
    purpose: str, calls: Sequence[Sequence[Message]], count_tokens: Count, is_kept: Callable[[Sequence[Message]], bool]
) -> CallEstimate:
    kept = [is_kept(messages) for messages in calls]
    tokens = sum(count_tokens(messages) + _ANSWER for messages, known in zip(calls, kept, strict=True) if not known)
    return CallEstimate(purpose, len(calls), sum(kept), tokens)
