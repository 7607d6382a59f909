"""Where a file is reviewed: the same address whenever it is reviewed again, so that an open page goes on by itself."""

import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rag_chunk.corpus.cache import cache_folder


@dataclass(frozen=True, slots=True)
class ReviewAddress:
    """The port, 0 for any, and the secret that only who started the review knows."""

    port: int
    token: str


def recall_address(path: Path) -> ReviewAddress:
    """Return the address at which the file was reviewed before, else a new one."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(_place(path).read_text("utf-8"))
        if isinstance(kept["token"], str) and len(kept["token"]) >= len(_new_token()) and isinstance(kept["port"], int):
            return ReviewAddress(kept["port"], kept["token"])
    return ReviewAddress(0, _new_token())


def keep_address(path: Path, address: ReviewAddress) -> None:
    """Remember the address, for this user alone; where that is not possible, the next one is new."""
    place = _place(path)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(address), file)


def _place(path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / f"review-{name}.json"


def _new_token() -> str:
    return secrets.token_urlsafe(24)
