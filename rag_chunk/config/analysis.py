"""`AnalysisConfig`: what was analysed, and how configurations were compared."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag_chunk.errors import SettingsError

Missing = Literal["error", "warn"]
PATHS = ("source", "test_file")


class AnalysisConfig(BaseModel):
    """Documents, questions, and how results are compared: with it an analysis can be repeated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Path | None = Field(None, description="A folder of documents, one document, or a .jsonl of {name, text}.")
    include: tuple[str, ...] = Field((), description="Read only files that match one of these globs.")
    exclude: tuple[str, ...] = Field((), description="Leave out files that match one of these globs.")
    skip_unreadable: bool = Field(False, description="Leave out files that are not UTF-8, and say so.")
    test_file: Path | None = Field(None, description="Questions with their evidence.")
    missing: Missing = Field(
        "error", description="What a phrase that is in no document is: an error, or left out with a warning."
    )
    margin: float = Field(
        0.02, ge=0, le=1, description="How far below the leader a smaller index may be and still be recommended."
    )

    def located(self, folder: Path) -> "AnalysisConfig":
        """Return a copy whose relative paths are taken from `folder`, as absolute ones."""
        paths = {name: (folder / path).absolute() for name in PATHS if (path := getattr(self, name))}
        return self.model_copy(update=paths)

    def required_source(self) -> Path:
        """Return the source; raise `SettingsError` where there is none."""
        if self.source is None:
            message = "no documents were named. Give a folder: rag-chunk analyze docs/"
            raise SettingsError(message)
        return self.source

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that are not at their defaults, with paths as text."""
        return self.model_dump(mode="json", exclude_defaults=True)
