"""Where the files of a run are written before they are uploaded."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker.artifacts import Artifact
from rag_chunk.mlflow_tracker.failures import explain


class Staging:
    """A folder that runs with the same names of files use one after another, and only its files are removed between.

    To remove a folder takes some file systems as long as to commit to a database; a run has three.
    """

    def __init__(self, root: Path) -> None:
        """Begin with the empty folder `root`."""
        self._root = root
        self._places: dict[frozenset[str], Path] = {}

    @contextmanager
    def write_files(self, artifacts: Sequence[Artifact]) -> Iterator[Path]:
        """Write the files of a run into a folder that has nothing else, and remove them at the end."""
        folder = self._place(frozenset(artifact.path for artifact in artifacts))
        try:
            try:
                for artifact in artifacts:
                    target = folder / artifact.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    artifact.write(target)
            except OSError as error:
                raise explain(error, str(folder)) from None
            yield folder
        finally:
            for file in [each for each in folder.rglob("*") if not each.is_dir()]:
                file.unlink()

    def _place(self, paths: frozenset[str]) -> Path:
        return self._places.setdefault(paths, self._root / str(len(self._places)))


@contextmanager
def staging() -> Iterator[Staging]:
    """Have a temporary folder for the files of runs."""
    with tempfile.TemporaryDirectory(prefix="rag-chunk-", dir=temporary_folder()) as root:
        yield Staging(Path(root))


def temporary_folder() -> Path:
    """Return a folder for what is needed for a moment: the system's, else the user's home. Raise `TrackingError`."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        with suppress(RuntimeError):
            if os.access(Path.home(), os.W_OK):
                return Path.home()
        raise TrackingError(f"{error.strerror}. Set TMPDIR to a folder that can be written") from None
