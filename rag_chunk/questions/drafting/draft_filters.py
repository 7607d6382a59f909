"""The filters that a draft must pass, those that cost nothing first: see `rag_chunk.config.drafting.FILTERS`."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag_chunk.config.drafting import DraftingConfig, QuestionKind
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats
from rag_chunk.corpus.terms import terms
from rag_chunk.questions.drafting.model_asker import ModelAsker
from rag_chunk.questions.drafting.prompts import AnswerReply, SubjectReply, answer_messages, subject_messages
from rag_chunk.questions.drafting.source_passages import PassageSampler, SourcePassage
from rag_chunk.questions.folding import fold, fold_text
from rag_chunk.questions.locator import MOST_PLACES, SHORTEST_PHRASE
from rag_chunk.questions.question import Evidence, Question, question_overlap

LONGEST_EVIDENCE = 800  # characters
_SAME_TERMS = 0.7  # of all terms of two questions: they nearly ask the same
_SAME_MEANING = 0.92  # cosine of two questions' vectors
_ONE_SCRIPT = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK"}

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class DraftedQuestion:
    """A question that a model drafted from passages, with the evidence that was located, and the day it did so."""

    question: Question
    kind: QuestionKind
    passages: tuple[SourcePassage, ...]
    day: str


@dataclass(frozen=True, slots=True)
class DraftContext:
    """What filters look at besides a draft: the documents, the settings, the model, and the drafts that were kept."""

    corpus: Corpus
    config: DraftingConfig
    sampler: PassageSampler
    asker: ModelAsker
    embed: Embed | None = None
    kept: list[DraftedQuestion] = field(default_factory=list)


def first_failure(draft: DraftedQuestion, context: DraftContext) -> str | None:
    """Return the first of the filters that are on that a draft does not pass; None where it passes all."""
    return next((name for name in context.config.filters if not _FILTERS[name](draft, context)), None)


def _has_good_evidence(draft: DraftedQuestion, context: DraftContext) -> bool:
    return all(
        len(item.spans) <= MOST_PLACES and SHORTEST_PHRASE <= end - start <= LONGEST_EVIDENCE
        for item in draft.question.evidence
        for start, end in item.spans[:1]
    )


def _is_of_kind(draft: DraftedQuestion, context: DraftContext) -> bool:
    evidence = draft.question.evidence
    if draft.kind.needs_digits:
        return any(map(str.isdecimal, _evidence_text(evidence, context.corpus)))
    if "prose" in draft.kind.blocks:
        return True
    return any(context.sampler.kind_at(item.spans[0][0]) in draft.kind.blocks for item in evidence)


def _has_own_words(draft: DraftedQuestion, context: DraftContext) -> bool:
    most = min(context.config.most_overlap, draft.kind.most_overlap)
    return question_overlap(context.corpus, draft.question) <= most


def is_new(draft: DraftedQuestion, context: DraftContext) -> bool:
    """Whether no draft that was kept nearly asks the same: by terms, and by vectors where there are some."""
    asked, others = draft.question.question, [each.question.question for each in context.kept]
    mine = set(terms(asked))
    theirs = [set(terms(other)) for other in others]
    if any(len(mine & each) >= _SAME_TERMS * len(mine | each) for each in theirs):
        return False
    if context.embed is None or not others:
        return True
    vectors = context.embed([asked, *others])
    return bool((vectors[1:] @ vectors[0]).max() < _SAME_MEANING)


def _is_clear_alone(draft: DraftedQuestion, context: DraftContext) -> bool:
    """Whether somebody who sees no text says what the question is about, in words of the question."""
    reply, _ = context.asker.ask(SubjectReply, subject_messages(draft.question.question))
    if reply is None or not reply.is_clear:
        return False
    return bool(set(terms(reply.subject)) & set(terms(draft.question.question)))


def _keeps_language(draft: DraftedQuestion, context: DraftContext) -> bool:
    evidence = _evidence_text(draft.question.evidence, context.corpus)
    shown = "\n".join(passage.text for passage in draft.passages)
    if _script(draft.question.question) not in {_script(evidence), _script(shown)}:
        return False
    reply = _ask_evidence(draft, context)
    return reply is not None and reply.same_language


def _comes_back(draft: DraftedQuestion, context: DraftContext) -> bool:
    """Whether the evidence alone answers the question, and the text around it does not."""
    reply = _ask_evidence(draft, context)
    if reply is None or not reply.is_answered or not _are_within(reply.quotes, draft.question.evidence, context.corpus):
        return False
    around = _text_without_evidence(draft)
    if not terms(around):
        return True
    other, _ = context.asker.ask(AnswerReply, answer_messages(draft.question.question, around))
    return other is not None and not other.is_answered


def _ask_evidence(draft: DraftedQuestion, context: DraftContext) -> AnswerReply | None:
    text = _evidence_text(draft.question.evidence, context.corpus)
    return context.asker.ask(AnswerReply, answer_messages(draft.question.question, text))[0]


def _are_within(quotes: Sequence[str], evidence: Sequence[Evidence], corpus: Corpus) -> bool:
    """Whether there are quotes, and each is in one of the items, but for what folding makes alike."""
    texts = [fold(corpus.text(*item.spans[0])).text for item in evidence]
    wanted = [fold_text(quote) for quote in quotes]
    return bool(wanted) and all(quote and any(quote in text for text in texts) for quote in wanted)


def _evidence_text(evidence: Sequence[Evidence], corpus: Corpus) -> str:
    return "\n\n".join(corpus.text(*item.spans[0]) for item in evidence)


def _text_without_evidence(draft: DraftedQuestion) -> str:
    """Return the passages without each place of the evidence in them."""
    spans = sorted(span for item in draft.question.evidence for span in item.spans)
    parts = list[str]()
    for passage in draft.passages:
        place = passage.start
        for start, end in spans:
            if start < passage.end and end > place:
                parts.append(passage.text[place - passage.start : max(start, place) - passage.start])
                place = end
        parts.append(passage.text[max(place - passage.start, 0) :])
    return "\n".join(part.strip() for part in parts if part.strip())


def _script(text: str) -> str:
    """Return the script of most letters of a text, as Unicode's names of them begin; empty where there are none.

    >>> _script("Wie lange?"), _script("どのくらい?"), _script("42")
    ('LATIN', 'CJK', '')
    """
    scripts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha())
    joined = Counter[str]()
    for script, count in scripts.items():
        joined[_ONE_SCRIPT.get(script, script)] += count
    return max(joined, key=lambda script: joined[script], default="")


_FILTERS: Mapping[str, Callable[[DraftedQuestion, DraftContext], bool]] = {
    "evidence": _has_good_evidence,
    "kind": _is_of_kind,
    "overlap": _has_own_words,
    "duplicate": is_new,
    "pointing": _is_clear_alone,
    "language": _keeps_language,
    "round-trip": _comes_back,
}
