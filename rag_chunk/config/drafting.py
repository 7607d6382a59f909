"""`DraftingConfig`: how a model drafts questions, with the kinds of question and the filters that drafts must pass."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.names import did_you_mean
from rag_chunk.config.setting_checks import DRAFTING_KEY, check_address, numbers
from rag_chunk.errors import SettingsError

FilterName = Literal["evidence", "kind", "overlap", "duplicate", "pointing", "language", "round-trip"]


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """A kind of question: its share of all, the blocks that its passages lie in, and what the model is asked for.

    It is asked of `passages` in so many `documents`; `most_overlap` is the share of its words that may be in its evidence.
    """

    name: str
    share: float
    blocks: tuple[str, ...]
    instruction: str
    passages: int = 1
    documents: int = 1
    needs_digits: bool = False
    most_overlap: float = 1.0


QUESTION_KINDS = {
    row.name: row
    for row in (
        QuestionKind("fact", 25, ("prose", "list"), "Ask for one fact that the passage states."),
        QuestionKind(
            "number",
            15,
            ("prose", "list", "table"),
            "Ask for a number, an amount, a date or a limit that the passage states.",
            needs_digits=True,
        ),
        QuestionKind("table", 10, ("table",), "Ask for a value of the table. Quote the whole row that holds it."),
        QuestionKind("code", 10, ("code",), "Ask how something is done that the code shows. Quote its lines."),
        QuestionKind("how-to", 15, ("list", "prose"), "Ask how to do something that the passage explains."),
        QuestionKind(
            "two-passages",
            10,
            ("prose", "list", "table"),
            "Ask one question that needs both passages. Quote from each of them.",
            passages=2,
        ),
        QuestionKind(
            "two-documents",
            5,
            ("prose", "list", "table"),
            "Ask one question that needs both passages, such as a comparison. Quote from each of them.",
            passages=2,
            documents=2,
        ),
        QuestionKind(
            "paraphrase",
            10,
            ("prose", "list"),
            "Ask for something that the passage says, in other words than it does: use none of its words but names.",
            most_overlap=0.4,
        ),
    )
}
FILTERS = {
    "evidence": "evidence that is a keyword, is in more than 5 places, or is long",
    "kind": "evidence that is not of the question's kind: no table, no code, no number",
    "overlap": "questions with too many of their evidence's words",
    "duplicate": "questions that nearly ask what another one asks",
    "pointing": "questions that point to a text which the reader cannot see, as in 'this section'",
    "language": "questions in another language than their evidence",
    "round-trip": "questions that the evidence does not answer, or the text around it answers too",
}


class DraftingConfig(BaseModel):
    """How many questions a model drafts, of which kinds, what it may cost, and what drafts must pass."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    count: int = Field(60, ge=1, le=10_000, description="How many drafts to make.")
    model: str | None = Field(
        None,
        min_length=1,
        description="The model that drafts, by the name that its server gives it.",
        json_schema_extra={"metavar": "NAME"},
    )
    url: str | None = Field(
        None,
        description="The URL of a server with OpenAI's API, as in http://localhost:11434/v1.",
        json_schema_extra={"default_text": "OpenAI's", "metavar": "URL"},
    )
    kinds: tuple[str, ...] = Field(
        (),
        description=f"Kinds of question, each perhaps with its share, as in table=3,fact=1: {', '.join(QUESTION_KINDS)}.",
        json_schema_extra={"metavar": "KIND=SHARE", "default_text": "all"},
    )
    without: tuple[FilterName, ...] = Field(
        (), description="Filters to switch off.", json_schema_extra={"metavar": "FILTER"}
    )
    most_overlap: float = Field(
        0.6, ge=0, le=1, description="The largest share of a question's words that may be in its evidence."
    )
    max_tokens: int | None = Field(
        None, ge=1, description="Stop before more tokens than this are used; answers that were kept cost none."
    )
    output_file: Path = Field(
        Path("questions.yaml"),
        description="Write the questions to this file: YAML, or JSON where its name ends so.",
        json_schema_extra={"flags": ["-o", "--output-file"]},
    )

    _numbers = numbers

    @field_validator("url")
    @classmethod
    def _url_has_no_secret(cls, url: str | None) -> str | None:
        return check_address("--url", url, DRAFTING_KEY)

    @field_validator("kinds", "without", mode="before")
    @classmethod
    def _split_lists(cls, given: Any) -> Any:
        """Take lists with commas too."""
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, (list, tuple)) or not all(isinstance(each, str) for each in listed):
            return given
        return tuple(dict.fromkeys(part.strip() for each in listed for part in each.split(",") if part.strip()))

    @field_validator("kinds")
    @classmethod
    def _kinds_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for name, share in map(_parse_kind, kinds):
            if name not in QUESTION_KINDS:
                raise PydanticCustomError(
                    "unknown_name",
                    "unknown kind of question {name}{nearest}. There are {known}",
                    {
                        "name": repr(name),
                        "nearest": did_you_mean(name, QUESTION_KINDS),
                        "known": ", ".join(QUESTION_KINDS),
                    },
                )
            if share is None or not 0 < share < math.inf:
                raise PydanticCustomError(
                    "contradiction", "the share of {name} must be a number above 0", {"name": name}
                )
        return kinds

    @property
    def shares(self) -> dict[str, float]:
        """The kinds that are asked for, each with its share."""
        given = [_parse_kind(kind) for kind in self.kinds]
        return {name: share or 0.0 for name, share in given} or {row.name: row.share for row in QUESTION_KINDS.values()}

    @property
    def filters(self) -> tuple[str, ...]:
        """The filters that drafts must pass."""
        return tuple(name for name in get_args(FilterName) if name not in self.without)

    def require_model(self) -> str:
        """Return the model; raise `SettingsError` where none is named."""
        if self.model is None:
            raise SettingsError(
                "no model was named. Give one, and its address if it is not OpenAI's: "
                "--model llama3.1 --url http://localhost:11434/v1"
            )
        return self.model


def _parse_kind(text: str) -> tuple[str, float | None]:
    """Return a kind and its share, 1 where it has none; None where that is no number."""
    name, equals, share = text.partition("=")
    try:
        return name.strip(), float(share) if equals else 1.0
    except ValueError:
        return name.strip(), None
