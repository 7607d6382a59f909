"""`draft-questions`: questions that a model drafts from the documents, for you to review."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import Source, progress
from rag_chunk.cli.app import app, check_target, say, write, written_form
from rag_chunk.cli.options import with_fields, with_options
from rag_chunk.config.drafting import DraftingConfig
from rag_chunk.config.names import path_text
from rag_chunk.config.sources import CommandLineOptions

if TYPE_CHECKING:
    from rag_chunk.workflow.question_drafting import DraftingJob

_VECTORS = ("embedding_model", "embedding_url")
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show how many calls and tokens this would take, and stop there.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]


@app.command()
@with_options("include", "exclude", "skip_unreadable", "converter", *_VECTORS, "seed", "quiet")
@with_fields(DraftingConfig, into="drafting")
def draft_questions(
    given: CommandLineOptions,
    drafting: DraftingConfig,
    source: Source = None,
    dry_run: DryRun = False,  # noqa: FBT002 - Typer's way
    force: Force = False,  # noqa: FBT002
) -> None:
    """Let a model draft questions about your documents, for you to review.

    The model writes a question, and quotes the text that answers it. rag-chunk keeps a draft only if every quote is in
    the documents and the draft passes all filters, and counts the others. It saves answers on disk: if you interrupt the
    command, run it again, and it continues.

    rag-chunk reads the key from the environment: RAG_CHUNK_DRAFTING_KEY for any server, OPENAI_API_KEY for OpenAI.
    """
    from rag_chunk.workflow.question_drafting import check_draft_target, run_drafting

    drafting.require_model()
    notify = say if not given.output.get("quiet") else lambda _: None
    job = _load_job(replace(given, analysis={**given.analysis, **({"source": source} if source else {})}), drafting)
    if dry_run:
        _print_estimate(job)
        return
    check_target(drafting.output_file)
    check_draft_target(drafting.output_file, force=force)
    with progress(quiet=bool(given.output.get("quiet"))) as on_progress:
        text = run_drafting(job, notify, on_progress or (lambda *_: None))
    if not text:
        say("No draft was kept, so there is no question file.")
        return
    write(drafting.output_file, text)
    form, source = written_form(drafting.output_file, text), job.documents.source
    notify(
        f"Wrote {drafting.output_file}{form}. Next:\n\nrag-chunk review {drafting.output_file} {path_text(source)}\n"
    )


def _load_job(given: CommandLineOptions, drafting: DraftingConfig) -> "DraftingJob":
    from rag_chunk.config.sources import load_single
    from rag_chunk.workflow.question_drafting import DraftingJob

    retriever = {"retriever": "dense"} if "embedding_model" in given.settings else {}
    settings = load_single(replace(given, settings={**given.settings, **retriever}), say, used=_VECTORS)
    return DraftingJob(settings.analysis, drafting, next(iter(settings.configs.values())))


def _print_estimate(job: "DraftingJob") -> None:
    from rich.console import Console

    from rag_chunk.rendering.call_table import call_table
    from rag_chunk.workflow.question_drafting import estimate_drafting

    Console(highlight=False).print(call_table(estimate_drafting(job, say), job.drafting.max_tokens))
