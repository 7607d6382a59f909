#!/usr/bin/env bash
# Runs the tracker's tests against several versions of MLflow, each in an environment of its own, and prints a table
# for docs/mlflow.md. mlflow-skinny, which has no store of its own, is tried against the server of the newest.
#
#     make test-mlflow-versions [VERSIONS='2.22 newest']
#     tests/support/mlflow_versions.sh [FOLDER [VERSION…]]
#
# FOLDER keeps the environments (default: .mlflow-versions); Python 3.11 is needed, which is the last that MLflow 2.0 knows.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-.mlflow-versions}
shift || true
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

declare -A packages=(
    [2.0.1]="mlflow==2.0.1 setuptools<81 numpy<2 pandas<2 sqlalchemy<2"
    [2.22]="mlflow==2.22.* setuptools<81 sqlalchemy<2.1"
    [3.6]="mlflow==3.6.* sqlalchemy<2.1"
    [3.12]="mlflow==3.12.*"
    [3.17]="mlflow==3.17.*"
    [newest]="mlflow"
    [skinny]="mlflow-skinny"
)
versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(2.0.1 2.22 3.6 3.12 3.17 newest skinny)

installed() { # FOLDER PACKAGES…: make an environment with these
    local place=$1
    shift
    if command -v uv > /dev/null; then
        [ -d "$place" ] || uv venv --quiet --python 3.11 "$place"
        uv pip install --quiet --python "$place/bin/python" --editable . pytest hypothesis "$@"
    else
        [ -d "$place" ] || python3.11 -m venv "$place"
        "$place/bin/python" -m pip install --quiet --editable . pytest hypothesis "$@"
    fi
}

tested() { # VERSION FILE…: run tests, print the last line of pytest, and on stderr what failed
    local log="$folder/$1.log" python="$folder/$1/bin/python"
    shift
    "$python" -m pytest -q -p no:cacheprovider "$@" > "$log" 2>&1 || true
    grep -E '^(FAILED|ERROR)' "$log" >&2 || true
    tail -n 1 "$log" | sed -E 's/ in [0-9.]+s.*//; s/=//g'
}

failed=0
echo "| MLflow | tests |"
echo "|---|---|"
for version in "${versions[@]}"; do
    # shellcheck disable=SC2086
    installed "$folder/$version" ${packages[$version]}
    python="$folder/$version/bin/python"
    number=$("$python" -W ignore -c 'import mlflow; print(mlflow.__version__)')
    if [ "$version" = skinny ]; then
        [ -d "$folder/newest" ] || installed "$folder/newest" ${packages[newest]}
        result=$(SERVER_PYTHON="$folder/newest/bin/python" tested "$version" tests/mlflow_tracker/test_{mlflow_server,team_server}.py)
        number="$number, mlflow-skinny, on a server"
    else
        result=$(tested "$version" tests/mlflow_tracker/test_{mlflow_tracker,mlflow_server,mlflow_endings,mlflow_lost_answers,comparison_mlflow,searching,promotion,question_sets,traces,team_server}.py \
            tests/workflow/test_{results,workflow}.py)
    fi
    echo "| $number | $result |"
    [[ $result =~ passed && ! $result =~ failed|error ]] || failed=1
done
exit $failed
