"""The checks of settings: names that exist, numbers, embedding models and their addresses."""

from collections.abc import Collection, Sequence
from typing import Any, LiteralString, get_args

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from rag_chunk.config.catalog import BACKENDS, RERANKERS, RETRIEVERS, STRATEGIES, needs_token_vectors, needs_vectors
from rag_chunk.config.names import (
    did_you_mean,
    is_embedder_name,
    is_external,
    is_function_name,
    is_plain_address,
    is_reranker_name,
)

BY_MODEL = "model"  # of index_context: a chat model writes contexts
DRAFTING_KEY = "RAG_CHUNK_DRAFTING_KEY"  # the variable with the key of whatever server answers
EMBEDDING_KEY = "RAG_CHUNK_EMBEDDING_KEY"  # of whatever server embeds
_OFFLINE = ". hashing needs no download, but compares words, not meanings"


def _number(model: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """Refuse `True` and `False` where the field is a number; pass on everything else."""
    kind = model.model_fields[str(info.field_name)].annotation
    kinds = {kind, *get_args(kind)}
    if isinstance(value, bool) and kinds & {int, float}:
        raise PydanticKnownError("int_type" if int in kinds else "float_type")
    return value


numbers = field_validator("*", mode="before")(classmethod(_number))  # for the body of a model, under any name


def contradiction(template: LiteralString, **settings: int) -> PydanticCustomError:
    """Return the error for settings that contradict each other; a message on options puts their names for the settings'."""
    return PydanticCustomError("contradiction", template, settings)


def check_known(kind: str, name: str, built_in: Collection[str]) -> str:
    """Return `name` if it is built in, names a function or was given; else name what there is, the nearest first."""
    if name in built_in or is_function_name(name) or is_external(name):
        return name
    raise PydanticCustomError(
        "unknown_name",
        "unknown {kind} {name}{nearest}. There are {known}, and your own as package.module:function",
        {"kind": kind, "name": repr(name), "nearest": did_you_mean(name, built_in), "known": ", ".join(built_in)},
    )


def check_embedding_model(name: str | None, strategies: Sequence[str | None], retriever: str | None) -> str | None:
    """Return the embedding model; None if nothing needs vectors. Refuse an unknown one, and none where one is needed."""
    if name is not None and not is_embedder_name(name):
        raise PydanticCustomError(
            "unknown_name",
            "unknown embedding model {name}{nearest}. It is hashing, or backend:name with one of the backends {known}",
            {
                "name": repr(name),
                "nearest": did_you_mean(name.partition(":")[0], BACKENDS) or _with_a_backend(name),
                "known": ", ".join(row.name for row in BACKENDS.values() if not row.is_named_alone),
            },
        )
    needing = needs_vectors(retriever, *strategies)
    if name is None and needing:
        raise PydanticCustomError(
            "missing_model",
            "{needing} needs an embedding model. Give --embedding-model backend:name, as in "
            "sentence-transformers:all-MiniLM-L6-v2{offline}",
            {"needing": needing[0], "offline": "" if needs_token_vectors(needing[0]) else _OFFLINE},
        )
    if name is not None:
        _check_token_vectors(name, retriever or "")
    own = any(each not in STRATEGIES for each in strategies) or retriever not in RETRIEVERS  # these may need vectors
    return name if needing or own else None


def _check_token_vectors(name: str, retriever: str) -> None:
    """Refuse a model that gives no vectors of tokens for a retriever that needs them."""
    if needs_token_vectors(retriever) and not BACKENDS[name.partition(":")[0]].has_token_vectors:
        raise PydanticCustomError(
            "missing_model",
            "{retriever} needs the vectors of single tokens, and {name} gives none. Give a model of {known} that takes the "
            "mean of its tokens, such as sentence-transformers:all-MiniLM-L6-v2, or take dense",
            {
                "retriever": retriever,
                "name": name,
                "known": " or ".join(row.name for row in BACKENDS.values() if row.has_token_vectors),
            },
        )


def _with_a_backend(name: str) -> str:
    """Return a hint for a model's name alone, which most people take from Hugging Face."""
    return "" if ":" in name else f" (did you mean 'sentence-transformers:{name}'?)"


def check_reranker(name: str | None) -> str | None:
    """Return the reranker; None for none. Refuse a name of no known form."""
    if name is None or name == "none":
        return None
    if not is_reranker_name(name):
        raise PydanticCustomError(
            "unknown_name",
            "unknown reranker {name}{nearest}. It is {known} with a model (backend:name), an address such as "
            "http://localhost:8080/rerank, without a user, a password or a query, or your own as package.module:function",
            {
                "name": repr(name),
                "nearest": did_you_mean(name.partition(":")[0], RERANKERS),
                "known": " or ".join(RERANKERS),
            },
        )
    return name


def check_index_context(name: str | None) -> str | None:
    """Return what says where a chunk is in its document: `model`, or the user's function; None for none."""
    if name is None or name == "none":
        return None
    if name != BY_MODEL and not is_function_name(name):
        raise PydanticCustomError(
            "unknown_name",
            "index_context is {model}, with a context_model, or a function of your own as package.module:function, not {name}",
            {"model": BY_MODEL, "name": repr(name)},
        )
    return name


def check_context_model(name: str | None, index_context: str | None) -> str | None:
    """Return the chat model that writes contexts; None if none writes any. Refuse none where one is needed."""
    if index_context != BY_MODEL:
        return None
    if name is None:
        raise PydanticCustomError(
            "missing_model",
            "index_context model needs a chat model. Give --context-model, and its address if it is not OpenAI's: "
            "--context-model llama3.1 --context-url http://localhost:11434/v1",
        )
    return name


def check_context_url(url: str | None, index_context: str | None) -> str | None:
    """Return the address of the chat model; None if none writes contexts."""
    address = check_address("context_url", url, DRAFTING_KEY)
    return address if index_context == BY_MODEL else None


def check_address(name: str, url: str | None, key: str) -> str | None:
    """Return an address of OpenAI's API; refuse what is none, or carries the key, which the environment has."""
    if url is not None and not is_plain_address(url):
        raise PydanticCustomError(
            "unusable_url",
            "{name} must be an address as in http://localhost:11434/v1, without a user, a password or a query. "
            "rag-chunk reads a key from the environment: {key}",
            {"name": name, "key": key},
        )
    return url and url.rstrip("/")


def check_embedding_url(url: str | None, model: str | None) -> str | None:
    """Return the address; None if the model's backend has none."""
    address = check_address("embedding_url", url, EMBEDDING_KEY)
    backend = BACKENDS.get(str(model).partition(":")[0])
    return address if backend and backend.has_address else None
