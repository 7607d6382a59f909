"""Rules by document: a configuration that cuts some documents in another way than the rest."""

from functools import lru_cache

import numpy as np

from rag_chunk.config import RunConfig
from rag_chunk.config.strategy_rules import parse_rule
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.name_patterns import NamePatterns


def config_for(config: RunConfig, name: str) -> RunConfig:
    """Return the configuration that cuts the document of this name: that of the first rule whose glob fits, else the usual.

    >>> config_for(RunConfig(strategies={"*.pdf": "page-400"}), "reports/2024.pdf").strategy
    'page'
    """
    usual, *ruled = _configs(config)
    return ruled[rule] if (rule := _rule_of(config, name)) is not None else usual


@lru_cache(maxsize=64)
def _configs(config: RunConfig) -> tuple[RunConfig, ...]:
    """Return the configuration without its rules, and that of each rule; what the strategy alone decides is derived anew."""
    rules = [parse_rule(text) or {} for _, text in config.strategies]
    plain = config.model_dump(exclude={"strategies", "smallest_size", "overlap"})
    return (
        config.model_copy(update={"strategies": ()}),
        *(RunConfig(**{**plain, **rule}) for rule in rules),
    )


@lru_cache(maxsize=64)
def _globs(config: RunConfig) -> tuple[NamePatterns, ...]:
    return tuple(NamePatterns((glob,), ()) for glob, _ in config.strategies)


def _rule_of(config: RunConfig, name: str) -> int | None:
    return next((number for number, glob in enumerate(_globs(config)) if glob.admit(name)), None)


def documents_by_config(corpus: Corpus, config: RunConfig) -> list[tuple[RunConfig, Positions]]:
    """Return the configurations that cut some documents, each with the rows of those: [documents of it]."""
    usual, *ruled = _configs(config)
    rules = [_rule_of(config, document.name) for document in corpus.documents]
    rows = np.array([-1 if rule is None else rule for rule in rules], np.int64)
    pairs = [(each, np.flatnonzero(rows == rule)) for rule, each in enumerate([usual, *ruled], start=-1)]
    return [(each, own) for each, own in pairs if len(own)]


def part_of(corpus: Corpus, rows: Positions) -> Corpus:
    """Return the documents in these rows as a corpus of their own, kept as long as the whole."""
    documents = [corpus.documents[row] for row in rows.tolist()]
    return corpus.derive(Corpus, lambda: Corpus(documents), "documents of a rule", rows.tobytes())
