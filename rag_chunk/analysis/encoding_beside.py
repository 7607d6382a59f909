"""Documents are encoded in another process while this one does something else."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.units import Tokens, Units, encoding_name, units_of
from rag_chunk.corpus.units.encoder import encoder_of
from rag_chunk.corpus.units.token_arrays import ALONE, are_kept
from rag_chunk.corpus.units.tokenizer_names import is_tokenizer_name
from rag_chunk.retriever import prepare

_WORTH_FORKING = 1 << 18  # characters: below that, nothing else takes so long that a fork is worth it


@contextmanager
def encoding_beside(corpus: Corpus, configs: Iterable[RunConfig]) -> Iterator[None]:
    """Let a forked process make the tokens that `configs` count, while this block runs; at its end `corpus` has them.

    This process, which would wait for them then, makes the indexes of words. Nothing is done where the cache has them,
    or where that is impossible or not worth a fork: then, and where it fails, whoever asks for tokens makes them.
    """
    configs = list(configs)
    encodings = _encodings_to_make(corpus, configs)
    if not encodings or available_cores() == 1:
        yield
        return
    from rag_chunk.analysis.forked_pool import open_pool  # with a part of the standard library that few runs need

    for encoding in encodings:
        encoder_of(encoding).load()  # here, as this process counts with it afterwards

    def encode(encoding: str) -> Units:
        return units_of(corpus, "tokens", encoding)

    with open_pool(1, encode, [corpus]) as pool:
        made = {encoding: pool.submit(encoding) for encoding in encodings} if pool else {}
        yield
        if made:
            _index_words(corpus, configs)
        for encoding, future in made.items():
            if not future.exception():
                corpus.derive(Tokens, future.result, encoding)


def _index_words(corpus: Corpus, configs: Iterable[RunConfig]) -> None:
    """Make the indexes of words that `configs` need."""
    for config in configs:
        if not config.needs_vectors:
            prepare(corpus, config)


def _encodings_to_make(corpus: Corpus, configs: Iterable[RunConfig]) -> list[str]:
    """Return the encodings of tiktoken in which the documents are counted, and whose tokens the cache lacks."""
    if isinstance(corpus, PartialCorpus) or not _WORTH_FORKING <= len(corpus) <= ALONE:  # above that all cores encode
        return []
    models = {config.model: None for config in configs if "tokens" in {config.unit, config.budget_unit}}
    encodings = dict.fromkeys(encoding_name(model) for model in models if not is_tokenizer_name(model))
    return [encoding for encoding in encodings if not are_kept(corpus, encoding)]
