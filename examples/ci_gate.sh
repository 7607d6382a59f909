#!/usr/bin/env bash
# The gate of a CI job: what a change of documents, settings or code brings back must not be worse than what was kept.
#
#   examples/ci_gate.sh [FOLDER]
#
# FOLDER (default: a new temporary one) gets the results. A job keeps baseline/ as an artifact of the main branch, and
# does the two steps in the middle. `compare --fail-if-worse` ends with 7 where the mean is lower by more than --margin.
set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
cd "$folder"

analyzed() { rag-chunk analyze "$examples" --test-file "$examples/questions.json" --quiet "$@" > /dev/null; }

echo "== kept: the analysis of the main branch"
analyzed --strategy header --save baseline

echo "== a change that costs nothing passes"
analyzed --strategy header --overlap 20 --save change
rag-chunk compare baseline change --fail-if-worse -o change.md

echo "== a change for the worse is stopped"
analyzed --strategy fixed-size --save worse
status=0
rag-chunk compare baseline worse --fail-if-worse -o worse.md || status=$?
test "$status" -eq 7
echo "stopped with status 7; worse.md says why"
