import TestSupport

/// What scripts/launch should make of a machine and of what it is asked for.
struct LaunchPlan: CustomStringConvertible {
  let description: String
  let machine: Machine
  var options = ""
  var hostfile: String?
  /// The placement's rows: node, ranks, cores a rank, threads a rank.
  let placement: [String]
  /// Words of the command: how many ranks, and how they are bound.
  let command: String
  /// Begins of the notes.
  var notes: [String] = []

  static let unbound = "--oversubscribe --bind-to none --mca mpi_yield_when_idle 1"

  static let all = [
    LaunchPlan(
      description: "a laptop's hardware threads are not cores", machine: .laptop,
      placement: ["here 0 4 4"], command: "-np 1 --map-by slot:PE=4 --bind-to core"),
    LaunchPlan(
      description: "a rank a core", machine: .laptop, options: "--rank-per core",
      placement: ["here 0-3 1 1"], command: "-np 4 --map-by slot:PE=1 --bind-to core"),
    LaunchPlan(
      description: "one core", machine: Machine(cores: 1),
      placement: ["here 0 1 1"], command: "-np 1 --map-by slot:PE=1 --bind-to core"),
    LaunchPlan(
      description: "a rank a memory domain", machine: .server,
      placement: ["here 0-3 16 16"], command: "-np 4 --map-by ppr:1:numa:PE=16 --bind-to core"),
    LaunchPlan(
      description: "a rank a core of four memory domains", machine: .server, options: "--rank-per core",
      placement: ["here 0-63 1 1"], command: "-np 64 --map-by ppr:16:numa:PE=1 --bind-to core"),
    LaunchPlan(
      description: "a rank a node", machine: .server, options: "--rank-per node",
      placement: ["here 0 64 64"], command: "-np 1 --map-by slot:PE=64 --bind-to core"),
    LaunchPlan(
      description: "threads alone make as many ranks as fit", machine: .server, options: "--threads 8",
      placement: ["here 0-7 8 8"], command: "-np 8 --map-by ppr:2:numa:PE=8 --bind-to core"),
    LaunchPlan(
      description: "no more ranks than a power of two", machine: Machine(cores: 6),
      options: "--rank-per core",
      placement: ["here 0-3 1 1"], command: "-np 4 --map-by slot:PE=1 --bind-to core",
      notes: ["4 ranks, not 6: powers of two"]),
    LaunchPlan(
      description: "another number is obeyed and warned about", machine: .server, options: "-n 6",
      placement: ["here 0-5 10 10"], command: "-np 6 --map-by slot:PE=10 --bind-to core",
      notes: ["6 is no power of two"]),
    LaunchPlan(
      description: "ranks of uneven domains stay inside them", machine: Machine(sockets: 2, cores: 7),
      options: "-n 4", placement: ["here 0-3 3 3"],
      command: "-np 4 --map-by ppr:2:numa:PE=3 --bind-to core"),
    LaunchPlan(
      description: "six of many processors, without binding", machine: .server.allowing("0-5"),
      placement: ["here 0 6 6"], command: "-np 1 --bind-to none", notes: ["only a part of the cores"]),
    LaunchPlan(
      description: "both threads of one core are one core", machine: .server.allowing("3,67"),
      options: "-n 2", placement: ["here 0-1 1, shared 1"], command: "-np 2 \(unbound)",
      notes: ["2 ranks share a node's 1 core(s)"]),
    LaunchPlan(
      description: "more ranks than cores", machine: .laptop, options: "-n 8",
      placement: ["here 0-7 4, shared 1"], command: "-np 8 \(unbound)",
      notes: ["8 ranks share a node's 4 core(s)"]),
    LaunchPlan(
      description: "slots beyond the cores are no wish", machine: .laptop, hostfile: "a slots=8\nb slots=8\n",
      placement: ["a 0 4 4", "b 1 4 4"],
      command: "-np 2 --host a:1,b:1 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=4 --bind-to core"),
    LaunchPlan(
      description: "slots beyond the cores, filled", machine: .laptop, options: "-n 16",
      hostfile: "a slots=8\nb slots=8\n", placement: ["a 0-7 4, shared 1", "b 8-15 4, shared 1"],
      command: "-np 16 --host a:8,b:8 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB \(unbound)",
      notes: ["8 ranks share a node's 4 core(s)"]),
    LaunchPlan(
      description: "unlike nodes", machine: .laptop, options: "-n 6", hostfile: "a slots=2\nb slots=4\n",
      placement: ["a 0-1 1 1", "b 2-5 1 1"],
      command: "-np 6 --host a:2,b:4 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=1 --bind-to core",
      notes: ["6 is no power of two"]),
    LaunchPlan(
      description: "unlike nodes, a power of two", machine: .laptop, options: "--rank-per core",
      hostfile: "a slots=2\nb slots=4\n", placement: ["a 0-1 2 2", "b 2-3 2 2"],
      command: "-np 4 --host a:2,b:2 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=2 --bind-to core",
      notes: ["4 ranks, not 6: powers of two"]),
    LaunchPlan(
      description: "a node too many stays free", machine: .laptop,
      hostfile: "a\nb # the second\n\n# none\nc\n",
      placement: ["a 0 4 4", "b 1 4 4", "c none"],
      command: "-np 2 --host a:1,b:1 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=4 --bind-to core",
      notes: ["2 ranks, not 3: powers of two"]),
    LaunchPlan(
      description: "a name a rank, as batch systems list nodes", machine: .laptop, options: "--rank-per core",
      hostfile: "a\na\nb\nb\n", placement: ["a 0-1 2 2", "b 2-3 2 2"],
      command: "-np 4 --host a:2,b:2 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=2 --bind-to core"),
    LaunchPlan(
      description: "nodes as an editor on Windows writes them", machine: .laptop,
      hostfile: "\u{FEFF}# mine\r\na slots=08\r\nb.c-d_e\r\n", placement: ["a 0 4 4", "b.c-d_e 1 4 4"],
      command:
        "-np 2 --host a:1,b.c-d_e:1 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by slot:PE=4 --bind-to core"),
    LaunchPlan(
      description: "two domains a node on two nodes", machine: Machine(sockets: 2, cores: 8),
      hostfile: "a\nb",
      placement: ["a 0-1 8 8", "b 2-3 8 8"],
      command:
        "-np 4 --host a:2,b:2 -x OPENBLAS_NUM_THREADS -x SLUICE_JOB --map-by ppr:1:numa:PE=8 --bind-to core"),
  ]
}
