# shellcheck shell=bash
# What becomes of a job that scripts/launch has started: requests to stop, its time limit, what is left of it at its end,
# and starts anew. Sourced by scripts/launch after scripts/lib.sh. Reads
#   launch, program   the words that start the job
#   launcher          mpirun or srun
#   nodes, node_ranks where its ranks are, and how many
#   restarts          how often a job that failed is started again
#   time_limit        seconds after which the ranks are asked to stop; 0: never
#
# Sets silent_nodes to the hosts that did not answer after a job that failed.
#
# $job_folder is a folder of the job's own. Every process of the job has SLUICE_JOB=$job_folder in its environment, and no
# other process has. Ranks on this machine leave notes in it: "started", the process of one of them; "run", the folder of the
# run that is under way; "failed" where one of them has ended the job; and "ended", the exit code that all are about to end
# with. "unnoticed" is there where the launcher was ended because it did not see that a rank was gone.

# Seconds that a launcher may take to end after a rank on this machine has ended the job, or a second signal.
readonly launcher_patience=5
# The same after a rank on this machine is gone; mpirun gives the others twice kill_timeout.
readonly loss_patience=10
# The same after all ranks had nothing left to do.
readonly end_patience=60
# The longest rest before a job that failed is started again, in seconds.
readonly longest_rest=60

# What this script says, also while its own standard error is elsewhere.
exec {words}>&2
say() { echo "launch: $1" >&"$words" || true; }

