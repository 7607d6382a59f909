"""`promote`: a tracked config becomes what an alias in MLflow's model registry names."""

from typing import Annotated

import typer

from rag_chunk.cli.app import app, say
from rag_chunk.cli.options import with_fields
from rag_chunk.config.history import PromotionConfig

Name = Annotated[
    str,
    typer.Argument(
        metavar="RUN_ID",
        help="A run of one configuration, or of an analysis: then its recommended one.",
        show_default=False,
    ),
]


@app.command()
@with_fields(PromotionConfig)
def promote(given: PromotionConfig, name: Name) -> None:
    """Register a tracked config as a version in MLflow's model registry, and set an alias to it.

    A pipeline that loads the alias then uses this config. With --if-better, the alias moves unless the questions that both
    answered show that the run is worse than the version before, by more than --margin; then the exit status is 7. A drop that
    can be chance does not stop it, and is named. With fewer than 10 common questions nothing can be shown: the exit status is 3.
    """
    from rag_chunk.workflow.gated_promotion import promote as promoted_by

    promoted = promoted_by(name, given, say)
    moved = f", before version {promoted.previous}" if promoted.previous not in {None, promoted.version} else ""
    say(f"{promoted.alias} is version {promoted.version}, of run {promoted.run_id}{moved}.")
    say(f"Pipelines follow it with the name models:/{promoted.alias}")
    if promoted.link:
        say(f"version: {promoted.link}")
    if promoted.ui_command:
        say(f"Open MLflow: {promoted.ui_command}")
