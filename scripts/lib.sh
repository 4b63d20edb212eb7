# shellcheck shell=bash
# What the scripts share; sourced after `set -euo pipefail`.

# Says in one sentence what is wrong, and leaves.
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 1
}

# Like `fail`, for arguments that the script does not take: exit code 64, as sluice's own.
fail_usage() {
  printf '%s: %s; see %s --help\n' "$(basename "$0")" "$1" "$0" >&2
  exit 64
}

# Prints the comment at the top of the running script, which is its help, and leaves.
show_help() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$(dirname "${BASH_SOURCE[0]}")/$(basename "$0")"
  exit 0
}

# For scripts that take no argument but --help.
help_only() {
  case ${1-} in
    '') ;;
    -h | --help) show_help ;;
    *) fail_usage "unknown argument '$1'" ;;
  esac
}

# Sets `launch` to the words that start a program on $1 ranks of this machine; for scripts in the repository's root.
set_launch() {
  # shellcheck disable=SC2034 # the caller's
  launch=(scripts/launch -n "$1" --)
}
