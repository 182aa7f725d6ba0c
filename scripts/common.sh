# What the scripts share: where the project is, how they speak, and the settings that make builds repeatable.
# To be sourced by bash.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/build/deps

# The same output on every machine; dates and decimal points included.
export LC_ALL=C.UTF-8 TZ=UTC
# A compilation is found again from another clone of the project as well.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# Standard output is kept for results.
say() { printf '%s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# lines_of_section FILE SECTION: the lines under [SECTION], without comments and blanks.
lines_of_section() {
  awk -v wanted="[$2]" '/^\[/ { on = ($0 == wanted); next } on && !/^[[:space:]]*(#|$)/' "$1"
}

# logged LOG COMMAND...: runs the command with its output in LOG and its progress, where ninja prints
# any, on standard error; on failure shows the end of the log.
logged() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  local step=10
  [[ -t 2 ]] && step=1
  if "$@" 2>&1 </dev/null | tee "$log" | awk -v step="$step" '
      match($0, /^\[[0-9]+\/[0-9]+\]/) {
        split(substr($0, 2, RLENGTH - 2), part, "/")
        percent = int(100 * part[1] / part[2])
        if (percent >= next_percent && part[2] >= 10) {
          printf(step == 1 ? "\r  %3d %%" : "  %3d %%\n", percent) > "/dev/stderr"
          next_percent = percent + step
          shown = 1
        }
      }
      END { if (shown && step == 1) printf "\r        \r" > "/dev/stderr" }'; then
    return 0
  fi
  say "failed: $*"
  tail -n 40 "$log" >&2
  say "the whole log: $log"
  return 1
}
