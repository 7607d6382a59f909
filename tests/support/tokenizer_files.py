# ruff: noqa: S106 - tokens are no passwords
"""Small tokenizers of the usual kinds, trained on the spot and saved as `tokenizer.json`."""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tests.support.splices import real_texts
from tests.support.texts import FRAGMENTS

SPECIAL = ["[UNK]", "[MASK]"]


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _train(tokenizer, trainers.WordPieceTrainer(vocab_size=600, special_tokens=SPECIAL, show_progress=False))


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=600, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False)
    return _train(tokenizer, trainer)


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return _train(
        tokenizer,
        trainers.BpeTrainer(vocab_size=600, special_tokens=[], initial_alphabet=alphabet, show_progress=False),
    )


KINDS = {"word-piece": word_piece, "unigram": unigram, "byte-level": byte_level}


def _train(tokenizer: Tokenizer, trainer: trainers.Trainer) -> Tokenizer:
    usable = [text for text in (*real_texts()[:4], *FRAGMENTS) if text.isprintable() or text.isascii()]
    tokenizer.train_from_iterator([text[:20_000] for text in usable], trainer)
    return tokenizer


def save(kind: str, folder: Path) -> Path:
    """Train a tokenizer of this kind, and return where it is saved, with a limit that no count may heed."""
    tokenizer = KINDS[kind]()
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=16)
    path = folder / kind / "tokenizer.json"
    path.parent.mkdir()
    tokenizer.save(str(path))
    return path
