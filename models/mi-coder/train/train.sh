#!/bin/sh
# Trains, calibrates and exports the MI coder, and renews the tables and the plot of the model card.
#
#   models/mi-coder/train/train.sh [SHARED]     SHARED holds data/annomi and data/physio; default $GIDS_SHARED, then ../shared
#
# Needs the packages of requirements.txt (PYTHON names the interpreter) and, for the Dutch words, Debian's package
# dict-freedict-nld-eng. What is finished is kept in .cache/mi-coder and not trained again: delete that folder to start over.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
shared=${1:-${GIDS_SHARED:-$root/../shared}}
work=$root/.cache/mi-coder
here=$root/models/mi-coder/train
export PYTHONPATH="$here" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
"${PYTHON:-python3}" "$here/train.py" "$shared" "$work"
"${PYTHON:-python3}" "$here/export.py" "$shared" "$work" "$root/models/mi-coder"
