"""A results folder -> MLflow runs, and a run's config back. MLflow is imported inside functions only."""

from rag_chunk.analysis.folder import check_results, read_saved_analysis
from rag_chunk.config.redaction import redact
from rag_chunk.config.tracking import LOG_CHUNKS, LogChunks, TrackingConfig, parse_tags
from rag_chunk.mlflow_tracker.address import ignore_notice
from rag_chunk.mlflow_tracker.analyses import fetch_analysis, fetch_top
from rag_chunk.mlflow_tracker.experiment import USUAL_NAME
from rag_chunk.mlflow_tracker.fetch import (
    config_from_run,
    export_best_text,
    export_config_text,
    fetch_config,
)
from rag_chunk.mlflow_tracker.git import documents_git
from rag_chunk.mlflow_tracker.named_runs import is_address, may_name_run
from rag_chunk.mlflow_tracker.promotion import Promoted, is_taken, promote_run
from rag_chunk.mlflow_tracker.question_sets import fetch_records
from rag_chunk.mlflow_tracker.registry import ModelAlias, parse_alias
from rag_chunk.mlflow_tracker.resend import end_left_running, track_folder
from rag_chunk.mlflow_tracker.runs import Tracking, track_run
from rag_chunk.mlflow_tracker.sender import Tracked
from rag_chunk.mlflow_tracker.traces import fetch_retrieved

__all__ = [
    "LOG_CHUNKS",
    "USUAL_NAME",
    "LogChunks",
    "ModelAlias",
    "Promoted",
    "Tracked",
    "Tracking",
    "TrackingConfig",
    "check_results",
    "config_from_run",
    "documents_git",
    "end_left_running",
    "export_best_text",
    "export_config_text",
    "fetch_analysis",
    "fetch_config",
    "fetch_records",
    "fetch_retrieved",
    "fetch_top",
    "ignore_notice",
    "is_address",
    "is_taken",
    "may_name_run",
    "parse_alias",
    "parse_tags",
    "promote_run",
    "read_saved_analysis",
    "redact",
    "track_folder",
    "track_run",
]
