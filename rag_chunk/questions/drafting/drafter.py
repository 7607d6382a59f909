"""Drafts questions of several kinds from passages of a corpus, until there are enough."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from rag_chunk.config.drafting import QUESTION_KINDS, QuestionKind
from rag_chunk.questions.drafting.draft_evidence import locate_quotes
from rag_chunk.questions.drafting.draft_filters import DraftContext, DraftedQuestion, first_failure, is_new
from rag_chunk.questions.drafting.model_asker import NoMoreAnswers
from rag_chunk.questions.drafting.parallel_calls import run_at_once
from rag_chunk.questions.drafting.prompts import DraftReply, draft_messages
from rag_chunk.questions.drafting.source_passages import SourcePassage
from rag_chunk.questions.question import Question

MOST_DROPPED = 4  # drafts that are dropped for one that is wanted, after which a kind is given up
AT_ONCE = 4  # drafts under way: as many as servers on one machine usually answer side by side
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
    """How many drafts of a kind are wanted, and how many were kept and dropped so far; those under way may be kept."""

    kind: QuestionKind
    share: float
    wanted: int
    passages: Iterator[tuple[SourcePassage, ...]]
    kept: int = 0
    dropped: int = 0

    def count(self, *, is_kept: bool) -> None:
        """Count a draft that is no longer under way."""
        self.kept -= not is_kept
        self.dropped += not is_kept


_Drawn = tuple[_Quota, tuple[SourcePassage, ...]]


def draft_questions(context: DraftContext, on_progress: Progress, at_once: int = AT_ONCE) -> Drafting:
    """Ask for drafts, of each kind by its share, and keep those that pass, in `context.kept`, until there are enough.

    A kind that has no passages left, or of which too many drafts were dropped, leaves its share to the others. Drafts
    are asked for in groups of `at_once` and kept in the order of their passages, however soon each is answered.
    """
    count, dropped, asked = context.config.count, Counter[str](), 0
    quotas, stop = _quotas(context), Stop.COUNT
    while len(context.kept) < count and stop is Stop.COUNT:
        on_progress(len(context.kept), count, _progress_text(asked, dropped))
        draws = _draw(quotas, min(at_once, count - len(context.kept)))
        stop = stop if draws else Stop.PASSAGES
        drafts = _draft_at_once(draws, context)
        for (quota, _), draft in zip(draws, drafts, strict=True):
            if draft is None:
                stop = Stop.TOKENS
                continue
            reason = draft if isinstance(draft, str) else _keep(draft, context)
            asked += 1
            quota.count(is_kept=reason is None)
            dropped.update([reason] if reason else [])
    on_progress(len(context.kept), count, "")
    return Drafting(tuple(context.kept), asked, dict(dropped), stop)


def passages_in_turn(context: DraftContext) -> Iterator[tuple[QuestionKind, tuple[SourcePassage, ...]]]:
    """Yield the passages that are asked about where no draft is dropped."""
    quotas = _quotas(context)
    for quota, passages in _draw(quotas, context.config.count):
        yield quota.kind, passages


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


def _draw(quotas: list[_Quota], most: int) -> list[_Drawn]:
    """Return what is drafted next: always of the kind that has least of its share. Kinds without passages are removed."""
    draws = list[_Drawn]()
    while quotas and len(draws) < most:
        quota = min(quotas, key=lambda each: (each.kept + 0.5) / each.share)  # Sainte-Laguë
        passages = next(quota.passages, None) if quota.dropped < MOST_DROPPED * quota.wanted else None
        if passages is None:
            quotas.remove(quota)
            continue
        quota.kept += 1
        draws.append((quota, passages))
    return draws


def _draft_at_once(draws: Sequence[_Drawn], context: DraftContext) -> list[DraftedQuestion | str | None]:
    try:
        return run_at_once([partial(_draft, quota.kind, passages, context) for quota, passages in draws])
    except BaseException:
        context.asker.stop()  # what is under way on other threads must not ask for more
        raise


def _draft(
    kind: QuestionKind, passages: tuple[SourcePassage, ...], context: DraftContext
) -> DraftedQuestion | str | None:
    """Ask for one draft and return it, or why it is dropped; None where the tokens are used up before."""
    try:
        reply, answer = context.asker.ask(DraftReply, draft_messages(kind, passages))
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
        draft = DraftedQuestion(Question("", text, evidence, (kind.name,), reviewed=False), kind, passages, answer.day)
        return first_failure(draft, context) or draft
    except NoMoreAnswers:
        return None


def _keep(draft: DraftedQuestion, context: DraftContext) -> str | None:
    """Keep a draft; return why it is dropped, if one that was asked for at the same time nearly asks the same."""
    if "duplicate" in context.config.filters and not is_new(draft, context):
        return "duplicate"
    context.kept.append(replace(draft, question=replace(draft.question, id=f"draft-{len(context.kept) + 1}")))
    return None


def _is_writable(question: str) -> bool:
    """Whether a question has a usual length, and no half of a character, which no file can hold."""
    return len(question) <= LONGEST_QUESTION and question.isprintable()


def _progress_text(asked: int, dropped: Counter[str]) -> str:
    return f"drafting questions, {dropped.total():,} of {asked:,} dropped"
