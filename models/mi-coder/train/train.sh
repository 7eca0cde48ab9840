#!/bin/sh
# Trains, calibrates and exports the MI coder, and renews the tables of the model card.
#
#   models/mi-coder/train/train.sh [SHARED]     SHARED holds data/annomi and data/physio; default $GIDS_SHARED, then ../shared
#
# Needs the packages of requirements.txt (PYTHON names the interpreter). What is finished is kept in
# .cache/mi-coder and not trained again: delete that folder to start over.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
shared=${1:-${GIDS_SHARED:-$root/../shared}}
work=$root/.cache/mi-coder
here=$root/models/mi-coder/train
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH="$here"
"${PYTHON:-python3}" "$here/train.py" "$shared" "$work"
"${PYTHON:-python3}" "$here/export.py" "$shared" "$work" "$root/models/mi-coder"
