"""`RunConfig`: all that changes the numbers of one configuration."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from rag_chunk.config.applicability import Only
from rag_chunk.config.catalog import RETRIEVERS, STRATEGIES, needs_vectors
from rag_chunk.config.setting_checks import (
    BY_MODEL,
    check_context_model,
    check_context_url,
    check_embedding_model,
    check_embedding_url,
    check_index_context,
    check_known,
    check_reranker,
    contradiction,
    numbers,
)
from rag_chunk.config.strategy_rules import LARGEST, check_rules, ruled_strategies

Unit = Literal["words", "tokens", "characters"]
Filter = Literal["none", "document"]
Analyzer = Literal[
    "plain", "arabic", "catalan", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hindi", "hungarian",
    "indonesian", "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "turkish",
]  # fmt: skip
BudgetUnit = Literal["characters", "tokens"]
Stage = Literal["chunk", "embed", "retrieve", "score"]  # of the work on a configuration, which a setting belongs to
SkippedBlock = Literal["front_matter", "html_comments", "mdx_imports", "images", "code", "page_furniture"]
UNITS: tuple[Unit, ...] = get_args(Unit)


def _usual_overlap(settings: dict[str, Any]) -> int:
    """A quarter of the chunk size, at most 50."""
    return int(min(50, settings.get("chunk_size", 200) // 4))


def _usual_smallest(settings: dict[str, Any]) -> int:
    """As much as the usual overlap, for semantic; the others have no smallest size."""
    return _usual_overlap(settings) if settings.get("strategy") == "semantic" else 0


def _param(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(each if isinstance(each, str) else ": ".join(each) for each in value) or "none"
    return "none" if value is None else str(value)


class RunConfig(BaseModel):
    """One configuration: how to chunk, how to retrieve, what a retrieved chunk may cost.

    >>> RunConfig(chunk_size=100).overlap
    25
    >>> RunConfig(strategy="paragraph", overlap=20).overlap  # paragraphs have no overlap
    0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)

    strategy: str = Field(
        "recursive-character",
        description="How to cut documents.",
        json_schema_extra={"stage": "chunk", "swept_default": "all that can run here", "common": True},
    )
    chunk_size: int = Field(
        200,
        ge=1,
        le=LARGEST,
        description="The largest size of a chunk, in units.",
        json_schema_extra={"stage": "chunk", "common": True},
    )
    overlap: Annotated[int, Only("strategy", "overlaps", otherwise=0)] = Field(
        default_factory=_usual_overlap,
        ge=0,
        le=LARGEST,
        description="Units that neighbouring chunks share; less than the chunk size.",
        json_schema_extra={
            "stage": "chunk",
            "default_text": "a quarter of the chunk size, at most 50",
            "common": True,
        },
    )
    unit: Unit = Field(
        "words",
        description="The unit of chunk sizes.",
        json_schema_extra={"stage": "chunk", "common": True},
    )
    model: str = Field(
        "text-embedding-3-small",
        min_length=1,
        description="The model whose tokenizer counts tokens: a tiktoken model or encoding, hf:NAME of Hugging Face, "
        "sentence-transformers:NAME, or the path of a tokenizer.json.",
        json_schema_extra={"stage": "chunk", "aliases": ["--tiktoken-model"]},
    )
    parent_ratio: Annotated[int, Only("strategy", "has_parents", otherwise=4)] = Field(
        4,
        ge=2,
        le=1000,
        description="For hierarchical: the largest size of a parent, in multiples of chunk_size.",
        json_schema_extra={"stage": "chunk"},
    )
    retrieve_parents: bool = Field(
        False,
        description="Retrieve what holds each chunk found: its parent for hierarchical, else its page, its section, or the "
        "block of its document; the budget pays for all of it.",
        json_schema_extra={"stage": "retrieve", "in_name": "always"},
    )
    window: int = Field(
        0,
        ge=0,
        le=1000,
        description="Retrieve this many neighbours on both sides of each chunk found; the budget pays once for text that two share.",
        json_schema_extra={"stage": "retrieve"},
    )
    smallest_size: Annotated[int, Only("strategy", "cuts_at_changes", otherwise=0)] = Field(
        default_factory=_usual_smallest,
        ge=0,
        le=LARGEST,
        description="For semantic: the smallest size of a chunk, unless its document is smaller.",
        json_schema_extra={
            "stage": "chunk",
            "in_name": "last",
            "default_text": "a quarter of the chunk size, at most 50",
        },
    )
    split_percentile: Annotated[float, Only("strategy", "cuts_at_changes", otherwise=80.0)] = Field(
        80,
        ge=0,
        le=100,
        description="For semantic: cut only where the change of meaning is above this percentile of its document.",
        json_schema_extra={"stage": "chunk"},
    )
    skip_blocks: tuple[SkippedBlock, ...] = Field(
        (), description="Kinds of text to leave out of chunks.", json_schema_extra={"stage": "chunk"}
    )
    strategies: tuple[tuple[str, str], ...] = Field(
        (),
        description="Other ways to cut some documents, by a glob of their names: strategy-size or strategy-size-overlap. The "
        "first glob that fits counts; what none fits is cut by strategy.",
        json_schema_extra={"stage": "chunk", "option": False},
    )
    retriever: str = Field(
        "bm25",
        description="How to rank chunks for a question. Only to compare with: legacy, oracle and random.",
        json_schema_extra={"stage": "retrieve", "common": True},
    )
    embedding_model: str | None = Field(
        None,
        description="The embedding model: hashing, or backend:name as in sentence-transformers:all-MiniLM-L6-v2.",
        json_schema_extra={"stage": "embed", "in_name": "last", "metavar": "BACKEND:NAME", "common": True},
    )
    embedding_url: str | None = Field(
        None,
        description="For openai: the URL of another server with the same API, as in http://localhost:11434/v1.",
        json_schema_extra={"stage": "embed", "in_name": "last", "metavar": "URL"},
    )
    index_headings: Annotated[bool, Only("retriever", "indexes_headings", otherwise=False)] = Field(
        False,
        description="Index the titles above a chunk with it, for bm25, dense and hybrid. They take nothing from the budget.",
        json_schema_extra={"stage": "retrieve"},
    )
    index_title: Annotated[bool, Only("retriever", "indexes_headings", otherwise=False)] = Field(
        False,
        description="Index the title of its document with a chunk: the first heading, or the name; it costs no context.",
        json_schema_extra={"stage": "retrieve"},
    )
    index_context: Annotated[
        str | None, AfterValidator(check_index_context), Only("retriever", "indexes_headings", otherwise=None)
    ] = Field(
        None,
        description="Index with a chunk a sentence or two that place it in its document: model for those that context_model "
        "writes, your own function, package.module:function, or none. They cost no context.",
        json_schema_extra={"stage": "retrieve", "metavar": "model|MODULE:FUNCTION"},
    )
    context_model: str | None = Field(
        None,
        min_length=1,
        description="For index_context model: the chat model that writes contexts, by the name that its server gives it.",
        json_schema_extra={"stage": "retrieve", "in_name": "last", "metavar": "NAME"},
    )
    context_url: str | None = Field(
        None,
        description="For index_context model: the URL of a server with OpenAI's API, as in http://localhost:11434/v1.",
        json_schema_extra={"stage": "retrieve", "in_name": "last", "default_text": "OpenAI's", "metavar": "URL"},
    )
    context_window: int = Field(
        8000,
        ge=1000,
        le=LARGEST,
        description="For index_context model: the tokens that context_model reads at a time. Of a longer document it sees the "
        "beginning and the text around the chunk.",
        json_schema_extra={"stage": "retrieve", "in_name": "last"},
    )
    analyzer: Annotated[Analyzer, Only("retriever", "analyzes_words", otherwise="plain")] = Field(
        "plain",
        description="For bm25 and hybrid: a language, whose stop words are dropped and whose words are compared by their stems.",
        json_schema_extra={"stage": "retrieve"},
    )
    reranker: Annotated[
        str | None, AfterValidator(check_reranker), Only("retriever", "can_be_reranked", otherwise=None)
    ] = Field(
        None,
        description="Rank the first chunks again with this reranker: sentence-transformers:NAME, fastembed:NAME, the URL of a "
        "server with the common rerank API (append #MODEL), or your own, package.module:function; none for none.",
        json_schema_extra={"stage": "retrieve", "metavar": "BACKEND:NAME"},
    )
    candidates: int = Field(
        50,
        ge=1,
        le=10_000,
        description="The number of first chunks that the reranker ranks again.",
        json_schema_extra={"stage": "retrieve"},
    )
    filter: Filter = Field(
        "none",
        description="Search all documents (none), or for each question only the documents with its evidence (document), "
        "as in a pipeline that knows the document from metadata.",
        json_schema_extra={"stage": "retrieve"},
    )
    top_k: int = Field(
        5,
        ge=1,
        le=LARGEST,
        description="The number of chunks that the avg_* metrics measure.",
        json_schema_extra={"stage": "score"},
    )
    budget: int = Field(
        4000,
        ge=1,
        le=LARGEST,
        description="The size of the context for budget_recall, in units of budget_unit.",
        json_schema_extra={"stage": "score", "common": True},
    )
    budget_unit: BudgetUnit = Field(
        "characters",
        description="The unit of the budget. --model chooses the tokenizer. The budget curve stays in characters.",
        json_schema_extra={"stage": "score"},
    )
    merge_overlaps: bool = Field(
        False, description="Count text that overlapping chunks repeat only once.", json_schema_extra={"stage": "score"}
    )
    seed: int = Field(
        0, ge=0, le=2**32 - 1, description="The seed of everything random.", json_schema_extra={"stage": "score"}
    )

    _numbers = numbers

    @field_validator("smallest_size")
    @classmethod
    def _smallest_size_fits(cls, smallest: int, info: ValidationInfo) -> int:
        chunk_size = info.data.get("chunk_size", smallest)
        if smallest > chunk_size:
            template = "smallest_size ({smallest}) must not be larger than chunk_size ({chunk_size})"
            raise contradiction(template, smallest=smallest, chunk_size=chunk_size)
        return smallest

    @field_validator("window")
    @classmethod
    def _window_is_all_that_is_handed_over(cls, window: int, info: ValidationInfo) -> int:
        if window and info.data.get("retrieve_parents"):
            template = (
                "window ({window}) and retrieve_parents both replace the chunk that was found; give only one of them"
            )
            raise contradiction(template, window=window)
        return window

    @field_validator("skip_blocks", mode="before")
    @classmethod
    def _list_skip_blocks(cls, blocks: Any) -> Any:
        """Take a list with commas too, and put the kinds in one order."""
        named = [block.strip() for block in blocks.split(",")] if isinstance(blocks, str) else blocks
        return tuple(sorted(set(named))) if isinstance(named, (list, tuple)) else named

    @field_validator("strategies", mode="before")
    @classmethod
    def _list_strategies(cls, rules: Any) -> Any:
        """Take a mapping, as a file has it, and pairs, as JSON has them."""
        pairs = rules.items() if isinstance(rules, Mapping) else rules
        return tuple(map(tuple, pairs)) if isinstance(pairs, Iterable) and not isinstance(pairs, str) else pairs

    @field_validator("strategies")
    @classmethod
    def _check_strategies(cls, rules: tuple[tuple[str, str], ...], info: ValidationInfo) -> tuple[tuple[str, str], ...]:
        return check_rules(rules, info.data.get("strategy"))

    @field_validator("strategy")
    @classmethod
    def _check_strategy(cls, name: str) -> str:
        return check_known("strategy", name, STRATEGIES)

    @field_validator("retriever")
    @classmethod
    def _check_retriever(cls, name: str) -> str:
        return check_known("retriever", name, RETRIEVERS)

    @field_validator("embedding_model")
    @classmethod
    def _check_embedding_model(cls, name: str | None, info: ValidationInfo) -> str | None:
        strategies = [info.data.get("strategy"), *ruled_strategies(info.data.get("strategies") or ())]
        return check_embedding_model(name, strategies, info.data.get("retriever"))

    @field_validator("candidates")
    @classmethod
    def _candidates_are_a_rerankers(cls, candidates: int, info: ValidationInfo) -> int:
        """Record the default where nothing is ranked again."""
        return candidates if info.data.get("reranker") else int(cls.model_fields["candidates"].default)

    @field_validator("context_model")
    @classmethod
    def _check_context_model(cls, name: str | None, info: ValidationInfo) -> str | None:
        return check_context_model(name, info.data.get("index_context"))

    @field_validator("context_url")
    @classmethod
    def _check_context_url(cls, url: str | None, info: ValidationInfo) -> str | None:
        return check_context_url(url, info.data.get("index_context"))

    @field_validator("context_window")
    @classmethod
    def _context_window_is_a_models(cls, window: int, info: ValidationInfo) -> int:
        """Record the default where no model writes contexts."""
        return window if info.data.get("index_context") == BY_MODEL else int(cls.model_fields["context_window"].default)

    @field_validator("embedding_url")
    @classmethod
    def _embedding_url_has_no_secret(cls, url: str | None, info: ValidationInfo) -> str | None:
        return check_embedding_url(url, info.data.get("embedding_model"))

    @field_validator("overlap")
    @classmethod
    def _overlap_fits(cls, overlap: int, info: ValidationInfo) -> int:
        chunk_size = info.data.get("chunk_size", LARGEST + 1)
        if overlap >= chunk_size:
            template = "overlap ({overlap}) must be smaller than chunk_size ({chunk_size})"
            raise contradiction(template, overlap=overlap, chunk_size=chunk_size)
        return overlap

    @field_validator("*")
    @classmethod
    def _record_where_it_applies(cls, value: Any, info: ValidationInfo) -> Any:
        """After a setting was checked, record it as what it is where it has no effect."""
        only = _only(str(info.field_name))
        return value if only is None or only.applies(info.data) else only.otherwise

    @property
    def needs_vectors(self) -> bool:
        """Whether its chunks are cut or ranked by the embedding model."""
        return self.cuts_by_vectors or bool(needs_vectors(self.retriever))

    @property
    def cuts_by_vectors(self) -> bool:
        """Whether some documents are cut by the embedding model."""
        return bool(needs_vectors(None, self.strategy, *ruled_strategies(self.strategies)))

    @property
    def indexes_more(self) -> bool:
        """Whether more than a chunk's own text is indexed for it."""
        return self.index_headings or self.index_title or self.index_context is not None

    @property
    def has_written_contexts(self) -> bool:
        """Whether a chat model writes a context for each chunk."""
        return self.index_context == BY_MODEL

    @property
    def hands_over_more(self) -> bool:
        """Whether more than a retrieved chunk is handed over for it."""
        return self.retrieve_parents or self.window > 0

    @property
    def pays_once(self) -> bool:
        """Whether retrieved text that repeats is paid for once: always so where what is handed over for chunks overlaps."""
        row = STRATEGIES.get(self.strategy)
        has_own = row is not None and row.has_parents
        return self.merge_overlaps or self.window > 0 or (self.retrieve_parents and not has_own)

    @property
    def budget_text(self) -> str:
        """The budget with its unit.

        >>> RunConfig(budget=1000, budget_unit="tokens").budget_text
        '1,000 tokens'
        """
        return f"{self.budget:,} {self.budget_unit}"

    def non_default(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, by name."""
        usual = RunConfig(
            strategy=self.strategy, chunk_size=self.chunk_size, embedding_model=self.embedding_model
        ).model_dump()
        first = {name: field.default for name, field in RunConfig.model_fields.items() if field.default_factory is None}
        return {name: value for name, value in self.model_dump().items() if value != {**usual, **first}[name]}

    def applies(self, name: str) -> bool:
        """Return whether a setting has an effect with this strategy and this retriever."""
        only = _only(name)
        return only is None or only.applies({"strategy": self.strategy, "retriever": self.retriever})

    def applicable_settings(self) -> dict[str, Any]:
        """Return all settings but those that say nothing of this strategy.

        What is recorded as none here would take away the default of another strategy that is run with the file.
        """
        without = {name for name in RunConfig.model_fields if not self.applies(name)}
        without |= {
            name
            for name in (
                "embedding_model",
                "embedding_url",
                "reranker",
                "index_context",
                "context_model",
                "context_url",
            )
            if getattr(self, name) is None
        }
        without |= set() if self.has_written_contexts else {"context_window"}
        without |= set() if self.reranker else {"candidates"}
        rules = {"strategies": dict(self.strategies)} if self.strategies else {}
        return self.model_dump(exclude={*without, "strategies"}) | rules

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
        counts_tokens = "tokens" in (self.unit, self.budget_unit)
        return values | {"use_tiktoken": str(self.unit == "tokens"), "model": self.model if counts_tokens else "none"}

    def with_settings(self, **settings: Any) -> Self:
        """Return a copy with other settings, validated; an overlap that was a default is derived anew."""
        return type(self)(**{**self.non_default(), **settings})


def _only(name: str) -> Only | None:
    """Return where a setting applies, if it does not everywhere."""
    metadata = RunConfig.model_fields[name].metadata
    return next((each for each in metadata if isinstance(each, Only)), None)
