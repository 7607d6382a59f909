"""What was tracked or saved, found again by the id of a run or the path of a results folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.history import ComparisonReport, SavedAnalysis, compare_analyses, saved_from_analysis
from rag_chunk.config.history import ComparisonConfig
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker import fetch_analysis, fetch_top, is_address, may_name_run, read_saved_analysis


def find_saved_analysis(name: str, *, uri: str | None = None) -> SavedAnalysis:
    """Return what `name` means: a results folder, a file in its `configs`, a run, or a version in the registry.

    Raise `InputError` where there is nothing of that name.
    """
    if not is_address(name) and os.path.exists(name):  # noqa: PTH110 - says no, and raises nothing, of any text
        return read_saved_analysis(Path(name))
    if not may_name_run(name):
        raise InputError(
            f"there is no results folder {name}, and it is not the id of a run, which has 32 characters from 0-9 and a-f; "
            "its first 8 are enough"
        )
    return fetch_analysis(name, uri=uri)


def compare(*sides: str | Path | Analysis, settings: ComparisonConfig | None = None) -> ComparisonReport:
    """Compare configurations over the questions that all of them answered; the others are compared with the first.

    A side is a run's id, its name in the registry (`models:/NAME@ALIAS`), a results folder, or an analysis; of an
    analysis with several configurations the recommended one takes part. A configuration is named by its own run, or by its file in the results folder. With an experiment
    in the settings, its best configurations are sides too. Raise `InputError` where the sides cannot be compared.
    """
    asked = settings or ComparisonConfig()
    analyses = list(_find_all(sides, asked.mlflow_uri))
    if asked.experiment is not None:
        known = {(side.report.analysis_id, side.configuration.name) for side in analyses}
        best = fetch_top(asked.experiment, asked.top, asked.metric, uri=asked.mlflow_uri)
        analyses += [side for side in best if (side.report.analysis_id, side.configuration.name) not in known]
    return compare_analyses(analyses, metric=asked.metric, anyway=asked.anyway)


def _find_all(sides: tuple[str | Path | Analysis, ...], uri: str | None) -> Iterator[SavedAnalysis]:
    for number, side in enumerate(sides, 1):
        if isinstance(side, Analysis):
            yield saved_from_analysis(side, f"analysis {number}")
        else:
            yield find_saved_analysis(str(side), uri=uri)
