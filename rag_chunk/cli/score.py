"""`score`: score the user's own retriever from files or traces."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rag_chunk.cli.analyze import progress, show
from rag_chunk.cli.app import app, check_target, say, say_where
from rag_chunk.cli.options import with_options
from rag_chunk.config import AnalysisConfig, OutputConfig, TrackingConfig
from rag_chunk.config.analysis import ONLY_ANALYZE
from rag_chunk.config.sources import OF_SCORE, CommandLineOptions
from rag_chunk.errors import SettingsError

_COMPARED = [name for name in AnalysisConfig.model_fields if name not in {"source", *ONLY_ANALYZE}]
Documents = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        readable=False,
        metavar="PATH",
        help="The documents that were chunked: a folder, one file, or a .jsonl of {name, text}.",
        rich_help_panel="Documents and questions",
    ),
]
Limit = Annotated[
    str | None,
    typer.Option(
        "--chunk-size",
        metavar="INTEGER",
        help="The size limit that you set when you chunked, for share_over_limit. \\[default: the largest chunk]",
        rich_help_panel="Settings",
    ),
]


Traces = Annotated[
    list[str] | None,
    typer.Option(
        "--traces",
        metavar="EXPERIMENT",
        help="Instead of files, the traces of an application in this experiment of MLflow; its versions are compared.",
        rich_help_panel="Documents and questions",
    ),
]


@app.command()
@with_options(*OF_SCORE, *_COMPARED, *OutputConfig.model_fields, *TrackingConfig.model_fields)
def score(given: CommandLineOptions, corpus: Documents = None, chunk_size: Limit = None, traces: Traces = None) -> None:
    """Score your own retriever by its chunks and rankings, with the same metrics and verdict as analyze.

    Use it for a vector store, a filter or a reranker. Each --retrieved belongs to the --chunks at the same position; one
    --chunks can serve all. All documents and chunks are held in memory at once. With --traces, rag-chunk reads the
    retrieved texts from an application's traces in MLflow, and compares its versions.
    """
    from rag_chunk.config.sources import load_for_score
    from rag_chunk.corpus.cache import caching
    from rag_chunk.workflow import Reporter, run_score
    from rag_chunk.workflow.traced_retrievals import settings_from_traces

    settings = {**given.settings, **({"chunk_size": chunk_size} if chunk_size else {})}
    analysis = {**given.analysis, **({"source": corpus} if corpus else {})}
    uri = given.tracking.get("uri")
    only_read = traces and not given.output.get("mlflow_tracking")  # then the address is that of the traces alone
    tracking = {name: value for name, value in given.tracking.items() if name != "uri" or not only_read}
    named = replace(given, settings=settings, analysis=analysis, tracking=tracking)
    notify = say if not given.output.get("quiet") else lambda _: None
    asked, limit = load_for_score(named, notify, traced=bool(traces))
    if traces:
        if asked.analysis.chunks or asked.analysis.retrieved:
            raise SettingsError("give either --traces, or --chunks and --retrieved")
        asked = settings_from_traces(asked, traces, uri, notify)
    output = asked.output
    check_target(output.output_file)
    with caching(enabled=output.cache), progress(quiet=output.quiet) as told:
        outlook = Reporter(notify, told, lambda analysis: show(analysis, output))
        tracked = run_score(asked, outlook, chunk_size=limit)
    if tracked:
        say_where(tracked, quiet=output.quiet)
