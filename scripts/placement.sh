# shellcheck shell=bash
# Where ranks go: pure functions of a machine's topology, the nodes and what was asked for. Sourced by
# scripts/launch after scripts/lib.sh; nothing here starts anything.
shopt -s extglob

# The topology of this machine as `read_topology` takes it: the processors that this process may use, then
# lscpu's table, or the same from the kernel's files where there is no lscpu.
local_topology() {
  local cpu node
  grep '^Cpus_allowed_list:' /proc/self/status
  if command -v lscpu >/dev/null; then
    lscpu -p=CPU,CORE,SOCKET,NODE
    return
  fi
  for cpu in /sys/devices/system/cpu/cpu+([0-9]); do
    [[ -r $cpu/topology/core_id ]] || continue
    node=$(echo "$cpu"/node*)
    echo "${cpu##*cpu},$(<"$cpu/topology/core_id"),$(<"$cpu/topology/physical_package_id"),${node##*node}"
  done
}

# Reads a topology from standard input, which $1 names: lscpu -p=CPU,CORE,SOCKET,NODE, with or without a line
# "Cpus_allowed_list: 0-3,8". Sets
#   cores            cores that may be used; hardware threads of one core count once
#   numa_domains     memory domains with such cores
#   numa_cores       cores in the smallest of them
#   core_threads     hardware threads a core
#   is_restricted    1 if some processors may not be used
read_topology() {
  local summary
  summary=$(awk -F, '
    NR == 1 { sub(/^\357\273\277/, "") }
    { sub(/\r$/, "") }
    /^Cpus_allowed_list:/ {
      sub(/^Cpus_allowed_list:[[:space:]]*/, "")
      parts = split($0, ranges, ",")
      for (i = 1; i <= parts; i++) {
        ends = split(ranges[i], end, "-")
        for (cpu = end[1]; cpu <= end[ends]; cpu++) allowed[cpu + 0] = 1
      }
      next
    }
    /^[0-9]+,/ { table[++rows] = $0 }
    END {
      for (row = 1; row <= rows; row++) {
        split(table[row], field, ",")
        if (parts && !((field[1] + 0) in allowed)) { restricted = 1; continue }
        threads++
        core = field[3] "," field[2]
        if (core in seen) continue
        seen[core] = 1
        cores++
        in_domain[field[4]]++
      }
      for (domain in in_domain) {
        domains++
        if (!smallest || in_domain[domain] < smallest) smallest = in_domain[domain]
      }
      if (cores) print cores, domains, smallest, int(threads / cores), restricted + 0
    }')
  [[ -n $summary ]] || fail "$1 is no table of processors; 'lscpu -p=CPU,CORE,SOCKET,NODE' prints one for --topology"
  # shellcheck disable=SC2034 # all are for the caller
  read -r cores numa_domains numa_cores core_threads is_restricted <<<"$summary"
}

# Reads an Open MPI hostfile from standard input, which $1 names; appends to the arrays `nodes` and `limits` (most ranks
# on the node, 0 for any number). A name that stands on several lines without "slots" takes a rank a line. Editors on
# Windows leave a mark at the beginning and a carriage return at each end of line.
read_hostfile() {
  local line name slots word i number=0
  local -A at=() lines=()
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    ((number > 1)) || line=${line#$'\xef\xbb\xbf'}
    line=${line%$'\r'}
    read -r name line <<<"${line%%#*}" || true
    [[ -n $name ]] || continue
    [[ $name != +([^:]):+([0-9]) ]] || fail "$1:$number: write '${name%:*} slots=${name##*:}' for '$name'"
    [[ $name == ?(+([A-Za-z0-9._-])@)[A-Za-z0-9]*([A-Za-z0-9._-]) ]] ||
      fail "$1:$number: $(printf %q "$name") cannot be the name of a node; expected NAME, or NAME slots=N"
    slots=
    for word in $line; do
      case $word in
        slots=+([0-9]))
          slots=${word#*=}
          ((${#slots} < 10)) || fail "$1:$number: $word is more than a node can take"
          slots=$((10#$slots))
          ;;
        max_slots=* | max-slots=*) ;;
        *) fail "$1:$number: $(printf %q "$word") after '$name' is not understood, expected slots=N" ;;
      esac
    done
    [[ $slots != 0 ]] || continue
    i=${at[$name]-}
    if [[ -z $i ]]; then
      at[$name]=${#nodes[@]}
      lines[$name]=1
      nodes+=("$name")
      limits+=("${slots:-0}")
    elif [[ -n $slots ]]; then
      limits[i]=$((limits[i] + slots))
    else
      lines[$name]=$((lines[$name] + 1))
      limits[i]=${lines[$name]}
    fi
  done
}

# The smallest number in a list as Slurm writes it, for example 2 for "4(x2),2".
smallest_count() {
  awk -v RS=, '{ count = $0 + 0; if (NR == 1 || count < least) least = count } END { print least }' <<<"$1"
}

is_power_of_two() { (($1 > 0 && ($1 & ($1 - 1)) == 0)); }

# Ranks that `nodes` take when none takes more than $1.
capacity() {
  local most=$1 limit sum=0
  for limit in "${limits[@]}"; do
    sum=$((sum + (limit == 0 || limit > most ? most : limit)))
  done
  echo "$sum"
}

# Decides how many ranks each node takes, and how many cores a rank.
#
# Reads nodes, limits and what read_topology set (of every node: they are taken to be alike), and the wishes
# ranks, ranks_per_node, threads (each 0 for no wish) and rank_per (node, numa, core or empty). Sets ranks,
# node_ranks (for each node), most_ranks (on one node), rank_cores, is_oversubscribed, and adds to notes.
# shellcheck disable=SC2154 # the wishes are the caller's
plan_ranks() {
  local most limit rest i wanted
  if ((ranks_per_node > 0)); then
    most=$ranks_per_node
  else
    case $rank_per in
      node) most=1 ;;
      core) most=$((cores / (threads > 0 ? threads : 1))) ;;
      numa) most=$numa_domains ;;
      *) most=$((threads > 0 ? cores / threads : numa_domains)) ;;
    esac
    most=$((most > 0 ? most : 1))
  fi

  if ((ranks > 0)); then
    # As evenly as the nodes' limits allow.
    if ((ranks_per_node == 0)); then
      most=$(((ranks + ${#nodes[@]} - 1) / ${#nodes[@]}))
      while (($(capacity "$most") < ranks)); do
        (($(capacity $((most + 1))) > $(capacity "$most"))) ||
          fail "$ranks ranks asked for, but the hostfile's slots allow $(capacity "$most")"
        most=$((most + 1))
      done
    fi
    (($(capacity "$most") >= ranks)) ||
      fail "$ranks ranks do not fit on ${#nodes[@]} node(s) with $most a node at most"
  elif ((ranks_per_node > 0)); then
    for i in "${!nodes[@]}"; do
      ((limits[i] == 0 || limits[i] >= most)) ||
        fail "$most ranks a node asked for, but the hostfile allows ${limits[i]} on ${nodes[i]}"
    done
    ranks=$(capacity "$most")
  else
    # A power of two, so that the results are bit for bit those of one rank.
    wanted=$(capacity "$most")
    ranks=1
    while ((ranks * 2 <= wanted)); do ranks=$((ranks * 2)); done
    ((ranks == wanted)) ||
      notes+=("$ranks ranks, not $wanted: powers of two give bit for bit what one rank gives (-n $wanted takes all)")
    most=1
    while (($(capacity "$most") < ranks)); do most=$((most + 1)); done
  fi
  is_power_of_two "$ranks" ||
    notes+=("$ranks is no power of two: the result agrees to rounding, not bit for bit, with that of one rank")

  rest=$ranks
  node_ranks=()
  most_ranks=0
  for limit in "${limits[@]}"; do
    i=$((limit == 0 || limit > most ? most : limit))
    i=$((i > rest ? rest : i))
    node_ranks+=("$i")
    rest=$((rest - i))
    most_ranks=$((i > most_ranks ? i : most_ranks))
  done

  rank_cores=$((threads > 0 ? threads : cores / most_ranks))
  rank_cores=$((rank_cores > 0 ? rank_cores : 1))
  is_oversubscribed=$((rank_cores * most_ranks > cores))
  if ((is_oversubscribed)); then
    ((rank_cores == 1)) ||
      fail "$most_ranks rank(s) of $rank_cores threads need $((most_ranks * rank_cores)) cores, a node has $cores"
    notes+=("$most_ranks ranks share a node's $cores core(s): they are not bound, and give their core away while waiting")
  fi
}

# Prints the plan as a table on standard output.
print_placement() {
  local i first=0 width=4 shared
  for i in "${!nodes[@]}"; do
    ((${#nodes[i]} <= width)) || width=${#nodes[i]}
  done
  printf "%-${width}s  %-9s  %-12s  %s\n" node ranks 'cores a rank' 'threads a rank'
  for i in "${!nodes[@]}"; do
    if ((node_ranks[i] == 0)); then
      printf "%-${width}s  %-9s\n" "${nodes[i]}" none
      continue
    fi
    shared=$rank_cores
    ((!is_oversubscribed)) || shared="$cores, shared"
    printf "%-${width}s  %-9s  %-12s  %s\n" "${nodes[i]}" \
      "$first$( ((node_ranks[i] == 1)) || echo "-$((first + node_ranks[i] - 1))")" "$shared" "$rank_cores"
    first=$((first + node_ranks[i]))
  done
}
