import Testing

@testable import Diagnosis
@testable import Machine
@testable import Provenance

@Suite struct FindingTests {
  /// A job and the words of the one thing that is found; nil: nothing is.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let severity: Severity?
    let problem: String
    let advice: String
    let environments: [Environment]

    init(
      _ name: String, _ severity: Severity? = nil, _ problem: String = "", _ advice: String = "",
      _ environments: [Environment]
    ) {
      testDescription = name
      self.severity = severity
      self.problem = problem
      self.advice = advice
      self.environments = environments
    }
  }

  private static func node(
    affinity: String? = "0-15", _ change: (inout Environment) -> Void
  ) -> [Environment] {
    // Given as many cores as it may use, so that nothing is idle.
    [
      FakeMachine.largeNode.environment(affinity: affinity) {
        $0.threads.allottedCores = $0.threads.coreCount
        change(&$0)
      }
    ]
  }

  /// Ranks of one job on fake nodes with one domain each.
  private static func job(
    _ ranks: Int, affinity: (Int) -> String, machine: FakeMachine = .largeNode,
    _ change: (Int, inout Environment) -> Void = { _, _ in }
  ) -> [Environment] {
    var machine = machine
    machine.worldSize = ranks
    machine.variables["OMPI_COMM_WORLD_SIZE"] = "\(ranks)"
    return (0..<ranks).map { rank in
      machine.environment(rank: rank, affinity: affinity(rank)) { change(rank, &$0) }
    }
  }

  static let machines = [
    Case("a rank a domain", nil, "", "", job(8) { "\($0 * 16)-\($0 * 16 + 15)" }),
    Case("a rank a core", nil, "", "", job(128) { "\($0)" }),
    Case(
      "a laptop", .slow, "no AVX-512", "--constraint", [FakeMachine.laptop.environment()]),
    Case(
      "a virtual machine's made-up processor", .slow, "the processor has no AVX2", "qemu -cpu host",
      [FakeMachine.old.environment()]),
    Case(
      "few addresses for its threads", .risk,
      "limited to 2 GiB, and a training with 16 threads needs 2.8 GiB or more", "ulimit -v unlimited",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { _, rank in
        rank.limits.addressSpace = .value(2 << 30)
      }),
    Case(
      "addresses for its threads", nil, "", "",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { _, rank in
        rank.limits.addressSpace = .value(3 << 30)
      }),
    Case(
      "ARM", .wrong, "this is a machine of type aarch64", "run it on x86_64", [FakeMachine.arm.environment()]),
    Case(
      "a container of 1.5 CPUs", .slow, "2 threads on node01 have 1.5 CPUs of time", "--cpus=2",
      [FakeMachine.container.environment()]),
    Case(
      "a container of 2 CPUs", nil, "", "",
      [FakeMachine.container.environment { $0.threads.cpuQuota = 2 }]),
    Case(
      "a container of little memory", .risk, "200 MiB of memory left for 1 rank", "--memory",
      [
        FakeMachine.container.environment {
          $0.threads.cpuQuota = nil
          $0.memory.limit = 200 << 20
        }
      ]),
    Case(
      "all of a large node for one rank", .slow, "spread over 8 NUMA domains", "--map-by numa",
      node(affinity: "0-127") { _ in }),
    Case(
      "instructions held back", .slow, "SLUICE_MAX_ISA=avx2 keeps kernels from", "unset SLUICE_MAX_ISA",
      node {
        $0.cpu.instructionSet = "avx2"
        $0.variables["SLUICE_MAX_ISA"] = "avx2"
      }),
    Case(
      "old BLAS kernels", .slow, "kernels for Prescott", "DYNAMIC_ARCH", node { $0.blas.core = "Prescott" }),
    Case(
      "OPENBLAS_CORETYPE", .slow, "kernels for Nehalem", "unset OPENBLAS_CORETYPE",
      node {
        $0.blas.core = "Nehalem"
        $0.variables["OPENBLAS_CORETYPE"] = "Nehalem"
      }),
    Case(
      "the lowest frequency", .slow, "lowest frequency", "--cpu-freq=performance",
      node { $0.cpu.governor = "powersave" }),
    Case(
      "little locked memory", .risk, "limited to 64 KiB", "ulimit -l unlimited",
      node { $0.limits.lockedMemory = .value(65536) }),
    Case(
      "little locked memory without InfiniBand", nil, "", "",
      node {
        $0.limits.lockedMemory = .value(65536)
        $0.system.hasInfiniband = false
      }),
    Case(
      "few open files", .risk, "may open 256 files", "ulimit -n 4096",
      node { $0.limits.openFiles = .value(256) }),
    Case(
      "oneDNN's verbose mode", .slow, "DNNL_VERBOSE makes oneDNN print", "unset DNNL_VERBOSE",
      node { $0.variables["DNNL_VERBOSE"] = "2" }),
    Case("oneDNN's verbose mode off", nil, "", "", node { $0.variables["DNNL_VERBOSE"] = "0" }),
    Case(
      "lower precision", .wrong, "ONEDNN_DEFAULT_FPMATH_MODE=BF16", "unset ONEDNN_DEFAULT_FPMATH_MODE",
      node { $0.variables["ONEDNN_DEFAULT_FPMATH_MODE"] = "BF16" }),
    Case(
      "srun without PMIx", .wrong, "the launcher started 4 tasks, and Open MPI 4.1.4 made a world of 1",
      "srun --mpi=pmix",
      node {
        $0.mpi.launchedTasks = 4
        $0.mpi.batchSystem = "Slurm"
      }),
    Case(
      "mpirun of another MPI", .wrong, "a world of 1", "use the mpirun that belongs to Open MPI",
      node { $0.mpi.launchedTasks = 2 }),
  ]

  static let jobs = [
    Case(
      "more ranks than cores", .slow, "ranks 0–8 share 8 cores of node01", "--mca mpi_yield_when_idle 1",
      job(9, affinity: { _ in "0-7" }, machine: .container) { _, rank in rank.threads.cpuQuota = nil }
        .map { withoutLimits($0) }),
    Case(
      "more ranks than cores that yield", .slow, "share 8 cores", "start at most 8 ranks on node01",
      job(9, affinity: { _ in "0-7" }, machine: .container) { _, rank in rank.mpi.yieldsWhenIdle = true }
        .map { withoutLimits($0) }),
    Case(
      "two ranks on the hardware threads of a core", .slow, "ranks 0–1 share 1 core", "at most 1 rank",
      job(2, affinity: { $0 == 0 ? "0" : "4" }, machine: .laptop) { _, rank in
        rank.cpu.instructionSet = "avx512"
        rank.onednn = .init(version: "2.6.3", winograd: true, instructionSet: "avx512_core")
        rank.threads.allottedCores = 1
      }),
    Case(
      "ranks bound to a core each", .slow, "2 ranks may use 2 of the 128 cores that the job has on node01",
      "slot:PE=64",
      job(2) { "\($0)" }),
    Case(
      "tasks of one core under Slurm", .slow, "2 ranks may use 2 of the 128 cores", "--cpus-per-task 64",
      job(2, affinity: { "\($0)" }) { _, rank in rank.mpi.batchSystem = "Slurm" }),
    Case(
      "taskset", .slow, "1 rank may use 1 of the 128 cores", "without taskset",
      [FakeMachine.largeNode.environment(affinity: "0")]),
    Case(
      "one core where the quota pays for four", .slow, "1 rank may use 1 of the 4 cores", "without taskset",
      [
        FakeMachine.container.environment(affinity: "0") {
          $0.threads.cpuQuota = 4
          $0.threads.count = 1
        }
      ]),
    Case(
      "OpenMP binds the program", .slow, "1 rank may use 1 of", "unset OMP_PROC_BIND",
      [FakeMachine.largeNode.environment(affinity: "0") { $0.variables["OMP_PROC_BIND"] = "true" }]),
    Case(
      "a small /dev/shm", .risk, "/dev/shm of node01 has 64 MiB left for 128 ranks", "--shm-size",
      job(128, affinity: { "\($0)" }) { _, rank in rank.memory.sharedFree = 64 << 20 }),
    Case(
      "a /dev/shm without room for a file", .slow, "/dev/shm of node01 has 64 KiB", "--shm-size",
      smallSharedMemory(64 << 10)),
    Case(
      "another oneDNN on two ranks", .risk,
      "ranks differ in oneDNN, so ranks can compute different bits: ranks 0–5: 2.6.3, Winograd, avx512_core; "
        + "ranks 6–7: 2.6.2, Winograd, avx512_core", "libraries and variables on every node",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { number, rank in
        if number > 5 { rank.onednn.version = "2.6.2" }
      }),
    Case(
      "another commit on one rank", .wrong, "rank 7: 0.1.0 (bbdec0d), Swift 6.3", "the same build",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { number, rank in
        if number == 7 { rank.sluice.commit = "bbdec0d7" }
      }),
    Case(
      "another processor on one rank", nil, "", "",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { number, rank in
        if number == 3 { rank.cpu.model = "AMD EPYC 9654" }
      }),
    Case(
      "fewer threads on one rank", .slow, "ranks differ in threads, so the slowest decides: ranks 0–6: 16",
      "the same number of cores",
      job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { number, rank in
        if number == 7 { rank.threads.count = 8 }
      }),
  ]

  private static func withoutLimits(_ environment: Environment) -> Environment {
    var environment = environment
    environment.threads.cpuQuota = nil
    environment.threads.count = 1
    environment.memory.limit = nil
    return environment
  }

  @Test(arguments: machines + jobs) func findsWhatIsThereAndNothingElse(c: Case) {
    let findings = DoctorReport(c.environments, fileSystem: nil).findings
    guard let severity = c.severity else {
      #expect(findings == [])
      return
    }
    #expect(findings.count == 1, "\(findings)")
    #expect(findings.first?.severity == severity)
    #expect(findings.first?.problem.contains(c.problem) == true, "\(findings)")
    #expect(findings.first?.advice.contains(c.advice) == true, "\(findings)")
  }

  /// They compute the same bits (contract C9). BLAS and oneDNN choose other kernels there too: that is the same cause.
  @Test func unlikeProcessorsAreOneFinding() {
    var machine = FakeMachine.laptop
    machine.worldSize = 2
    let findings = DoctorReport(
      [
        FakeMachine.largeNode.environment(affinity: "0-3") {
          $0.threads.allottedCores = 4
          $0.mpi.worldSize = 2
        }, machine.environment(rank: 1, host: "laptop"),
      ], fileSystem: nil
    ).findings
    #expect(findings.map(\.severity) == [.slow, .slow])
    let problems = findings.map(\.problem)
    #expect(problems.contains { $0.hasPrefix("ranks differ in instructions, so the slowest decides") })
    #expect(problems.contains { $0.hasPrefix("rank 1: the processor has no AVX-512") })
  }

  @Test func processorsWithoutFusedMultiplyAddsComputeOtherBits() {
    var machine = FakeMachine.old
    machine.worldSize = 2
    let other = machine.environment(rank: 1, host: "old")
    let findings = DoctorReport(
      [FakeMachine.container.environment { $0.mpi.worldSize = 2 }, other], fileSystem: nil
    )
    .findings
    #expect(
      findings.first?.problem.hasPrefix("ranks differ in multiply-adds, so ranks compute different bits")
        == true,
      "\(findings)")
    #expect(!findings.contains { $0.problem.contains("instructions") })
  }

  /// What only takes longer than it has to is the doctor's alone.
  @Test(
    arguments: [
      (node { $0.limits.openFiles = .value(256) }, ["may open 256 files"]),
      ([FakeMachine.old.environment()], ["no AVX2"]),
      (smallSharedMemory(64 << 10), ["/dev/shm of node01 has 64 KiB"]),
      (smallSharedMemory(6 << 20), ["may end with a bus error"]),
      ([FakeMachine.laptop.environment()], []),
      (
        node {
          $0.limits.addressSpace = .value(1 << 30)
          $0.memory.available = 1 << 20
        }, []
      ),
    ])
  func aStartSaysWhatAPersonShouldKnow(_ environments: [Environment], problems: [String]) {
    let said = Finding.beforeARun(environments).map(\.problem)
    #expect(said.count == problems.count, "\(said)")
    for (said, problem) in zip(said, problems) { #expect(said.contains(problem)) }
  }

  private static func smallSharedMemory(_ bytes: Int) -> [Environment] {
    job(8, affinity: { "\($0 * 16)-\($0 * 16 + 15)" }) { _, rank in
      rank.memory.shared = bytes
      rank.memory.sharedFree = bytes
    }
  }

  @Test(
    arguments: [
      (
        FileSystem(folder: "runs", type: "ext4", free: 1 << 40, freeFiles: 1 << 20, writeSeconds: 0.01), nil,
        ""
      ),
      (FileSystem(folder: "runs", type: "nfs4", options: ["rw", "hard"], free: 1 << 40), nil, ""),
      (FileSystem(folder: "runs", type: "lustre"), nil, ""),
      (FileSystem(folder: "runs", type: "tmpfs", free: 8 << 30), .risk, "in memory (tmpfs)"),
      (FileSystem(folder: "runs", type: "overlay", free: 8 << 30), .risk, "removed with the container"),
      (FileSystem(folder: "runs", type: "ext4", free: 100 << 20), .risk, "100 MiB left"),
      (FileSystem(folder: "runs", type: "xfs", free: 8 << 30, freeFiles: 3), .risk, "3 more files"),
      (FileSystem(folder: "runs", type: "nfs4", options: ["soft"]), .risk, "'soft'"),
      (FileSystem(folder: "runs", type: "nfs", writeSeconds: 4.25), .slow, "4.2 s to bring 1 MiB"),
      (
        FileSystem(folder: "runs", type: "tmpfs", free: 0, problem: "1 MiB cannot be written: No space"),
        .wrong,
        "1 MiB cannot be written: No space"
      ),
    ] as [(FileSystem, Severity?, String)])
  func findsWhatIsWrongWithAFolder(system: FileSystem, severity: Severity?, problem: String) {
    let findings = Finding.storage(system)
    #expect(findings.map(\.severity) == (severity.map { [$0] } ?? []), "\(findings)")
    #expect(findings.first?.problem.contains(problem) ?? true, "\(findings)")
  }
}
