#!/usr/bin/env bash
# Makes models/demo-asr/ggml-demo.bin: texts → speech → training → export → figures.
#
#   GIDS_ASR_WORK=/scratch/demo-asr ./train.sh
#
# Needs espeak-ng and Python 3.11+. Every stage is skipped when its result is there, and the training goes on from
# its last checkpoint, so that the command may be stopped and given again. Settings, by environment:
#   GIDS_ASR_WORK   scratch folder outside the repository, about 4 GB (required)
#   GIDS_SHARED     folder with data/ and models/ (default: ../shared beside the repository)
#   GIDS_ASR_STEPS  steps of the schedule (default 12000)
#   GIDS_ASR_MINUTES  end the schedule after so many minutes, if that comes first (default 0: never)
#   GIDS_ASR_THREADS  threads of the training (default 1: with small matrices the second one mostly waits)
#   PYTHON          an interpreter that has requirements.txt already (default: a virtual environment in the scratch folder)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
: "${GIDS_ASR_WORK:?set GIDS_ASR_WORK to a scratch folder outside the repository (about 4 GB)}"
export GIDS_ASR_WORK OMP_NUM_THREADS=${GIDS_ASR_THREADS:-1}
mkdir -p "$GIDS_ASR_WORK/assets"
command -v espeak-ng >/dev/null || { echo "error: espeak-ng is missing; install it (Debian: apt-get install espeak-ng)" >&2; exit 1; }

if [[ -z ${PYTHON:-} ]]; then
  PYTHON=$GIDS_ASR_WORK/venv/bin/python
  if [[ ! -x $PYTHON ]]; then
    python3 -m venv "$GIDS_ASR_WORK/venv"
    "$PYTHON" -m pip install --quiet --requirement requirements.txt
  fi
fi

# Whisper's mel filters and tokens, out of openai-whisper's source package (MIT).
if [[ ! -f $GIDS_ASR_WORK/assets/multilingual.tiktoken ]]; then
  source_dir=$(mktemp -d)
  trap 'rm -rf "$source_dir"' EXIT
  "$PYTHON" -m pip download --quiet --no-binary :all: --no-deps --dest "$source_dir" openai-whisper==20250625
  tar --extract --gzip --file "$source_dir"/openai_whisper-*.tar.gz --directory "$source_dir" --strip-components=1
  cp "$source_dir"/whisper/assets/{mel_filters.npz,multilingual.tiktoken} "$GIDS_ASR_WORK/assets/"
fi

render() { [[ -f $GIDS_ASR_WORK/sets/$1.json ]] || "$PYTHON" synth.py "$@"; }

[[ -f $GIDS_ASR_WORK/texts.jsonl ]] || "$PYTHON" texts.py
render held --seed 9 --kinds heldout --exact
for i in {0..15}; do
  render "talk$(printf %02d "$i")" --seed $((100 + i)) --part "$i/16" --empty 0.015
done
for i in 0 1; do
  render "practice$i" --seed $((70 + i)) --kinds practice
  render "roleplay$i" --seed $((50 + i)) --kinds roleplay --exact
done

"$PYTHON" train.py --sets 'talk*,practice*,roleplay*:2' --held held --threads "$OMP_NUM_THREADS" \
  --steps "${GIDS_ASR_STEPS:-12000}" --minutes "${GIDS_ASR_MINUTES:-0}"
"$PYTHON" export.py "$GIDS_ASR_WORK/checkpoint.pt" ../ggml-demo.bin
"$PYTHON" evaluate.py ../ggml-demo.bin --only roleplays --rates 8000,22050,44100,96000
"$PYTHON" evaluate.py ../ggml-demo.bin --only unseen,nothing,heldout --rates 8000
