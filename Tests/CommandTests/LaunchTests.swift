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
      let expected = words(plan.command + " --mca odls_base_sigkill_timeout 2 true --flag")
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
      ("--hostfile nowhere true", 1, "nowhere: there is no such file"),
      ("--hostfile bin true", 1, "bin: is a folder"),
      ("--hostfile empty true", 1, "empty: names no node"),
      ("--hostfile odd true", 1, "odd:2: slots:4 after 'a' is not understood, expected slots=N"),
      ("--hostfile colon true", 1, "colon:1: write 'n1 slots=2' for 'n1:2'"),
      (
        "--hostfile list true", 1,
        "list:1: n\\[1-2\\] cannot be the name of a node; expected NAME, or NAME slots=N"
      ),
      ("--hostfile utf16 true", 1, "utf16:1: $'\\377\\376n1' cannot be the name of a node"),
      ("--hostfile many true", 1, "many:1: slots=99999999999999999999 is more than a node can take"),
      ("--hostfile small -n 4 true", 1, "4 ranks asked for, but the hostfile's slots allow 3"),
      (
        "--hostfile small --ranks-per-node 2 true", 1,
        "2 ranks a node asked for, but the hostfile allows 1 on b"
      ),
      ("--threads 3 -n 2 true", 1, "2 rank(s) of 3 threads need 6 cores, a node has 4"),
      (
        "--topology empty true", 1,
        "empty is no table of processors; 'lscpu -p=CPU,CORE,SOCKET,NODE' prints one"
      ),
      ("--launcher srun true", 1, "srun needs a Slurm job"),
    ])
  func mistakesAreOneSentence(arguments: String, status: Int32, sentence: String) throws {
    try withLaunch { launch in
      try launch.write("empty", "# nobody\n")
      try launch.write("odd", "# nodes\r\na slots:4\r\n")
      try launch.write("colon", "n1:2\n")
      try launch.write("list", "n[1-2]\n")
      try launch.write("many", "a slots=99999999999999999999\n")
      let utf16 = Data([0xFF, 0xFE]) + Data("n1\n".utf8.flatMap { [$0, 0] })
      try utf16.write(to: launch.folder.appendingPathComponent("utf16"))
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

  /// A variable that is not set is no wish for this machine alone.
  @Test(arguments: ["--hostfile", "--topology", "--network"]) func anEmptyValueIsNone(option: String) throws {
    try withLaunch { launch in
      let output = try launch.run(dryRun + [option, "", "true"])
      #expect(output.status == 64)
      #expect(output.errors.hasPrefix("launch: \(option) needs a value; see "), "\(output.errors)")
    }
  }

  @Test func aTopologyOfWindowsIsOne() throws {
    try withLaunch { launch in
      let rows = "\u{FEFF}0,0,0,0\r\n1,1,0,0\r\n2,2,0,1\r\n3,3,0,1\r\n"
      try launch.write("topology", rows)
      let output = try launch.run(dryRun + ["true"])
      #expect(self.rows(output) == ["here 0-1 2 2"])
    }
  }

  // MARK: Pipes

  /// mpirun opens nothing for its ranks but the first one's standard input, which is empty here.
  @Test func aPipeReachesTheRanks() throws {
    try withLaunch { launch in
      let openings = "[[ $1 == --version ]] && { echo 'Open MPI'; exit; }; exec 3<&- </dev/null"
      try launch.install("mpirun", "\(openings); for last; do :; done; exec cat \"${last#--config=}\"")
      for argument in ["/dev/stdin", "--config=/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let output = try launch.run(["--topology", "topology", "cat", argument], input: "epochs: 3\n")
        #expect(output.status == 0 && output.result == "epochs: 3\n", "\(output)")
      }
      let other = try launch.run(dryRun + ["true", "/dev/fd/x", "a=/dev/null"])
      #expect(other.result.hasSuffix(" true /dev/fd/x a=/dev/null\n"))
    }
  }

  // MARK: What is not there

  /// Of this machine, or one like it: the kernel tells what lscpu would.
  @Test func theKernelTellsTheTopologyWithoutLscpu() throws {
    try withLaunch { launch in
      let told = try launch.run(["--dry-run", "true"])
      launch.environment = try launch.hideSystem()
      let output = try launch.run(["--dry-run", "true"])
      #expect(output.status == 0, "\(output)")
      #expect(rows(output) == rows(told))
      #expect(!output.errors.contains("lscpu"))
    }
  }

  @Test(arguments: [("awk", "awk is not on the PATH"), ("mpirun", "mpirun is not on the PATH")])
  func aProgramThatIsMissingIsNamed(program: String, sentence: String) throws {
    try withLaunch { launch in
      launch.environment = try launch.hideSystem()
      try FileManager.default.removeItem(at: launch.folder.appendingPathComponent("bin/\(program)"))
      let output = try launch.run(dryRun + ["true"])
      #expect(output.status == 1)
      #expect(output.errors.hasPrefix("launch: \(sentence)"))
      #expect(output.errors.split(separator: "\n").count == 1, "\(output.errors)")
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

  /// In a container the job's variables are there, its commands are not, and mpirun would look for srun.
  @Test(arguments: ["", "-n 2", "--launcher mpirun -n 2"])
  func withoutSlurmsCommandsTheRanksRunHere(options: String) throws {
    try withLaunch { launch in
      launch.environment = job.merging(try launch.hideSystem()) { $1 }
        .merging(["SLURM_JOBID": "7", "SLURM_JOB_CPUS_PER_NODE": "6(x2)"]) { $1 }
      for command in ["srun", "scontrol"] {
        try FileManager.default.removeItem(at: launch.folder.appendingPathComponent("bin/\(command)"))
      }
      let output = try launch.run(dryRun + words(options) + ["true"])
      #expect(output.status == 0)
      // Six hardware threads were granted.
      #expect(rows(output) == [options == "" ? "here 0 3 3" : "here 0-1 1 1"])
      #expect(output.result.hasPrefix("env -u SLURM_JOBID OPENBLAS_NUM_THREADS=1 "), "\(output.result)")
      #expect(!output.result.contains("--host"))
      #expect(
        output.errors.contains(
          "note: Slurm job 7 cannot be asked for its nodes, as scontrol is not on the PATH: "
            + "the ranks run on this machine alone; --hostfile names others\n"), "\(output.errors)")

      let insisting = try launch.run(dryRun + ["--launcher", "srun", "true"])
      #expect(insisting.status == 1)
      #expect(
        insisting.errors
          == "launch: srun and scontrol are not both on the PATH, as in most containers: use --launcher mpirun\n"
      )

      // One node is all that there is, with the tasks that the job asked for.
      launch.environment.merge(["SLURM_JOB_NUM_NODES": "1", "SLURM_NTASKS": "2"]) { $1 }
      let single = try launch.run(dryRun + ["true"])
      #expect(rows(single) == ["here 0-1 1 1"])
      #expect(!single.errors.contains("note: Slurm"))
    }
  }

  @Test func aHostfileNeedsNoSlurm() throws {
    try withLaunch { launch in
      try launch.write("hostfile", "a\nb\n")
      let arguments = dryRun + ["--hostfile", "hostfile", "true"]
      launch.environment = ["SLURM_JOB_ID": "7", "SLURM_JOBID": "7"]
      #expect(try launch.run(arguments).result.hasPrefix("env OPENBLAS_NUM_THREADS=1 "))
      launch.environment.merge(try launch.hideSystem()) { $1 }
      try FileManager.default.removeItem(at: launch.folder.appendingPathComponent("bin/srun"))
      #expect(try launch.run(arguments).result.hasPrefix("env -u SLURM_JOBID OPENBLAS_NUM_THREADS=1 "))
    }
  }

  @Test func aJobThatSlurmDoesNotKnowIsOneSentence() throws {
    try withLaunch { launch in
      launch.environment = ["SLURM_JOB_ID": "7"]
      try launch.install("scontrol", "exit 1")
      let output = try launch.run(dryRun + ["true"])
      #expect(output.status == 1)
      #expect(
        output.errors
          == "launch: scontrol does not tell the nodes of Slurm job 7 (''): name them with --hostfile\n")
    }
  }

  /// Its mpirun would open a file that is not in the container, or start ranks elsewhere than was said.
  @Test(arguments: [
    (
      "PBS_ENVIRONMENT", "PBS_BATCH", "this is a PBS job",
      "--hostfile \"$PBS_NODEFILE\" takes all of its nodes"
    ),
    ("LSB_JOBID", "12", "this is an LSF job", "--hostfile \"$LSB_DJOB_HOSTFILE\" takes all of its nodes"),
    (
      "PE_HOSTFILE", "/no/such", "this is a Grid Engine job",
      "--hostfile names others, with a line 'NAME slots=N' for each"
    ),
  ])
  func otherBatchSystemsAreLeftAlone(variable: String, value: String, job: String, advice: String) throws {
    try withLaunch { launch in
      launch.environment = [variable: value]
      let output = try launch.run(dryRun + ["true"])
      #expect(output.status == 0)
      #expect(output.result.hasPrefix("env -u \(variable) OPENBLAS_NUM_THREADS=1 "))
      #expect(
        output.errors.contains("note: \(job), but the ranks run on this machine alone: \(advice)\n"),
        "\(output.errors)")
      // Names of nodes, one a rank, as these systems write them.
      try launch.write("nodes", "a\na\nb\nb\n")
      let listed = try launch.run(dryRun + ["--hostfile", "nodes", "true"])
      #expect(command(listed).contains("a:1,b:1"), "\(listed)")
      #expect(!listed.errors.contains("note: this is"))
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
    echo $$ > listening
    mv listening ready
    while :; do sleep 0.02; done
    """

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2])
  func aSignalAsksTheRanksToStopAndTheirExitCodeIsKept(signal: Int32) throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener)
      let output = try launch.run(["true"]) { process in
        _ = try waitForListener(launch)
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
        _ = try waitForListener(launch)
        kill(process.processIdentifier, SIGINT)
        try wait { (try? String(contentsOf: heard, encoding: .utf8)) == "asked\n" }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(output.status == 9)
      #expect(output.result == "asked\nended\n")
    }
  }

  /// As mpirun where the network to a host is cut.
  @Test func aLauncherThatDoesNotHeedTheSecondSignalIsEnded() throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener.replacingOccurrences(of: "'echo ended; exit 9'", with: "''"))
      try launch.write("deaf", "")
      let heard = launch.folder.appendingPathComponent("output")
      let output = try launch.run(["true"]) { process in
        _ = try waitForListener(launch)
        kill(process.processIdentifier, SIGINT)
        try wait { (try? String(contentsOf: heard, encoding: .utf8)) == "asked\n" }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(output.status == 1)
    }
  }

  /// A closing terminal may send SIGHUP twice: once by the kernel and once by the shell.
  @Test func aTerminalThatClosesAsksOnce() throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener)
      try launch.write("deaf", "")
      let heard = launch.folder.appendingPathComponent("output")
      let output = try launch.run(["true"]) { process in
        let listener = try waitForListener(launch)
        kill(process.processIdentifier, SIGHUP)
        try wait { (try? String(contentsOf: heard, encoding: .utf8)) == "asked\n" }
        // Asked of the system: that nothing happens could not be waited for.
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let ignored = try #require(status.firstMatch(of: /SigIgn:\t(?<mask>[0-9a-f]+)/)?.mask)
        #expect(try #require(UInt64(ignored, radix: 16)) >> (SIGHUP - 1) & 1 == 1)
        kill(process.processIdentifier, SIGHUP)
        try FileManager.default.removeItem(at: launch.folder.appendingPathComponent("deaf"))
        kill(listener, SIGUSR1)
      }
      #expect(output.status == 75)
      #expect(output.result == "asked\nasked\n")
    }
  }

  /// Where the words that announce the stop go may be gone, as with `launch … 2>&1 | tee` and Ctrl-C.
  @Test func nobodyHasToReadItsWords() throws {
    try withLaunch { launch in
      try launch.install("mpirun", listener)
      let words = Pipe()
      let output = try launch.run(["true"], errors: words.fileHandleForWriting) { process in
        _ = try waitForListener(launch)
        try words.fileHandleForReading.close()
        kill(process.processIdentifier, SIGINT)
      }
      #expect(output.status == 75)
      #expect(output.result == "asked\n")
    }
  }

  /// The process of the listener that has been started.
  private func waitForListener(_ launch: Script) throws -> pid_t {
    let ready = launch.folder.appendingPathComponent("ready")
    try wait { FileManager.default.fileExists(atPath: ready.path) }
    let text = try String(contentsOf: ready, encoding: .utf8)
    return try #require(pid_t(text.trimmingCharacters(in: .newlines)))
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
