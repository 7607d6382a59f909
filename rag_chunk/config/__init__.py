"""The one place where a setting gets its name, default, limits and help."""

from rag_chunk.config.analysis import AnalysisConfig
from rag_chunk.config.catalog import BACKENDS, RETRIEVERS, STRATEGIES
from rag_chunk.config.file import FOLDER_FILE, SCHEMA_VERSION, ConfigFile, parse_config, read_config
from rag_chunk.config.metric_table import DEFAULT_GROUPS, METRIC_GROUPS, METRICS
from rag_chunk.config.names import did_you_mean, external_name, is_external, is_function_name
from rag_chunk.config.output import OutputConfig
from rag_chunk.config.problems import explain, is_contradiction, option_of
from rag_chunk.config.run import UNITS, RunConfig, Unit
from rag_chunk.config.tracking import TrackingConfig

__all__ = [
    "BACKENDS",
    "DEFAULT_GROUPS",
    "FOLDER_FILE",
    "METRICS",
    "METRIC_GROUPS",
    "RETRIEVERS",
    "SCHEMA_VERSION",
    "STRATEGIES",
    "UNITS",
    "AnalysisConfig",
    "ConfigFile",
    "OutputConfig",
    "RunConfig",
    "TrackingConfig",
    "Unit",
    "did_you_mean",
    "explain",
    "external_name",
    "is_contradiction",
    "is_external",
    "is_function_name",
    "option_of",
    "parse_config",
    "read_config",
]
