"""What a chat model would be asked for contexts (`index_context: model`), before anything is asked; and the asking."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import RunConfig
from rag_chunk.config.prices import Prices
from rag_chunk.corpus import Corpus, cache
from rag_chunk.embedder.chat import estimate_tokens
from rag_chunk.errors import InputError, Interrupted
from rag_chunk.questions.drafting.model_asker import NoMoreAnswers
from rag_chunk.retriever.context_prompt import USUAL_ANSWER, context_prompt
from rag_chunk.retriever.written_contexts import ContextKey, context_asker, context_key, context_model, write_contexts

_MILLION = 1_000_000
OnWriting = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ContextEstimate:
    """The contexts that one model would write: how many, how many answers are kept, about how many tokens the others take.

    Of `excerpts` documents the model sees only a part with each chunk, since they do not fit into its `window`.
    """

    model: str
    address: str
    window: int
    calls: int = 0
    kept: int = 0
    tokens: int = 0
    excerpts: int = 0

    def describe(self, prices: Prices | None) -> Iterator[str]:
        """Yield what this comes to, in sentences; in money where the price of the model is known."""
        price = prices.context_model if prices else 0
        money = f", {self.tokens / _MILLION * price:,.2f} at its price" if price else ""
        yield (
            f"{self.model} at {self.address} would write the contexts of {self.calls:,} chunks: {self.calls - self.kept:,} "
            f"calls and about {self.tokens:,} tokens{money}; {self.kept:,} answers are kept."
        )
        yield from self.notices()

    def notices(self) -> Iterator[str]:
        """Yield of how many documents the model sees only a part."""
        if self.excerpts:
            has = "document has" if self.excerpts == 1 else "documents have"
            yield (
                f"{self.excerpts:,} {has} more text than --context-window ({self.window:,} tokens): {self.model} sees the "
                "beginning, and what is around each chunk."
            )


class ContextCount:
    """The contexts of several configurations while they are counted: each call counts once."""

    def __init__(self, corpus: Corpus) -> None:
        """Count nothing yet."""
        self._corpus = corpus
        self._calls: dict[tuple[str, str, int], dict[ContextKey, tuple[bool, int]]] = {}
        self._excerpts: dict[tuple[str, str, int], set[str]] = {}

    def add(self, config: RunConfig, chunking: Chunking | None) -> None:
        """Add the contexts of a configuration; of one that cannot be cut yet, about as many as of whole sentences."""
        if chunking is None:
            chunking = chunk(self._corpus, config.with_settings(strategy="sentence", strategies=()))
        model = context_model(config)
        key = (model.name, model.address, config.context_window)
        calls, excerpts = self._calls.setdefault(key, {}), self._excerpts.setdefault(key, set())
        for each in chunking:
            if (known_by := context_key(each)) in calls:
                continue
            prompt = context_prompt(each, config.context_window)
            is_kept = model.load(prompt.messages) is not None
            calls[known_by] = is_kept, 0 if is_kept else estimate_tokens(prompt.messages) + USUAL_ANSWER
            if prompt.is_excerpt:
                excerpts.add(each.document.name)

    def estimates(self) -> tuple[ContextEstimate, ...]:
        """Return an estimate for each model."""
        return tuple(
            ContextEstimate(
                *key,
                calls=len(calls),
                kept=sum(is_kept for is_kept, _ in calls.values()),
                tokens=sum(tokens for _, tokens in calls.values()),
                excerpts=len(self._excerpts[key]),
            )
            for key, calls in self._calls.items()
        )


def write_all_contexts(
    corpus: Corpus, configs: Mapping[str, RunConfig], limit: int, on_writing: OnWriting
) -> list[tuple[str, str]]:
    """Let models write the contexts that configurations index; return notices on those that could not be read.

    Raise `InputError` before more than `limit` tokens are used; what was written until then is kept on disk.
    """
    notices, used = list[tuple[str, str]](), 0
    for name, config in configs.items():
        if not config.has_written_contexts:
            continue
        asker = context_asker(config, max(0, limit - used))

        def on_written(done: int, count: int, name: str = name) -> None:
            on_writing(f"writing contexts, {done:,} of {count:,}: {name}")

        try:
            written = write_contexts(chunk(corpus, config), config, asker, on_written)
        except NoMoreAnswers:
            raise InputError(_over_limit(limit)) from None
        except (InputError, Interrupted) as error:
            if (kept := asker.new + asker.kept) and not cache.why_unusable():
                said = f"{error}" if str(error).endswith(("?", ".")) else f"{error}."
                error.args = (f"{said} {kept:,} contexts are kept: the same command goes on from there",)
            raise
        used += asker.tokens
        if empty := sum(not context.text for context in written):
            notices.append((name, f"{config.context_model} wrote no context that could be read for {empty:,} chunks"))
    return notices


def _over_limit(limit: int) -> str:
    return (
        f"stopped before more than --max-context-tokens {limit:,} were used. The contexts that were written are kept: give "
        "more, and the same command goes on from there"
    )
