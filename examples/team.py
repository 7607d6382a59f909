"""How a team agrees on a chunking config, and its pipeline follows, without a change of code.

    python examples/team.py [FOLDER]

Two analyses are tracked and the first one's config is promoted; the pipeline loads it by its alias and cuts with
LangChain. A worse config is refused, a better one takes its place, and the same pipeline cuts with that. FOLDER (default:
a new temporary one) is made where it is missing, and gets everything. Needs rag-chunk with its extras mlflow and langchain.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from langchain_core.documents import Document

from rag_chunk import config_from_run, langchain_splitter

HERE = Path(__file__).parent
ALIAS = "docs-chunking@champion"
WORSE = 7  # the exit status of a gate


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run rag-chunk, as in a shell; what it says is shown."""
    command = [sys.executable, "-m", "rag_chunk", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    print(f"$ rag-chunk {' '.join(words)}\n{done.stderr.strip()}\n")
    return done


def analyze(strategy: str) -> str:
    """Track an analysis, and return its run."""
    questions = ["--test-file", str(HERE / "questions.json")]
    done = run("analyze", str(HERE), "--strategy", strategy, *questions, "--mlflow-tracking", "--quiet")
    match = re.search("run ([0-9a-f]{32})", done.stderr)
    return match[1] if match else sys.exit(done.stderr)


def pipeline() -> str:
    """Cut all documents as the team wants it: this never changes."""
    splitter = langchain_splitter(config_from_run(f"models:/{ALIAS}"))
    documents = [Document(path.read_text(encoding="utf-8")) for path in sorted(HERE.rglob("*.md"))]
    return f"the pipeline cuts {len(splitter.split_documents(documents))} chunks"


def main(folder: str | None = None) -> None:
    place = Path(folder or tempfile.mkdtemp())
    if place.exists() and not place.is_dir():
        sys.exit(f"{place} is a file; name a folder, which is made where it is missing")
    place.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    gate = ["--as", ALIAS, "--if-better", "--than", ALIAS]
    first, worse, better = analyze("sentence"), analyze("fixed-size"), analyze("header")
    if run("promote", first, *gate).returncode:
        sys.exit("the first config was not promoted")
    before = pipeline()
    if run("promote", worse, *gate).returncode != WORSE or pipeline() != before:
        sys.exit("the worse config was not refused")
    if run("promote", better, *gate).returncode or pipeline() == before:
        sys.exit("the better config was not promoted, or the pipeline did not follow")
    print(f"Before, {before}; now, {pipeline()}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
