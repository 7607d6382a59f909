"""A results folder -> MLflow runs, and a run's config back. MLflow is imported inside functions only."""

from rag_chunk.analysis.folder import check_results, read_recorded
from rag_chunk.config.redaction import redact
from rag_chunk.config.tracking import LOG_CHUNKS, LogChunks, TrackingOptions, parse_tags
from rag_chunk.mlflow_tracker.analyses import fetch_analysis, fetch_top
from rag_chunk.mlflow_tracker.fetch import config_from_run, exported_config, fetch_config
from rag_chunk.mlflow_tracker.git import documents_git
from rag_chunk.mlflow_tracker.resend import track_folder
from rag_chunk.mlflow_tracker.runs import Tracking, tracked_run
from rag_chunk.mlflow_tracker.sender import Tracked

__all__ = [
    "LOG_CHUNKS",
    "LogChunks",
    "Tracked",
    "Tracking",
    "TrackingOptions",
    "check_results",
    "config_from_run",
    "documents_git",
    "exported_config",
    "fetch_analysis",
    "fetch_config",
    "fetch_top",
    "parse_tags",
    "read_recorded",
    "redact",
    "track_folder",
    "tracked_run",
]
