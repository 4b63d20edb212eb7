import Foundation
import TestSupport
import Testing

/// scripts/launch, on machines and clusters that are not there.
@Suite struct LaunchTests {
  /// A launch that finds stand-ins for the commands of MPI and Slurm; srun lists the MPI plugins `plugins`.
  private func withLaunch(
    _ machine: Machine = .laptop, plugins: String = "none pmix pmi2", _ body: (inout Script) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      var launch = Script(name: "launch", folder: folder)
      try launch.install("uname", "echo here")
      try launch.install("id", "echo 1000")
      try launch.install("mpirun", "echo 'mpirun (Open MPI) 4.1.4'")
      try launch.install("srun", "printf '%s\\n' 'MPI plugin types are...' \(plugins)")
      try launch.install("scontrol", "printf '%s\\n' n1 n2")
      try launch.write("topology", machine.topology)
      try body(&launch)
    }
  }

  private let dryRun = ["--dry-run", "--topology", "topology"]

  /// The command that would be started, after its settings and without the program's own path.
  private func command(_ output: Program.Output) -> [String] {
    let line = output.result.replacingOccurrences(of: "\\,", with: ",")
    let words = words(line.trimmingCharacters(in: .newlines))
    return Array(words.drop { $0 == "env" || $0.contains("=") && !$0.hasPrefix("-") })
  }

  private func rows(_ output: Program.Output) -> [String] {
    let lines = output.errors.split(separator: "\n").dropFirst(2).filter { !$0.hasPrefix("note: ") }
    return lines.map { words(String($0)).joined(separator: " ") }
  }

  @Test(arguments: LaunchPlan.all) func placesRanks(plan: LaunchPlan) throws {
    try withLaunch(plan.machine) { launch in
      var arguments = dryRun + words(plan.options)
      if let hostfile = plan.hostfile {
        try launch.write("hostfile", hostfile)
        arguments += ["--hostfile", "hostfile"]
      }
      let output = try launch.run(arguments + ["--", "true", "--flag"])
      try #require(output.status == 0, "\(output)")
      #expect(rows(output) == plan.placement)
      let expected = words(plan.command + " --mca odls_base_sigkill_timeout 5 true --flag")
      #expect(Array(command(output).dropFirst()) == expected)
      let notes = output.errors.split(separator: "\n").filter { $0.hasPrefix("note: ") }
      #expect(notes.count == plan.notes.count, "\(notes)")
      for (note, begin) in zip(notes, plan.notes) { #expect(note.hasPrefix("note: \(begin)")) }
    }
  }

  @Test func namesTheNetworkToMPI() throws {
    try withLaunch { launch in
      let output = try launch.run(dryRun + ["--network", "10.0.0.0/24", "true"])
      #expect(
        output.result.contains(
          " --mca btl_tcp_if_include 10.0.0.0/24 --mca oob_tcp_if_include 10.0.0.0/24 true\n"))
    }
  }

  @Test(
    arguments: [
      ("-n", 64, "-n needs a value"),
      ("-n 0 true", 64, "-n needs a number above 0, got '0'"),
      ("--rank-per socket true", 64, "--rank-per is node, numa or core, got 'socket'"),
      ("--oversubscribe true", 64, "unknown option '--oversubscribe'"),
      ("", 64, "the command to start is missing"),
      ("no-such-program", 1, "'no-such-program' is not a program that can be started"),
      ("--hostfile nowhere true", 1, "nowhere: cannot be read"),
      ("--hostfile empty true", 1, "empty: names no node"),
      ("--hostfile odd true", 1, "hostfile: 'slots:4' after 'a' is not understood"),
      ("--hostfile small -n 4 true", 1, "4 ranks asked for, but the hostfile's slots allow 3"),
      (
        "--hostfile small --ranks-per-node 2 true", 1,
        "2 ranks a node asked for, but the hostfile allows 1 on b"
      ),
      ("--threads 3 -n 2 true", 1, "2 rank(s) of 3 threads need 6 cores, a node has 4"),
      ("--topology empty true", 1, "this is no table of processors"),
      ("--launcher srun true", 1, "srun needs a Slurm job"),
    ])
  func mistakesAreOneSentence(arguments: String, status: Int32, sentence: String) throws {
    try withLaunch { launch in
      try launch.write("empty", "# nobody\n")
      try launch.write("odd", "a slots:4\n")
      try launch.write("small", "a slots=2\nb slots=1\n")
      let output = try launch.run(dryRun + words(arguments))
      #expect(output.status == status)
      #expect(output.result == "")
      #expect(output.errors.hasPrefix("launch: \(sentence)"), "\(output.errors)")
      #expect(output.errors.split(separator: "\n").count == 1, "\(output.errors)")
    }
  }

  @Test func anotherMPIsLauncherIsRefused() throws {
    try withLaunch { launch in
      try launch.install("mpirun", "echo 'HYDRA build details:'")
      let output = try launch.run(dryRun + ["true"])
      #expect(output.status == 1)
      #expect(output.errors.contains("is not Open MPI's"))
    }
  }

  // MARK: Slurm

  private let job = [
    "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_CPUS_PER_NODE": "128(x2)",
    "SLURMD_NODENAME": "n1",
  ]

  @Test func srunStartsRanksWhereItKnowsPMIx() throws {
    try withLaunch(.server) { launch in
      launch.environment = job
      let output = try launch.run(dryRun + ["true"])
      #expect(rows(output) == ["n1 0-3 16 16", "n2 4-7 16 16"])
      let expected =
        "srun --mpi=pmix --nodes=2 --ntasks=8 --ntasks-per-node=4 --distribution=block:block "
        + "--kill-on-bad-exit=1 --cpus-per-task=32 --cpu-bind=cores true"
      #expect(command(output) == words(expected))
    }
  }

  @Test func mpirunStartsRanksWhereSrunWouldStartWorldsOfOne() throws {
    try withLaunch(.server, plugins: "none pmi2") { launch in
      launch.environment = job
      let output = try launch.run(dryRun + ["true"])
      #expect(Array(command(output).dropFirst().prefix(4)) == ["-np", "8", "--host", "n1:4,n2:4"])
      let insisting = try launch.run(dryRun + ["--launcher", "srun", "true"])
      #expect(insisting.status == 1)
      #expect(insisting.errors.contains("would start separate ranks"))
    }
  }

  @Test func theJobsOwnTaskCountIsAWish() throws {
    try withLaunch(.server) { launch in
      launch.environment = job.merging(["SLURM_NTASKS": "16", "SLURM_NTASKS_PER_NODE": "8"]) { $1 }
      let wished = try launch.run(dryRun + ["true"])
      #expect(rows(wished) == ["n1 0-7 8 8", "n2 8-15 8 8"])
      let overridden = try launch.run(dryRun + ["-n", "2", "true"])
      #expect(rows(overridden) == ["n1 0 64 64", "n2 1 64 64"])
    }
  }

  @Test func aPartOfANodeIsNotTheNode() throws {
    try withLaunch(.server) { launch in
      launch.environment = job.merging(["SLURM_JOB_CPUS_PER_NODE": "16,8"]) { $1 }
      let output = try launch.run(dryRun + ["true"])
      #expect(rows(output) == ["n1 0 4 4", "n2 1 4 4"])
    }
  }

  @Test func ranksBeyondTheCoresGiveThemAwayUnderSrunToo() throws {
    try withLaunch(Machine(cores: 2)) { launch in
      launch.environment = job.merging(["SLURM_JOB_CPUS_PER_NODE": "2(x2)"]) { $1 }
      let output = try launch.run(dryRun + ["-n", "8", "true"])
      #expect(output.result.hasPrefix("env OPENBLAS_NUM_THREADS=1 OMPI_MCA_mpi_yield_when_idle=1 srun "))
      #expect(output.result.contains(" --overcommit --cpu-bind=none "))
    }
  }

  // MARK: Stopping

  /// A stand-in for mpirun that says which signals reach it.
  private let listener = """
    [[ $1 == --version ]] && { echo 'Open MPI'; exit; }
    trap 'echo asked; [[ -e deaf ]] || exit 75' USR1
    trap 'echo ended; exit 9' TERM
    trap 'echo interrupted; exit 8' INT HUP
    touch ready
    while :; do sleep 0.02; done
    """

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
  func aSignalAsksTheRanksToStopAndTheirExitCodeIsKept(signal: Int32) throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener)
      let output = try launch.run(["true"]) { process in
        try wait {
          FileManager.default.fileExists(atPath: launch.folder.appendingPathComponent("ready").path)
        }
        kill(process.processIdentifier, signal)
      }
      #expect(output.status == 75)
      #expect(output.result == "asked\n")
    }
  }

  @Test func theSecondSignalEndsTheJob() throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener)
      try launch.write("deaf", "")
      let heard = launch.folder.appendingPathComponent("output")
      let output = try launch.run(["true"]) { process in
        try wait {
          FileManager.default.fileExists(atPath: launch.folder.appendingPathComponent("ready").path)
        }
        kill(process.processIdentifier, SIGINT)
        try wait { (try? String(contentsOf: heard, encoding: .utf8)) == "asked\n" }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(output.status == 9)
      #expect(output.result == "asked\nended\n")
    }
  }

  /// Sleeps until `condition` holds, for a minute at most.
  private func wait(until condition: () -> Bool) throws {
    let end = Date().addingTimeInterval(60)
    while !condition() {
      try #require(Date() < end, "nothing happened")
      Thread.sleep(forTimeInterval: 0.005)
    }
  }
}
