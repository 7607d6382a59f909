"""Drafts questions of several kinds from passages of a corpus, until there are enough."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from rag_chunk.config.drafting import QUESTION_KINDS, QuestionKind
from rag_chunk.questions.drafting.draft_evidence import locate_quotes
from rag_chunk.questions.drafting.draft_filters import DraftContext, DraftedQuestion, first_failure
from rag_chunk.questions.drafting.model_asker import TokensUsedUp
from rag_chunk.questions.drafting.prompts import DraftReply, draft_messages
from rag_chunk.questions.drafting.source_passages import SourcePassage
from rag_chunk.questions.question import Question

MOST_DROPPED = 4  # drafts that are dropped for one that is wanted, after which a kind is given up
LONGEST_QUESTION = 300  # characters

Progress = Callable[[int, int, str], None]


class Stop(Enum):
    """Why no more drafts are asked for: there are enough, no passage is left, or tokens are used up."""

    COUNT = "count"
    PASSAGES = "passages"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Drafting:
    """The drafts that were kept, why others were dropped and how often, and why no more were asked for.

    `dropped` counts by the names of filters, and by `unreadable`, `declined` and `unsupported`.
    """

    questions: tuple[DraftedQuestion, ...]
    asked: int
    dropped: Mapping[str, int]
    stop: Stop


@dataclass(slots=True)
class _Quota:
    """How many drafts of a kind are wanted, and how many were kept and dropped so far."""

    kind: QuestionKind
    share: float
    wanted: int
    passages: Iterator[tuple[SourcePassage, ...]]
    kept: int = 0
    dropped: int = 0


def draft_questions(context: DraftContext, on_progress: Progress) -> Drafting:
    """Ask for drafts, of each kind by its share, and keep those that pass, in `context.kept`, until there are enough.

    A kind that has no passages left, or of which too many drafts were dropped, leaves its share to the others.
    """
    config, dropped, asked = context.config, Counter[str](), 0
    quotas, stop = _quotas(context), Stop.COUNT
    try:
        while len(context.kept) < config.count:
            on_progress(len(context.kept), config.count, _progress_text(asked, dropped))
            draw = _next_passages(quotas)
            if draw is None:
                stop = Stop.PASSAGES
                break
            quota, passages = draw
            reason = _draft(quota.kind, passages, context)
            asked += 1
            quota.kept += reason is None
            quota.dropped += reason is not None
            dropped.update([reason] if reason else [])
    except TokensUsedUp:
        stop = Stop.TOKENS
    on_progress(len(context.kept), config.count, "")
    return Drafting(tuple(context.kept), asked, dict(dropped), stop)


def passages_in_turn(context: DraftContext) -> Iterator[tuple[QuestionKind, tuple[SourcePassage, ...]]]:
    """Yield the passages that are asked about where no draft is dropped."""
    quotas = _quotas(context)
    for _ in range(context.config.count):
        if (draw := _next_passages(quotas)) is None:
            return
        draw[0].kept += 1
        yield draw[0].kind, draw[1]


def _quotas(context: DraftContext) -> list[_Quota]:
    shares = context.config.shares
    return [
        _Quota(
            QUESTION_KINDS[name],
            share,
            math.ceil(context.config.count * share / sum(shares.values())),
            context.sampler.draw(QUESTION_KINDS[name]),
        )
        for name, share in shares.items()
    ]


def _next_passages(quotas: list[_Quota]) -> tuple[_Quota, tuple[SourcePassage, ...]] | None:
    """Return what is drafted next: of the kind that has least of its share. None where no kind has passages left."""
    while quotas:
        quota = min(quotas, key=lambda each: (each.kept + 0.5) / each.share)  # Sainte-Laguë
        passages = next(quota.passages, None) if quota.dropped < MOST_DROPPED * quota.wanted else None
        if passages is not None:
            return quota, passages
        quotas.remove(quota)
    return None


def _draft(kind: QuestionKind, passages: tuple[SourcePassage, ...], context: DraftContext) -> str | None:
    """Ask for one draft and keep it; return why it is dropped, if it is."""
    reply, day = context.asker.ask(DraftReply, draft_messages(kind, passages))
    if reply is None:
        return "unreadable"
    text = " ".join(reply.question.split())
    if not text:
        return "declined"
    if not _is_writable(text):
        return "unreadable"
    evidence = locate_quotes(context.corpus, reply.quotes, passages)
    if evidence is None:
        return "unsupported"
    question = Question(f"draft-{len(context.kept) + 1}", text, evidence, (kind.name,), reviewed=False)
    draft = DraftedQuestion(question, kind, passages, day)
    failure = first_failure(draft, context)
    if failure is None:
        context.kept.append(draft)
    return failure


def _is_writable(question: str) -> bool:
    """Whether a question has a usual length, and no half of a character, which no file can hold."""
    return len(question) <= LONGEST_QUESTION and question.isprintable()


def _progress_text(asked: int, dropped: Counter[str]) -> str:
    return f"drafting questions, {dropped.total():,} of {asked:,} dropped"
