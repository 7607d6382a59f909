"""The bill: what an analysis would embed, before it embeds anything."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag_chunk.analysis.window_estimate import evenly, lengths_of_windows, stretches
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.chunker.semantic import sentences
from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import BACKENDS, needs_token_vectors, needs_vectors
from rag_chunk.corpus import Corpus
from rag_chunk.embedder import Embedder, Role, embed, embedder_of, is_stored, key
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Questions
from rag_chunk.retriever.indexed import texts_to_index

if TYPE_CHECKING:
    from rag_chunk.analysis.context_estimate import ContextEstimate

QUESTIONS, SENTENCES = "questions", "sentences"
_SAMPLE = 1_000_000  # characters of the corpus, whose tokens are counted to know how long a token is
_ROUND = 1000  # tokens
MOST_TIMED = 64  # texts, of which the first few are not timed: many models are slow to start
_FIRST = 8
_WORTH_TIMING = 20_000  # tokens
_MINUTE = 60
_USUAL_CONTEXT = "x" * 200
_STATIC = "A static model (--embedding-model model2vec:minishlab/potion-base-8M, extra model2vec)"


@dataclass(frozen=True, slots=True)
class Item:
    """What one configuration adds to the bill: texts that no item before it has, and about how many tokens they have.

    `cached` of the `texts` are on disk. `chunks` is not known where the sentences have to be embedded first.
    """

    name: str
    chunks: int | None
    texts: int = 0
    cached: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The items of an analysis, in order; `tokens` are those that would be embedded, with a model that costs something.

    `config` names that model, if there is one; `sample` are some of the texts. `pairs` of a question and a chunk are at
    most ranked again, by reranker; `contexts` are those that chat models would write.
    """

    items: tuple[Item, ...]
    tokens: int
    config: RunConfig | None = None
    sample: tuple[str, ...] = ()
    pairs: Mapping[str, int] = field(default_factory=dict)
    contexts: "tuple[ContextEstimate, ...]" = ()

    @property
    def model(self) -> str:
        """The name of the model that costs something, if there is one."""
        return str(self.config.embedding_model) if self.config else ""

    @property
    def is_local(self) -> bool:
        """Whether that model runs on this machine, so that a few texts cost nothing but their time."""
        return self.config is not None and not BACKENDS[self.model.partition(":")[0]].has_address

    @property
    def texts(self) -> int:
        """How many different texts need a vector."""
        return sum(item.texts for item in self.items)

    @property
    def cached(self) -> int:
        """How many of them have it already."""
        return sum(item.cached for item in self.items)

    def check(self, limit: int) -> None:
        """Raise `SettingsError` where more than `limit` tokens would be embedded."""
        if self.tokens > limit:
            raise SettingsError(
                f"about {self.tokens:,} tokens would be embedded with {self.model}, more than {limit:,}; nothing was "
                f"embedded. To go on: --max-embed-tokens {_round_up(self.tokens)}. --dry-run shows what each "
                "configuration adds"
            )

    def check_contexts(self, limit: int) -> None:
        """Raise `SettingsError` where writing contexts would take more than `limit` tokens."""
        tokens = sum(each.tokens for each in self.contexts)
        if tokens > limit:
            calls = sum(each.calls - each.kept for each in self.contexts)
            raise SettingsError(
                f"the contexts of chunks would take {calls:,} calls and about {tokens:,} tokens of "
                f"{' and '.join(dict.fromkeys(each.model for each in self.contexts))}, more than {limit:,}; nothing was "
                f"asked. To go on: --max-context-tokens {_round_up(tokens)}. Larger chunks or a smaller --context-window "
                "take fewer"
            )


