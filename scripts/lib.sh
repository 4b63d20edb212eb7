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

# Runs `swift $2 …` with the headers in $1/include and the libraries in $1/lib before the system's, in the build folder
# $1/build. The folder is an absolute path.
#
# (C_INCLUDE_PATH and LIBRARY_PATH would not do: the linker looks into the latter's folders after the system's.)
swift_against() {
  swift "$2" --configuration release --scratch-path "$1/build" -Xswiftc -enable-testing \
    -Xcc "-I$1/include" -Xswiftc "-L$1/lib" "${@:3}"
}

# Lets programs find the libraries in $1 before the system's, and fails unless the program $2 then takes $3 from there.
load_from() {
  export LD_LIBRARY_PATH=$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  [[ $(ldd "$2") == *" $1/$3 "* ]] || fail "$2 does not take $3 from $1"
}

# Trains a small network for 20 steps on 1280 pictures into the run folder $1; the words after it start the program.
train_briefly() {
  "${@:2}" pretrain configs/shapes-quick.yaml --run "$1" --set data.source=shapes:1280x100 --set batch.global=128 \
    --set max_steps=20
}

# Fails unless the latest checkpoints of the run folders $1 and $2 are the same, byte for byte.
compare_runs() {
  diff --recursive --brief "$1/checkpoints/latest/" "$2/checkpoints/latest/" ||
    fail "the checkpoints in $1 and $2 differ"
}