# Runs the job to its end, again where it failed and may be started again.
supervise() {
  local status attempt=0 place='' last_place rest=1
  job_folder=$(mktemp -d)
  trap 'rm -rf "$job_folder"' EXIT
  signals=0 job=
  trap pass_on HUP INT TERM USR1 USR2
  trap time_is_up ALRM
  while :; do
    status=0
    run_job || status=$?
    ((status == 0 || status == 75)) || say_cause "$status"
    # 64 is wrong usage.
    ((restarts > 0 && signals == 0)) && [[ $status != @(0|64|75) ]] || return "$status"
    last_place=$place
    place=$(place_reached)
    # A host that does not answer may come back: that the same place is reached tells nothing then.
    if ((${#silent_nodes[@]} == 0)) && [[ $status == 1 && $place == "$before_its_run" ]]; then
      say "the job is not started again: it failed $place, and would again"
      return "$status"
    elif ((${#silent_nodes[@]} == 0)) && [[ -n $place && $place == "$last_place" ]]; then
      say "giving up: the job failed twice $place (exit code $status)"
      return "$status"
    elif ((attempt == restarts)); then
      say "giving up: the job failed${place:+ $place} (exit code $status), and has been started again $attempt time(s)"
      return "$status"
    fi
    attempt=$((attempt + 1))
    say "the job failed${place:+ $place} (exit code $status): starting it again in $rest s ($attempt of $restarts)"
    rest_unless_stopped "$rest" || return 75
    rest=$((rest * 2 < longest_rest ? rest * 2 : longest_rest))
    resume
  done
}

# Makes the next start go on from the newest whole checkpoint, whatever this one was told.
resume() {
  [[ " ${program[*]} " != *' --resume'[\ =]* || "${program[*]}" == *' --resume auto' ]] || program+=(--resume auto)
}

# Starts the job in a process group of its own, so that Ctrl-C reaches this script alone, which asks before it
# kills. Returns its exit code when nothing of it is left.
run_job() {
  local status watcher
  ((signals == 0)) || return 75
  rm -f "$job_folder"/*
  kills_before=$(memory_kills)
  is_signalled=0
  trap - PIPE
  set -m
  SLUICE_JOB=$job_folder "${launch[@]}" "${program[@]}" </dev/null {words}>&- &
  job=$!
  # It may have been asked to stop in the meantime.
  ((signals == 0)) || kill -USR1 "$job" 2>/dev/null || true
  set +m
  # What reads this script's words may end before it.
  trap '' PIPE
  # It holds nothing open that somebody may wait for the end of.
  watch_job >/dev/null 2>&1 {words}>&- &
  watcher=$!
  while :; do
    status=0
    # Bash would add a line of its own where a signal ends the launcher.
    wait "$job" 2>/dev/null || status=$?
    ((is_signalled)) || break
    is_signalled=0
  done
  job=
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  # The rank's own code, where its launcher had to be killed.
  if ((status >= 128)); then
    [[ ! -e $job_folder/ended ]] || status=$(<"$job_folder/ended")
    [[ ! -e $job_folder/failed ]] || status=1
  fi
  # The request met a process that was only starting: nothing is lost.
  ((signals == 0 || status != 128 + 10)) || status=75
  end_leftovers "$status"
  return "$status"
}

# Looks after the time limit, and ends a launcher that does not notice that its job is over: mpirun waits for a host
# behind a network that was cut, and, in Open MPI 4.1, sometimes for ranks that ended while they connected to it.
watch_job() {
  trap - HUP INT TERM USR1 USR2 ALRM
  local is_told=0 left=$end_patience lost=0
  until [[ -e $job_folder/failed ]] || ((left == 0 || lost == loss_patience)); do
    sleep 1
    [[ ! -e $job_folder/ended ]] || left=$((left - 1))
    ! has_lost_a_rank || lost=$((lost + 1))
    if ((time_limit > 0 && SECONDS >= time_limit && !is_told)); then
      is_told=1
      kill -ALRM "$$"
    fi
  done
  if ((lost == loss_patience)); then
    : >"$job_folder/unnoticed"
  elif ((left > 0)); then
    sleep "$launcher_patience"
  fi
  # Not SIGTERM: it is ending its job already, and Open MPI 4.1 faults where it is asked once more.
  kill -KILL -- "-$job"
}

# Whether the rank that left its number is gone, as far as it can be seen from here. A zombie has no environment.
has_lost_a_rank() {
  local process namespace
  { read -r process namespace <"$job_folder/started"; } 2>/dev/null || return 1
  [[ $namespace == "$(readlink /proc/self/ns/pid)" ]] || return 1
  ! grep -qszxF -- "SLUICE_JOB=$job_folder" "/proc/$process/environ"
}

pass_on() {
  is_signalled=1
  # A terminal that closes may send it twice, once by the shell.
  trap '' HUP
  if ((signals == 0)); then
    ask 'asking the ranks to stop; ask again to end them within seconds'
  else
    kill -TERM "$job" 2>/dev/null || true
    # mpirun may wait for a host that is gone.
    : >"$job_folder/failed"
  fi
}

time_is_up() {
  is_signalled=1
  ((signals > 0)) || ask 'the time limit is reached: asking the ranks to stop'
}

# Asks the ranks to stop, and says so in $1.
ask() {
  signals=1
  kill -USR1 "$job" 2>/dev/null || true
  say "$1"
}

# Waits $1 seconds; fails as soon as somebody asks the job to stop, or its time is up.
rest_unless_stopped() {
  local end=$((SECONDS + $1))
  while ((SECONDS < end && signals == 0)); do
    sleep 1
    ((time_limit == 0 || SECONDS < time_limit)) || time_is_up
  done
  ((signals == 0))
}

# The numbers of this machine's processes that belong to the job.
job_processes() {
  grep -slzxF -- "SLUICE_JOB=$job_folder" /proc/[0-9]*/environ | sed 's|^/proc/||; s|/.*||' || true
}

# Ends what is left of the job, after exit code $1: a rank that was stopped, or one that its launcher has lost.
end_leftovers() {
  local left i command status clients=()
  silent_nodes=()
  mapfile -t left < <(job_processes)
  # Daemons of the launcher end a moment after it.
  ((${#left[@]} == 0)) || sleep 1
  mapfile -t left < <(job_processes)
  if ((${#left[@]} > 0)); then
    kill -KILL "${left[@]}" 2>/dev/null || true
    say "${#left[@]} process(es) of the job were left on this machine and have been killed"
  fi
  [[ $1 != @(0|75) && -n $hostfile ]] || return 0
  command="kill -KILL \$(grep -slzxF 'SLUICE_JOB=$job_folder' /proc/[0-9]*/environ | sed 's|^/proc/||; s|/.*||'); true"
  for i in "${!nodes[@]}"; do
    ((node_ranks[i] > 0)) && [[ ${nodes[i]} != "$(uname -n)" ]] || continue
    # Hosts that cannot be reached end what they have themselves: their ranks lose patience too.
    timeout 10 "${remote_shell[@]}" "${nodes[i]}" "$command" </dev/null >/dev/null 2>&1 &
    clients[i]=$!
  done
  for i in "${!clients[@]}"; do
    status=0
    wait "${clients[i]}" || status=$?
    # As timeout and ssh end.
    [[ $status != @(124|255) ]] || silent_nodes+=("${nodes[i]}")
  done
  ((${#silent_nodes[@]} == 0)) ||
    say "no answer from ${silent_nodes[*]}: where a host is gone for good, take it out of $hostfile and start the same command again"
}

# How many processes of this control group the kernel has killed for want of memory; nothing where that cannot be read.
memory_kills() {
  local file
  for file in "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.events" \
    "/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)/memory.oom_control"; do
    [[ -r $file ]] || continue
    sed -n 's/^oom_kill //p' "$file"
    return
  done
}

# Says what exit code $1 tells, where a signal ended a process: mpirun and srun name the rank, not what it means.
say_cause() {
  local signal=$(($1 - 128)) kills
  ((signal > 0 && signal < 65)) || return 0
  if [[ -e $job_folder/unnoticed ]]; then
    say "a rank on this machine ended, which $launcher did not notice for $loss_patience seconds: it was ended"
    return
  fi
  kills=$(memory_kills)
  if ((signal == 9)) && [[ -n $kills && -n $kills_before ]] && ((kills > kills_before)); then
    say "the kernel killed $((kills - kills_before)) process(es) of the job for want of memory: give ranks more, or start fewer on a node"
  else
    say "signal $signal (SIG$(kill -l "$signal")) ended a process of the job; the launcher's message names it"
  fi
}

readonly before_its_run='before its run began'

# Where the job was, in words that complete "the job failed …"; none where rank 0 is on another machine.
place_reached() {
  local run step logged
  run=$(cat "$job_folder/run" 2>/dev/null) || {
    # Rank 0 is on the first node.
    local host
    host=$(uname -n)
    [[ ${nodes[0]%%.*} != "${host%%.*}" ]] || echo "$before_its_run"
    return 0
  }
  step=$(largest_step "$run"/ranks/[0-9]*)
  logged=$(largest_step "$run/metrics.jsonl")
  logged=${logged:-0}
  # A job of one rank has no ranks to tell of it, and ranks that were killed all at once told it some time ago.
  if [[ -z $step ]] || ((logged > 0 && logged >= step)); then
    echo "after step $logged of $run"
  elif ((step == 0)); then
    echo "before the first step of $run"
  else
    echo "in step $step of $run"
  fi
}

# The largest "step" in files of JSON.
largest_step() {
  cat "$@" 2>/dev/null | grep -o '"step": *[0-9]*' | sed 's/.*[: ]//' | sort -n | tail -n 1 || true
}
