#!/usr/bin/env bash
# The whole MLflow workflow: analyze with tracking, take the best config out of MLflow, load it in another folder,
# analyze there without naming a setting, and see that every metric is the same.
#
#   examples/workflow.sh [FOLDER]
#
# FOLDER (default: a new temporary one) must be empty or not exist. Needs rag-chunk with its extra mlflow on PATH.
set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder/tuning" "$folder/pipeline"
folder=$(cd "$folder" && pwd)

step() { printf '\n== %s\n' "$*"; }

step "1. Compare strategies and sizes, and track them in MLflow"
cd "$folder/tuning"
cp -R "$examples" docs
rag-chunk analyze docs --test-file docs/questions.json \
  --strategy sentence,recursive-character,header --chunk-size 100,200 \
  --mlflow-tracking --experiment-name rag-chunk-optimization --run-name baseline-test \
  --tags dataset=examples,version=1.0 --save results 2> notices.txt || { cat notices.txt >&2; exit 1; }
cat notices.txt

step "2. Find the run: its id was printed"
run_id=$(sed -n 's/^Tracked in MLflow.*run \([0-9a-f]\{32\}\)$/\1/p' notices.txt)
test -n "$run_id"
echo "run $run_id"

step "3. Take its best configuration out of MLflow"
rag-chunk export-config "$run_id" -o config.yaml

step "4. Make it the config of another folder"
cd "$folder/pipeline"
cp -R "$examples" docs
rag-chunk import-config ../tuning/config.yaml

step "5. Analyze there: the settings come from rag-chunk.yaml"
rag-chunk analyze docs --test-file docs/questions.json --save results

step "6. Compare the metrics, all but the times, to the last digit"
python3 - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

tuning, pipeline = (json.loads(Path(sys.argv[1], name, "results/report.json").read_text("utf-8"))
                    for name in ("tuning", "pipeline"))
best = next(found for found in tuning["configurations"] if found["name"] == tuning["comparison"]["recommended"])
(again,) = pipeline["configurations"]


def measured(configuration):
    return {name: value for name, value in configuration["metrics"].items() if not name.endswith("_time")}


if best["config"] != again["config"] or measured(best) != measured(again):
    sys.exit(f"{best['name']} and {again['name']} differ:\n{measured(best)}\n{measured(again)}")
print(f"{best['name']}: {len(measured(best))} metrics are equal, and so are all settings.")
PYTHON

step "Done. To see the runs in MLflow: cd $folder/tuning && mlflow ui"
