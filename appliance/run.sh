#!/usr/bin/env bash
# Sets up what is missing, then runs a program of the repository. Asking for help or the version installs nothing.
#   run.sh [SETUP-OPTION…] -- PROGRAM [ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
while [ $# -gt 0 ] && [ "$1" != "--" ]; do
  options+=("$1")
  shift
done
[ $# -gt 1 ] || { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 2; }
shift

# Before the set-up there may be no Node that runs TypeScript: then the text is taken out of the program.
tell() {
  [ ! -x node_modules/.bin/node ] || exec "$@"
  sed -n '/^const \(usage\|help\) = `/,/`;$/{ s/^const [a-z]* = `//; s/`;$//; p; }' "$2"
  exit 0
}

for argument in "${@:3}"; do
  case "$argument" in
    --) break ;;
    --help | -h | --version) tell "$@" ;;
  esac
done
bash appliance/setup.sh --quiet ${options[@]+"${options[@]}"}
exec "$@"
