"""Contexts that a chat model writes: a sentence or two that place a chunk in its document, for `index_context: model`.

Answers are kept on disk by address, model and all that was asked, as they come: work that breaks off goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rag_chunk.chunker.chunking import Chunk, Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.embedder.chat import LONGEST_ANSWER, ChatModel, Message, chat_model, estimate_tokens
from rag_chunk.questions.drafting.model_asker import ModelAsker
from rag_chunk.questions.drafting.parallel_calls import run_at_once
from rag_chunk.questions.drafting.prompts import parse_reply
from rag_chunk.retriever.context_prompt import ContextReply, context_prompt

AT_ONCE = 4  # as many as servers on one machine usually answer side by side
LONGEST_CONTEXT = 1000  # characters: a model may write more, and would then be indexed in place of the chunk
OnWritten = Callable[[int, int], None]
ContextKey = tuple[str, tuple[str, ...]]  # a chunk, and the titles above it, which some strategies have of their own


@dataclass(frozen=True, slots=True)
class WrittenContext:
    """What a model wrote of a chunk, in one line, empty if its answer had none, and the tokens that this took once."""

    text: str
    tokens: int


def context_model(config: RunConfig) -> ChatModel:
    """Return the model that writes contexts; nothing is asked of it yet."""
    return chat_model(str(config.context_model), config.context_url, "--context-url")


def context_asker(config: RunConfig, max_tokens: int | None = None) -> ModelAsker:
    """Return what asks the model, and stops before it uses more than `max_tokens`."""
    model = context_model(config)

    def most_tokens(messages: Sequence[Message]) -> int:
        return 0 if model.load(messages) else estimate_tokens(messages) + LONGEST_ANSWER

    return ModelAsker(model.ask, most_tokens, max_tokens)


def write_contexts(
    chunking: Chunking, config: RunConfig, asker: ModelAsker | None = None, on_written: OnWritten | None = None
) -> list[WrittenContext]:
    """Return the context of each chunk; the model is asked for each once, a few at a time.

    `on_written` is given how many are written, of how many that were not known. Raise `NoMoreAnswers` where the asker
    stops, and `InputError` where the model does not answer.
    """
    known, keys = _known(chunking.corpus, config), _keys(chunking)
    missing = [chunk for chunk in chunking if context_key(chunk) not in known] if set(keys) - known.keys() else []
    asker = asker or (context_asker(config) if missing else None)
    for first in range(0, len(missing), AT_ONCE):
        if on_written:
            on_written(first, len(missing))
        some = missing[first : first + AT_ONCE]
        written = _write_at_once(some, config, asker) if asker else []
        known.update(zip(map(context_key, some), written, strict=True))
    return [known[each] for each in keys]


def kept_contexts(chunking: Chunking, config: RunConfig, assumed: str) -> list[str]:
    """Return the contexts that are known or kept on disk, and `assumed` for the others. Nothing is asked."""
    known, model = _known(chunking.corpus, config), context_model(config)
    return [
        known[context_key(chunk)].text if context_key(chunk) in known else _kept_context(chunk, config, model, assumed)
        for chunk in chunking
    ]


def _known(corpus: Corpus, config: RunConfig) -> dict[ContextKey, WrittenContext]:
    """Return the contexts that were written for a corpus, by chunk; more are added to it."""
    by = (config.context_model, config.context_url, config.context_window)
    known: dict[ContextKey, WrittenContext] = corpus.derive(dict, dict, "written contexts", *by)
    return known


def context_key(chunk: Chunk) -> ContextKey:
    """Return what the context of a chunk is known by."""
    return chunk.id, chunk.headings


def _keys(chunking: Chunking) -> list[ContextKey]:
    return list(zip(chunking.ids, chunking.heading_paths(), strict=True))


def _write_at_once(chunks: Sequence[Chunk], config: RunConfig, asker: ModelAsker) -> list[WrittenContext]:
    try:
        return run_at_once([partial(_write, chunk, config.context_window, asker) for chunk in chunks])
    except BaseException:
        asker.stop()  # what is under way on other threads must not ask for more
        raise


def _write(chunk: Chunk, window: int, asker: ModelAsker) -> WrittenContext:
    reply, answer = asker.ask(ContextReply, context_prompt(chunk, window).messages)
    return WrittenContext(_one_line(reply), answer.tokens)


def _kept_context(chunk: Chunk, config: RunConfig, model: ChatModel, assumed: str) -> str:
    answer = model.load(context_prompt(chunk, config.context_window).messages)
    return _one_line(parse_reply(ContextReply, answer.text)) if answer else assumed


def _one_line(reply: ContextReply | None) -> str:
    return replace_surrogates(" ".join(reply.context.split())[:LONGEST_CONTEXT].strip()) if reply else ""