def measure_seconds(estimate: CostEstimate) -> float:
    """Embed the sample, and return how many seconds all the tokens will take at that speed; the vectors are kept.

    Where there is little to embed, nothing is, and 0 is returned.
    """
    if estimate.config is None or estimate.tokens < _WORTH_TIMING or len(estimate.sample) <= _FIRST:
        return 0.0
    embed(estimate.sample[:_FIRST], estimate.config)
    started, timed = time.perf_counter(), estimate.sample[_FIRST:]
    embed(timed, estimate.config)
    seconds = time.perf_counter() - started
    return estimate.tokens * seconds / max(1, int(embedder_of(estimate.config).count(timed).sum()))


def describe_duration(estimate: CostEstimate, seconds: float) -> str:
    """Say how long embedding will take; empty where that is less than a minute."""
    if seconds < _MINUTE:
        return ""
    is_replaceable = estimate.is_local and not (estimate.config and needs_token_vectors(estimate.config.retriever))
    faster = f". {_STATIC} is many times faster" if is_replaceable else ""
    return (
        f"Embedding about {estimate.tokens:,} tokens with {estimate.model} takes about {in_minutes(seconds)} here, "
        f"measured on {len(estimate.sample) - _FIRST} texts{faster}."
    )


def describe_pairs(estimate: CostEstimate) -> list[str]:
    """Say how many pairs each reranker scores."""
    return [
        f"{reranker} scores at most {count:,} pairs of a question and a chunk, less those in the cache."
        for reranker, count in estimate.pairs.items()
    ]


