"""Drafts questions about documents with a model, and writes them as a question file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from rag_chunk.analysis import Progress
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.drafting import DraftingConfig
from rag_chunk.config.sources import Notify
from rag_chunk.corpus import Corpus, cache
from rag_chunk.corpus.arrays import Floats
from rag_chunk.embedder import embed
from rag_chunk.embedder.chat import LONGEST_ANSWER, ChatModel, Message, chat_model, estimate_tokens
from rag_chunk.errors import InputError, Interrupted
from rag_chunk.questions.drafting import (
    CallEstimate,
    DraftContext,
    Drafting,
    ModelAsker,
    PassageSampler,
    Stop,
    draft_file,
    draft_questions,
    estimate_calls,
    tally_lines,
)
from rag_chunk.workflow.inputs import read_documents, refuse_overwriting_inputs


@dataclass(frozen=True, slots=True)
class DraftingJob:
    """What is asked for: the documents, how questions are drafted, and by what vectors, where there are any."""

    documents: AnalysisConfig
    drafting: DraftingConfig
    vectors: RunConfig


def estimate_drafting(job: DraftingJob, notify: Notify) -> tuple[CallEstimate, ...]:
    """Return what would be asked of the model. Nothing is sent."""
    corpus, model = read_documents(job.documents, notify), _model(job)
    return estimate_calls(_context(job, corpus, model), estimate_tokens, lambda messages: bool(model.load(messages)))


def run_drafting(job: DraftingJob, notify: Notify, on_progress: Progress) -> str:
    """Draft questions and return the text of the question file; empty where no draft was kept.

    Answers are kept as they come: where this is cut off, the same command goes on from there.
    """
    model = _model(job)
    corpus = read_documents(job.documents, notify)
    refuse_overwriting_inputs(job.drafting.output_file, job.documents, corpus)
    context = _context(job, corpus, model)
    notify(f"Passages of the documents go to {model.name} at {model.address}.")
    if notice := cache.unkept_notice("Answers"):
        notify(notice)
    try:
        drafting = draft_questions(context, on_progress)
    except (InputError, Interrupted):
        if (answers := context.asker.new + context.asker.kept) and not cache.why_unusable():
            notify(f"{answers:,} answers of the model are kept: the same command goes on from there.")
        raise
    for line in [*tally_lines(drafting), *_ending(drafting, context)]:
        notify(line)
    return draft_file(drafting, job.drafting, corpus) if drafting.questions else ""


def _model(job: DraftingJob) -> ChatModel:
    return chat_model(job.drafting.require_model(), job.drafting.url)


def _context(job: DraftingJob, corpus: Corpus, model: ChatModel) -> DraftContext:
    def most_tokens(messages: Sequence[Message]) -> int:
        return 0 if model.load(messages) else estimate_tokens(messages) + LONGEST_ANSWER

    def vectors_of(texts: Sequence[str]) -> Floats:
        with one_at_a_time:  # drafts are filtered on several threads, and a model takes all cores by itself
            vectors: Floats = embed(texts, job.vectors, "query")
        return vectors

    one_at_a_time = Lock()
    asker = ModelAsker(model.ask, most_tokens, job.drafting.max_tokens)
    vectors = vectors_of if job.vectors.embedding_model else None
    return DraftContext(corpus, job.drafting, PassageSampler(corpus, job.vectors.seed), asker, vectors)


def _ending(drafting: Drafting, context: DraftContext) -> list[str]:
    """Return the sentences on what the answers took, and why there are fewer drafts than were asked for."""
    asker, config = context.asker, context.config
    lines = [f"{asker.new:,} answers took {asker.tokens:,} tokens; {asker.kept:,} were kept from before."]
    if drafting.stop is Stop.TOKENS:
        lines.append(
            f"Stopped before more than --max-tokens {config.max_tokens:,} were used. The answers are kept: the same "
            "command with --force goes on from there."
        )
    if drafting.stop is Stop.PASSAGES:
        lines.append(
            f"These documents gave {len(drafting.questions):,} of the {config.count:,} drafts. More documents, another "
            "model, another --seed or fewer filters (--without) may give more."
        )
    return lines


def check_draft_target(path: Path, *, force: bool) -> None:
    """Raise `InputError` where a file is there already: somebody may have reviewed it."""
    if path.exists() and not force:
        raise InputError(f"{path} exists already; choose another file with -o, or replace it with --force")
