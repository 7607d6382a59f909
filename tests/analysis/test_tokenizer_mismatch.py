"""Chunk sizes in tokens that the embedding model does not have are told."""

import pytest

from rag_chunk.analysis.tokenizer_mismatch import find_other_tokenizers
from rag_chunk.config import RunConfig


def notices(model: str, embedding: str, **settings: str) -> tuple[tuple[str, str], ...]:
    config = RunConfig(unit="tokens", model=model, retriever="dense", embedding_model=embedding)
    return find_other_tokenizers([config, config.with_settings(**settings)])


@pytest.mark.parametrize(
    ("model", "embedding"),
    [
        ("gpt-4o", "hashing"),
        ("text-embedding-3-small", "openai:text-embedding-3-large"),
        ("gpt-4o", "openai:some-local-model"),
        ("hf:any/thing", "openai:some-local-model"),
        ("sentence-transformers:mini", "sentence-transformers:mini"),
        ("hf:sentence-transformers/mini", "sentence-transformers:mini"),
        ("hf:BAAI/bge", "fastembed:BAAI/bge"),
        ("models/bge/tokenizer.json", "fastembed:./models/bge"),
        ("models/bge/tokenizer.json", "fastembed:BAAI/bge"),
    ],
)
def test_nothing_is_said_of_a_models_own_tokenizer_or_of_one_that_nobody_knows(model, embedding):
    assert notices(model, embedding) == ()


@pytest.mark.parametrize(
    ("model", "embedding", "remedy"),
    [
        ("gpt-4o", "openai:text-embedding-3-small", "--model text-embedding-3-small"),
        ("text-embedding-3-small", "sentence-transformers:mini", "--model sentence-transformers:mini"),
        ("hf:BAAI/bge", "fastembed:BAAI/other", "--model hf:BAAI/other"),
        ("./models/a/tokenizer.json", "model2vec:./models/b", "--model hf:./models/b"),
    ],
)
def test_another_tokenizer_is_told_once_with_the_remedy(model, embedding, remedy):
    [(name, sentence)] = notices(model, embedding)
    assert name == f"model {model}"
    assert remedy in sentence


def test_sizes_in_words_and_rankings_without_vectors_need_no_tokenizer():
    assert notices("gpt-4o", "sentence-transformers:mini", unit="words", retriever="dense")[1:] == ()
    assert (
        find_other_tokenizers([RunConfig(unit="tokens"), RunConfig(retriever="dense", embedding_model="hashing")]) == ()
    )