def in_minutes(seconds: float) -> str:
    """Return a duration in whole minutes, or in hours where there are many.

    >>> in_minutes(40), in_minutes(90), in_minutes(20_000)
    ('1 minute', '2 minutes', '5.6 hours')
    """
    minutes = max(1, math.ceil(seconds / _MINUTE))
    if minutes >= 2 * _MINUTE:
        return f"{minutes / _MINUTE:.1f} hours"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _round_up(tokens: int) -> int:
    """Return a round number that is a little above an estimate."""
    return -(-int(tokens * 1.1) // _ROUND) * _ROUND


def estimate_cost(
    corpus: Corpus, configs: Mapping[str, RunConfig], questions: Questions | None, *, counts_questions: bool = True
) -> CostEstimate:
    """Chunk as every configuration says, and return what would be embedded. Nothing is.

    Where not `counts_questions`, another part of the corpus has them.
    """
    writing = _Writing(corpus, questions.texts if questions else (), counts_questions=counts_questions)
    for name, config in configs.items():
        writing.add(name, config)
    return CostEstimate(
        tuple(writing.items),
        writing.tokens,
        writing.config,
        evenly(writing.samples, MOST_TIMED),
        count_pairs(configs, writing.items, len(questions.texts) if questions else 0),
        writing.contexts.estimates(),
    )


class _Writing:
    """A cost estimate while it is made: each text counts once."""

    def __init__(self, corpus: Corpus, questions: Sequence[str], *, counts_questions: bool) -> None:
        self._corpus, self._questions, self._counts_questions = corpus, questions, counts_questions
        self._seen: set[bytes] = set()
        self._unknown: set[str | None] = set()  # models that have to embed sentences before anything is cut by them
        self.items: list[Item] = []
        self.samples: list[str] = []
        self.tokens = 0
        self.config: RunConfig | None = None
        from rag_chunk.analysis.context_estimate import ContextCount

        self.contexts = ContextCount(corpus)

    def add(self, name: str, config: RunConfig) -> None:
        """Add what a configuration needs: the sentences that it is cut by, the questions, its chunks."""
        by_meaning = config.cuts_by_vectors
        if by_meaning and self._add_sentences(config):
            self._unknown.add(config.embedding_model)
        is_known = not by_meaning or config.embedding_model not in self._unknown
        chunking = chunk(self._corpus, config) if is_known else None
        chunks = None if chunking is None else len(chunking)
        if config.has_written_contexts:
            self.contexts.add(config, chunking)
        if not needs_vectors(config.retriever) or not self._questions:
            self._write(Item(name, chunks), config)
            return
        if self._counts_questions:
            self._write(self._item(QUESTIONS, None, config, self._questions, "query"), config)
        if needs_token_vectors(config.retriever):
            self._write(self._windows(name, chunks, config), config)
        elif chunking is None:  # its chunks will hold each character once
            self._write(Item(name, None, tokens=self._in_tokens(config, len(self._corpus))), config)
        else:
            self._write(self._item(name, chunks, config, _texts(chunking, config)), config)

    def _add_sentences(self, config: RunConfig) -> bool:
        """Add the sentences, and tell whether some of them have no vector yet."""
        texts = self._corpus.texts(sentences(self._corpus, config).spans)
        self._write(self._item(SENTENCES, None, config, texts), config)
        keys = {key(embedder_of(config), "document", text) for text in texts}
        return len(is_stored(list(keys))) < len(keys)

    def _item(
        self, name: str, chunks: int | None, config: RunConfig, texts: Sequence[str], role: Role = "document"
    ) -> Item:
        """Return the item for those of some texts that are new."""
        model = embedder_of(config)
        text_of = {made: text for text in texts if (made := key(model, role, text)) not in self._seen}
        self._seen |= text_of.keys()
        stored = is_stored(list(text_of))
        missing = [text for made, text in text_of.items() if made not in stored]
        if role == "document" and not model.is_cheap:
            self.samples += evenly(missing, MOST_TIMED)
        return Item(name, chunks, len(text_of), len(stored), self._in_tokens(config, sum(map(len, missing))))

    def _windows(self, name: str, chunks: int | None, config: RunConfig) -> Item:
        """Return the item for the windows in which a model reads the documents: the same for every chunking."""
        lengths = lengths_of_windows(self._corpus, config)
        new = {made: length for made, length in lengths.items() if made not in self._seen}
        self._seen |= new.keys()
        stored = is_stored(list(new))
        if len(stored) < len(new):
            self.samples += stretches(self._corpus, MOST_TIMED)
        return Item(name, chunks, len(new), len(stored), sum(new.values()) - sum(new[made] for made in stored))

    def _write(self, item: Item, config: RunConfig) -> None:
        if item.name not in {QUESTIONS, SENTENCES} or item.texts:
            self.items.append(item)
        if item.tokens and not embedder_of(config).is_cheap:
            self.tokens += item.tokens
            self.config = config

    def _in_tokens(self, config: RunConfig, characters: int) -> int:
        """Return about how many tokens so many characters are."""
        model = embedder_of(config)
        rate = self._corpus.derive(float, lambda: _rate(self._corpus, model), "tokens a character", model.identity)
        return round(characters * rate)


def _texts(chunking: Chunking, config: RunConfig) -> list[str]:
    """Return what is indexed for each chunk, with a context of a usual length where a model has still to write one."""
    if not config.has_written_contexts:
        return texts_to_index(chunking, config)
    from rag_chunk.retriever.written_contexts import kept_contexts

    return texts_to_index(chunking, config, kept_contexts(chunking, config, _USUAL_CONTEXT))


def _rate(corpus: Corpus, model: Embedder) -> float:
    """Return how many tokens a character is, in the first documents of the corpus."""
    texts, length = list[str](), 0
    for document in corpus.documents:
        texts.append(document.text[: _SAMPLE - length])
        length += len(texts[-1])
        if length >= _SAMPLE:
            break
    return int(model.count(texts).sum()) / length if length else 0.0


def count_pairs(configs: Mapping[str, RunConfig], items: Iterable[Item], questions: int) -> dict[str, int]:
    """Return how many pairs of a question and a chunk each reranker scores at most; `items` know how many chunks there are."""
    chunks_of = {item.name: item.chunks for item in items}
    pairs: dict[str, int] = {}
    for name, config in configs.items():
        if config.reranker and questions:
            chunks = chunks_of.get(name)
            most = config.candidates if chunks is None else min(chunks, config.candidates)
            pairs[config.reranker] = pairs.get(config.reranker, 0) + questions * most
    return pairs
