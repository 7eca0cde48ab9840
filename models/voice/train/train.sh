#!/bin/sh
# Makes the voice model anew.
#
#   models/voice/train/train.sh [SHARED]     SHARED holds data/voices; default $GIDS_SHARED, then ../shared
#
# Needs espeak-ng and the packages of requirements.txt (PYTHON names the interpreter). What is finished is kept in
# .cache/voice and not made again: delete that folder to start over. About an hour on two cores.
#
# Two of the four real speakers are left out of the training, so that the figures of the model card are of voices that
# it does not know. To measure the whole way from a recording to its turns:
#
#   python3 models/voice/train/dialogues.py SHARED/data/voices DIALOGUES && gids bench speakers DIALOGUES
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
shared=${1:-${GIDS_SHARED:-$root/../shared}}
work=$root/.cache/voice
here=$root/models/voice/train
held_out=2033,3080
if [ ! -d "$shared/data/voices" ]; then
    echo "$shared/data/voices is not there: name the folder that holds data/voices" >&2
    exit 1
fi
export PYTHONPATH="$here"
python=${PYTHON:-python3}
[ -d "$work/corpus" ] || { "$python" "$here/corpus.py" "$shared/data/voices" "$work/corpus.part" && mv "$work/corpus.part" "$work/corpus"; }
"$python" "$here/train.py" "$work/corpus" "$work/student" --hold-out "$held_out" --steps 450
"$python" "$here/export.py" "$work/corpus" "$work/student" "$root/models/voice" --hold-out "$held_out"
