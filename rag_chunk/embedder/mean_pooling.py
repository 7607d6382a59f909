"""The vectors of single tokens by a model of sentence-transformers that takes their mean."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.embedder.huggingface import quiet
from rag_chunk.embedder.interface import TokenizedText, TokenModel
from rag_chunk.errors import InputError

_MEAN = ("mean", ["pooling_mode_mean_tokens"])  # as version 6 and version 5 of sentence-transformers have it
_PARTS = ("Transformer", "Pooling")
_PROMPTS = ("document", "passage", "corpus")  # in the order in which sentence-transformers takes them for documents


def mean_pooling_model(model: Any, name: str, identity: str) -> TokenModel:
    """Return a model before its mean. Raise `InputError` where it does more, or takes no mean of all its tokens."""
    prompt = _document_prompt(model)
    if reason := _other_way(model, prompt):
        raise InputError(
            f"{name} {reason}. late needs a model that takes the mean of its tokens, such as "
            "sentence-transformers:all-MiniLM-L6-v2; with this one, take dense"
        )

    def tokenize(text: str) -> TokenizedText:
        return _tokenize(model.tokenizer, prompt, text)

    def read(windows: Sequence[Positions]) -> list[Floats]:
        with quiet():
            return _read(model, windows)

    return TokenModel(identity, tokenize, read, model.max_seq_length)


def _document_prompt(model: Any) -> str:
    """Return the text that the model wants before documents."""
    names = [name for name in _PROMPTS if name in model.prompts]
    return str(model.prompts.get(names[0] if names else model.default_prompt_name) or "")


def _other_way(model: Any, prompt: str) -> str:
    """Return how a model makes its vectors, where that is not by the mean of all its tokens."""
    parts = [type(part).__name__ for part in model]
    if tuple(parts[:2]) != _PARTS or set(parts[2:]) - {"Normalize"}:
        return f"makes its vectors by {', '.join(parts)}"
    pooling = model[1].get_config_dict()
    modes = pooling.get("pooling_mode") or [key for key, on in pooling.items() if "_mode_" in key and on is True]
    if modes not in _MEAN:
        shown = modes if isinstance(modes, str) else ", ".join(mode.removeprefix("pooling_mode_") for mode in modes)
        return f"does not take the mean of its tokens ({shown})"
    if prompt and not pooling.get("include_prompt", True):
        return "leaves its prompt out of the mean"
    return "" if model.tokenizer.is_fast else "has a tokenizer that does not say where its tokens are"


def _tokenize(tokenizer: Any, prompt: str, text: str) -> TokenizedText:
    with quiet():
        encoded = tokenizer(
            prompt + text,
            truncation=False,
            verbose=False,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
    spans = np.array(encoded["offset_mapping"], np.int64).reshape(-1, 2) - len(prompt)
    ids = np.array(encoded["input_ids"], np.int64)
    of_text = np.flatnonzero((np.array(encoded["special_tokens_mask"]) == 0) & (spans[:, 1] > 0))
    if not len(of_text):  # nothing of the text is left: the model's own tokens are all there is for it
        return TokenizedText(ids, np.full((len(ids), 2), (0, len(text)), np.int64), len(ids), 0)
    first, last = int(of_text[0]), int(of_text[-1])
    spans[:first], spans[last + 1 :] = spans[first], spans[last]
    ordered = np.maximum.accumulate(np.maximum(spans, 0), axis=0)
    return TokenizedText(ids, ordered, first, len(ids) - last - 1)


def _read(model: Any, windows: Sequence[Positions]) -> list[Floats]:
    """Return the vectors of the tokens of each window; all are padded to the longest at their end."""
    torch = import_module("torch")
    mask = np.arange(max(map(len, windows))) < np.array([[len(window)] for window in windows])
    ids = np.full(mask.shape, model.tokenizer.pad_token_id or 0, np.int64)
    ids[mask] = np.concatenate(windows)
    features = {"input_ids": ids, "attention_mask": mask.astype(np.int64)}
    with torch.inference_mode():
        made = model[0]({key: torch.from_numpy(each).to(model.device) for key, each in features.items()})
    vectors = made["token_embeddings"].float().cpu().numpy()
    return [rows[: len(window)] for rows, window in zip(vectors, windows, strict=True)]
