"""A results folder, read: all that a tracked analysis is made of."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.analysis.history import Recorded, parse_questions
from rag_chunk.analysis.report import ConfigurationResult, Report, parse_report
from rag_chunk.config.tracking import TrackingOptions
from rag_chunk.corpus import MARKER
from rag_chunk.errors import InputError
from rag_chunk.workflow.results import REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A results folder: its report, and the text of each configuration's config file by name."""

    path: Path
    report: Report
    configs: Mapping[str, str]
    options: TrackingOptions

    def chunks(self, result: ConfigurationResult) -> Path | None:
        """Return the file with the chunks of a configuration, where there is one."""
        return self.file(f"chunks/{result.name}.jsonl")

    def file(self, name: str) -> Path | None:
        """Return the file of that name, where there is one."""
        found = self.path / name
        return found if found.is_file() else None


def read_results(path: Path) -> Results:
    """Read a results folder; raise `InputError` where it is none, or not whole."""
    check_results(path)
    _refuse_links(path)
    file = path / REPORT
    if not file.exists():
        raise InputError(
            f"{path} holds no results yet: the analysis that saves them there is not at its end, or was stopped. "
            "Run it again with --save, or remove the folder"
        )
    report = parse_report(_text(file), str(file))
    if not re.fullmatch(r"[\w-]+", report.analysis_id):  # it stands in a search filter
        raise InputError(f"{file} cannot be used: {report.analysis_id!r} is no analysis id")
    configs = {result.name: _text(path / "configs" / f"{result.name}.yaml") for result in report.configurations}
    return Results(path=path, report=report, configs=configs, options=_options(path / "tracking.json"))


def check_results(path: Path) -> None:
    """Raise `InputError` where `path` is no results folder."""
    if not (path / MARKER).exists():
        raise InputError(f"{path} is not a results folder of rag-chunk; analyze --save DIR writes one")


def _refuse_links(path: Path) -> None:
    """Refuse links out of the folder: what they lead to would be sent to MLflow as a result."""
    root = path.resolve()
    for found in path.rglob("*"):
        if found.is_symlink() and not Path(os.path.realpath(found)).is_relative_to(root):
            raise InputError(f"{found} leads out of the results folder; put the file itself there")


def read_recorded(path: Path) -> Recorded:
    """Return the analysis of a results folder, or the configuration whose file, `configs/NAME.yaml`, is named."""
    is_config = path.is_file() and path.parent.name == "configs"
    results = read_results(path.parents[1] if is_config else path)
    if is_config and path.stem not in results.configs:
        raise InputError(f"{results.path} has no configuration {path.stem}")
    asked = results.file("questions.json") if results.report.questions else None
    return Recorded(
        source=str(path),
        report=results.report,
        questions=parse_questions(_text(asked), str(asked)) if asked else {},
        name=path.stem if is_config else None,
    )


def _options(path: Path) -> TrackingOptions:
    if not path.is_file():
        return TrackingOptions()
    try:
        return TrackingOptions.from_json(json.loads(_text(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from None


def _text(path: Path) -> str:
    """Return the file's text as it is, line ends included."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
