# shellcheck shell=bash
# What the scripts share; sourced after `set -euo pipefail`, from the repository's root.

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

# Cores (not hardware threads) in this process's affinity mask: what mpirun counts as slots.
core_count() {
  local allowed
  allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
  lscpu -p=CPU,CORE,SOCKET | awk -F, -v allowed="$allowed" '
    BEGIN {
      parts = split(allowed, ranges, ",")
      for (i = 1; i <= parts; i++) {
        ends = split(ranges[i], end, "-")
        for (cpu = end[1]; cpu <= end[ends]; cpu++) usable[cpu + 0] = 1
      }
    }
    !/^#/ && (($1 + 0) in usable) && !(($2, $3) in seen) { seen[$2, $3] = 1; cores++ }
    END { print cores + 0 }'
}

# Sets `launch` to the words that start a program on $1 ranks of this machine.
#
# Where ranks exceed cores, waiting ranks give their core away (30 ms a small reduction otherwise, measured
# with Open MPI 4.1.4, 0.1 ms so) and are not bound to one.
set_launch() {
  launch=(mpirun -np "$1")
  if (($1 > $(core_count))); then
    launch+=(--oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
  fi
  if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}
