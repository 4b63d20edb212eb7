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

# Prints the comment at the top of the running script, which is its help, if that is all that was asked for; any
# other argument is a mistake. For scripts without arguments.
help_only() {
  case ${1-} in
    '') ;;
    -h | --help)
      print_help
      exit 0
      ;;
    *) fail_usage "unknown argument '$1'" ;;
  esac
}

# The comment at the top of the running script, without its marks.
print_help() {
  sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"
}
