"""`RunConfig`: all that changes the numbers of one configuration."""

import hashlib
import json
import re
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from rag_chunk.config.names import (
    EMBEDDERS,
    OVERLAPPING,
    RETRIEVERS,
    STRATEGIES,
    VECTOR_RETRIEVERS,
    VECTOR_STRATEGIES,
    WITH_HEADINGS,
    is_embedder_name,
    is_external,
    is_function_name,
)

Unit = Literal["words", "tokens", "characters"]
SkippedBlock = Literal["front_matter", "html_comments", "mdx_imports", "images", "code"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LARGEST = 1_000_000_000


def _number(model: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """Refuse `True` and `False` where the field is a number; pass on everything else."""
    kind = model.model_fields[str(info.field_name)].annotation
    kinds = {kind, *get_args(kind)}
    if isinstance(value, bool) and kinds & {int, float}:
        raise PydanticKnownError("int_type" if int in kinds else "float_type")
    return value


numbers = field_validator("*", mode="before")(classmethod(_number))  # for the body of a model, under any name


def _usual_overlap(settings: dict[str, Any]) -> int:
    """A quarter of the chunk size, at most 50."""
    return int(min(50, settings.get("chunk_size", 200) // 4))


def _usual_smallest(settings: dict[str, Any]) -> int:
    """As much as the usual overlap, for semantic; the others have no smallest size."""
    return _usual_overlap(settings) if settings.get("strategy") == "semantic" else 0


def _check_known(kind: str, name: str, built_in: dict[str, str]) -> str:
    """Return `name` if it is built in, names a function or was given; else say what there is, the nearest first."""
    if name in built_in or is_function_name(name) or is_external(name):
        return name
    raise PydanticCustomError(
        "unknown_name",
        "unknown {kind} {name}{nearest}. There are {known}, and your own as package.module:function",
        {"kind": kind, "name": repr(name), "nearest": did_you_mean(name, built_in), "known": ", ".join(built_in)},
    )


def did_you_mean(name: str, known: Any) -> str:
    """Return ` (did you mean 'x'?)` for the known name nearest to `name`, or nothing."""
    from rapidfuzz import process, utils

    found = process.extractOne(name, list(known), processor=utils.default_process, score_cutoff=60)
    return f" (did you mean {found[0]!r}?)" if found else ""


def _param(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    return "none" if value is None else str(value)


class RunConfig(BaseModel):
    """One configuration: how to chunk, how to retrieve, what a retrieved chunk may cost.

    >>> RunConfig(chunk_size=100).overlap
    25
    >>> RunConfig(strategy="paragraph", overlap=20).overlap  # paragraphs have no overlap
    0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    strategy: str = Field(
        "recursive-character",
        description="How documents are cut.",
        json_schema_extra={"swept_default": "all that can run here"},
    )
    chunk_size: int = Field(200, ge=1, le=LARGEST, description="The most units in a chunk.")
    overlap: int = Field(
        default_factory=_usual_overlap,
        ge=0,
        le=LARGEST,
        description="Units that neighbouring chunks share; less than the chunk size.",
        json_schema_extra={"default_text": "a quarter of the chunk size, at most 50"},
    )
    unit: Unit = Field("words", description="What a chunk's size is counted in.")
    model: str = Field(
        "text-embedding-3-small",
        min_length=1,
        description="The model whose tokenizer counts tokens: a tiktoken model or encoding.",
        json_schema_extra={"aliases": ["--tiktoken-model"]},
    )
    parent_ratio: int = Field(
        4, ge=2, le=1000, description="For hierarchical: how many times chunk_size a parent may hold."
    )
    retrieve_parents: bool = Field(
        False, description="For hierarchical: hand over, and pay for, the parents of the chunks that are found."
    )
    smallest_size: int = Field(
        default_factory=_usual_smallest,
        ge=0,
        le=LARGEST,
        description="For semantic: the fewest units in a chunk, wherever its document has as many.",
        json_schema_extra={"default_text": "a quarter of the chunk size, at most 50"},
    )
    split_percentile: float = Field(
        80,
        ge=0,
        le=100,
        description="For semantic: how many percent of a document's changes of meaning are too small to cut at.",
    )
    skip_blocks: tuple[SkippedBlock, ...] = Field((), description="Kinds of Markdown block that are not chunked.")
    retriever: str = Field("bm25", description="How chunks are ranked for a question.")
    embedding_model: str | None = Field(
        None,
        description="What makes vectors: hashing, or backend:name as in sentence-transformers:all-MiniLM-L6-v2.",
        json_schema_extra={"metavar": "BACKEND:NAME"},
    )
    embedding_url: str | None = Field(
        None,
        description="For openai: another address that speaks its protocol, as in http://localhost:11434/v1.",
        json_schema_extra={"metavar": "URL"},
    )
    index_headings: bool = Field(
        False, description="Index the titles above a chunk with it, for bm25, dense and hybrid; they cost no context."
    )
    top_k: int = Field(5, ge=1, le=LARGEST, description="Chunks retrieved for the avg_* metrics.")
    budget: int = Field(4000, ge=1, le=LARGEST, description="Characters of context for the headline metric.")
    merge_overlaps: bool = Field(False, description="Retrieved text that repeats is paid for once.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="For everything random.")

    _numbers = numbers

    @field_validator("parent_ratio", "retrieve_parents")
    @classmethod
    def _parents_belong_to_hierarchical(cls, value: int, info: ValidationInfo) -> int:
        """Record what says nothing of the strategy at its default, so that equal configurations are equal."""
        if info.data.get("strategy", "") in STRATEGIES.keys() - {"hierarchical"}:
            usual: int = cls.model_fields[str(info.field_name)].default
            return usual
        return value

    @field_validator("smallest_size")
    @classmethod
    def _smallest_size_fits(cls, smallest: int, info: ValidationInfo) -> int:
        """Check it first, then record it as 0 where the strategy has none."""
        chunk_size = info.data.get("chunk_size")
        if chunk_size is not None and smallest > chunk_size:
            raise PydanticCustomError(
                "contradiction",
                "smallest_size ({smallest}) must not be larger than chunk_size ({chunk_size})",
                {"smallest": smallest, "chunk_size": chunk_size},
            )
        return 0 if info.data.get("strategy", "") in STRATEGIES.keys() - VECTOR_STRATEGIES else smallest

    @field_validator("split_percentile")
    @classmethod
    def _percentile_belongs_to_semantic(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("strategy", "") in STRATEGIES.keys() - VECTOR_STRATEGIES:
            return float(cls.model_fields["split_percentile"].default)
        return value

    @field_validator("skip_blocks", mode="before")
    @classmethod
    def _list_skip_blocks(cls, blocks: Any) -> Any:
        """Take a list with commas too, and put the kinds in one order."""
        named = [block.strip() for block in blocks.split(",")] if isinstance(blocks, str) else blocks
        return tuple(sorted(set(named))) if isinstance(named, (list, tuple)) else named

    @field_validator("strategy")
    @classmethod
    def _check_strategy(cls, name: str) -> str:
        return _check_known("strategy", name, STRATEGIES)

    @field_validator("retriever")
    @classmethod
    def _check_retriever(cls, name: str) -> str:
        return _check_known("retriever", name, RETRIEVERS)

    @field_validator("embedding_model")
    @classmethod
    def _check_embedding_model(cls, name: str | None, info: ValidationInfo) -> str | None:
        """Demand one where vectors are needed, and record none where they are not."""
        if name is not None and not is_embedder_name(name):
            raise PydanticCustomError(
                "unknown_name",
                "unknown embedding model {name}{nearest}. It is hashing, or backend:name with one of the backends {known}",
                {
                    "name": repr(name),
                    "nearest": did_you_mean(name.partition(":")[0], EMBEDDERS),
                    "known": ", ".join(backend for backend in EMBEDDERS if backend != "hashing"),
                },
            )
        needy = [info.data.get(kind) for kind in ("retriever", "strategy")]
        needing = [each for each in needy if each in VECTOR_RETRIEVERS | VECTOR_STRATEGIES]
        if name is None and needing:
            raise PydanticCustomError(
                "missing_model",
                "{needing} needs an embedding model. Give --embedding-model backend:name, as in "
                "sentence-transformers:all-MiniLM-L6-v2; hashing works without a download, but knows words alone",
                {"needing": needing[0]},
            )
        return name if needing or not all(each in RETRIEVERS or each in STRATEGIES for each in needy) else None

    @field_validator("embedding_url")
    @classmethod
    def _embedding_url_has_no_secret(cls, url: str | None, info: ValidationInfo) -> str | None:
        """Refuse what is no address, or carries a key; record none where the backend has none."""
        if url is None:
            return None
        if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url):
            raise PydanticCustomError(
                "unusable_url",
                "embedding_url must be an address as in http://localhost:11434/v1, without a user, a password or a "
                "query. A key is taken from the environment: RAG_CHUNK_EMBEDDING_KEY",
            )
        return url.rstrip("/") if str(info.data.get("embedding_model")).startswith("openai:") else None

    @field_validator("index_headings")
    @classmethod
    def _headings_belong_to_an_index(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it so
        return value and info.data.get("retriever", "") not in RETRIEVERS.keys() - WITH_HEADINGS

    @field_validator("overlap")
    @classmethod
    def _overlap_fits(cls, overlap: int, info: ValidationInfo) -> int:
        """Check the overlap first, then record it as 0 where the strategy has none."""
        chunk_size = info.data.get("chunk_size")
        if chunk_size is not None and overlap >= chunk_size:
            raise PydanticCustomError(
                "contradiction",
                "overlap ({overlap}) must be smaller than chunk_size ({chunk_size})",
                {"overlap": overlap, "chunk_size": chunk_size},
            )
        strategy = info.data.get("strategy", "")
        return 0 if strategy in STRATEGIES and strategy not in OVERLAPPING else overlap

    @property
    def needs_vectors(self) -> bool:
        """Whether its chunks are cut or ranked by the embedding model."""
        return self.strategy in VECTOR_STRATEGIES or self.retriever in VECTOR_RETRIEVERS

    def non_default(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, by name."""
        usual = RunConfig(
            strategy=self.strategy, chunk_size=self.chunk_size, embedding_model=self.embedding_model
        ).model_dump()
        first = {name: field.default for name, field in RunConfig.model_fields.items() if field.default_factory is None}
        return {name: value for name, value in self.model_dump().items() if value != {**usual, **first}[name]}

    def applicable_settings(self) -> dict[str, Any]:
        """Return all settings but those that say nothing of this strategy.

        What is recorded as none here would take away the default of another strategy that is run with the file.
        """
        built_in = self.strategy in STRATEGIES
        without = {"overlap"} if built_in and self.strategy not in OVERLAPPING else set()
        if built_in and self.strategy != "hierarchical":
            without |= {"parent_ratio", "retrieve_parents"}
        if built_in and self.strategy not in VECTOR_STRATEGIES:
            without |= {"smallest_size", "split_percentile"}
        if self.retriever in RETRIEVERS.keys() - WITH_HEADINGS:
            without.add("index_headings")
        without |= {name for name in ("embedding_model", "embedding_url") if getattr(self, name) is None}
        return self.model_dump(exclude=without)

    def digest(self) -> str:
        """Return 12 hexadecimal digits for the settings that differ from their defaults.

        New fields, at their defaults, leave the digests of older configs as they are.
        """
        text = json.dumps(self.non_default(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def params(self) -> dict[str, str]:
        """Return the settings as MLflow params: flat, text, under the fields' own names.

        `use_tiktoken` is added, and `model` is `none` where no tokenizer takes part.
        """
        values = {name: _param(value) for name, value in self.model_dump().items()}
        tokens = self.unit == "tokens"
        return values | {"use_tiktoken": str(tokens), "model": self.model if tokens else "none"}

    def with_settings(self, **settings: Any) -> Self:
        """Return a copy with other settings, validated; an overlap that was a default is derived anew."""
        return type(self)(**{**self.non_default(), **settings})
