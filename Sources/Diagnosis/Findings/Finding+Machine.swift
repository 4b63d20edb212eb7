import Foundations
import Provenance

/// What is slow or wrong on one rank, whatever the others are.
extension Finding {
  static let machineRules: [@Sendable (Environment) -> Finding?] = [
    unsupportedProcessor, noAVX2, noAVX512, limitedInstructions, oldBLASKernels, lowFrequency, severalDomains,
    lowLockedMemory, littleAddressSpace, fewOpenFiles, verboseOneDNN, lowPrecision, separateWorlds,
  ]

  @Sendable private static func unsupportedProcessor(_ environment: Environment) -> Finding? {
    guard environment.cpu.architecture != "x86_64" else { return nil }
    return Finding(
      .wrong,
      problem:
        "this is a machine of type \(environment.cpu.architecture); Sluice is built and tested for x86_64",
      advice: "run it on x86_64 nodes")
  }

  @Sendable static func noAVX2(_ environment: Environment) -> Finding? {
    guard environment.cpu.architecture == "x86_64", environment.cpu.instructionSet == "baseline",
      !environment.limitsInstructions
    else { return nil }
    return Finding(
      .slow,
      problem:
        "the processor has no AVX2: a step takes many times as long as on servers of the last ten years",
      advice: "choose other nodes (sbatch --constraint); a virtual machine has it if it is given its host's "
        + "processor (qemu -cpu host) instead of a made-up one such as kvm64")
  }

  @Sendable private static func noAVX512(_ environment: Environment) -> Finding? {
    guard environment.cpu.architecture == "x86_64", environment.cpu.instructionSet == "avx2",
      !environment.limitsInstructions
    else { return nil }
    return Finding(
      .slow,
      problem:
        "the processor has no AVX-512: steps take about one and a half times as long as with it, and give the same bits",
      advice: "choose nodes with AVX-512 if there are any (sbatch --constraint)")
  }

  @Sendable private static func limitedInstructions(_ environment: Environment) -> Finding? {
    guard environment.limitsInstructions else { return nil }
    let name = Environment.instructionSetVariable
    return Finding(
      .slow,
      problem:
        "\(name)=\(environment.variables[name] ?? "") keeps kernels from instructions that the processor may have",
      advice: "unset \(name)")
  }

  @Sendable private static func oldBLASKernels(_ environment: Environment) -> Finding? {
    guard environment.cpu.instructionSet != "baseline", environment.blas.isOld else { return nil }
    return Finding(
      .slow,
      problem:
        "OpenBLAS uses kernels for \(environment.blas.core), which do not use AVX2: k-NN and linear classifiers take longer",
      advice: environment.variables["OPENBLAS_CORETYPE"] == nil
        ? "use an OpenBLAS that was built with DYNAMIC_ARCH=1, as Debian's and Ubuntu's are"
        : "unset OPENBLAS_CORETYPE")
  }

  @Sendable private static func lowFrequency(_ environment: Environment) -> Finding? {
    // The drivers of newer processors call their normal, dynamic mode powersave too.
    guard let driver = environment.cpu.frequencyDriver, environment.cpu.governor == "powersave",
      !driver.contains("pstate")
    else { return nil }
    return Finding(
      .slow, problem: "the frequency governor 'powersave' keeps the processor at its lowest frequency",
      advice: "start with srun --cpu-freq=performance, or ask the administrators for another governor")
  }

  @Sendable private static func severalDomains(_ environment: Environment) -> Finding? {
    guard let touched = environment.threads.numaDomains, touched > 1, environment.threads.count > 1 else {
      return nil
    }
    return Finding(
      .slow,
      problem: "threads of a rank are spread over \(touched) NUMA domains and work on each other's memory",
      advice: "start one rank a NUMA domain: mpirun --map-by numa --bind-to numa "
        + "-np \(environment.cpu.numaDomains ?? touched) for every node")
  }

  @Sendable private static func lowLockedMemory(_ environment: Environment) -> Finding? {
    guard environment.system.hasInfiniband, case .value(let bytes) = environment.limits.lockedMemory,
      bytes < 1 << 30
    else { return nil }
    return Finding(
      .risk,
      problem: "locked memory is limited to \(Fact.bytes(bytes)) on a host with InfiniBand, which needs more",
      advice: "ulimit -l unlimited before the start; under Slurm ask the administrators for "
        + "LimitMEMLOCK=infinity")
  }

  /// For a small training; each compares its own needs before it begins.
  @Sendable static func littleAddressSpace(_ environment: Environment) -> Finding? {
    guard case .value(let bytes) = environment.limits.addressSpace else { return nil }
    let threads = environment.threads.count
    let needed = (512 + 144 * threads) << 20
    guard bytes < needed else { return nil }
    return Finding(
      .risk,
      problem: "the address space of a process is limited to \(Fact.bytes(bytes)), and a training with "
        + "\(counted(threads, "thread")) needs \(Fact.bytes(needed)) or more",
      advice: "ulimit -v unlimited before the start, or ask the batch system for more (qsub -l h_vmem or "
        + "-l vmem)" + (threads > 1 ? ", or use fewer threads (--set threads=1)" : ""))
  }

  @Sendable private static func fewOpenFiles(_ environment: Environment) -> Finding? {
    let needed = environment.mpi.worldSize + 256
    guard case .value(let files) = environment.limits.openFiles, files < needed else { return nil }
    return Finding(
      .risk,
      problem:
        "a process may open \(files) files; data, libraries and connections to the other ranks can need "
        + "\(needed)",
      advice: "ulimit -n \(max(4096, needed)) before the start, on every node")
  }

  @Sendable private static func verboseOneDNN(_ environment: Environment) -> Finding? {
    let names = ["ONEDNN_VERBOSE", "DNNL_VERBOSE"].filter {
      !["0", "none", nil].contains(environment.variables[$0])
    }
    guard !names.isEmpty else { return nil }
    return Finding(
      .slow,
      problem:
        "\(names.joined(separator: ", ")) makes oneDNN print a line for every convolution, in the middle "
        + "of what --json prints",
      advice: "unset \(names.joined(separator: " and "))")
  }

  @Sendable private static func lowPrecision(_ environment: Environment) -> Finding? {
    for name in ["ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"] {
      guard let mode = environment.variables[name], mode.lowercased() != "strict" else { continue }
      return Finding(
        .wrong, problem: "\(name)=\(mode) lets oneDNN compute with fewer bits than the configuration says",
        advice: "unset \(name)")
    }
    return nil
  }

  @Sendable private static func separateWorlds(_ environment: Environment) -> Finding? {
    let mpi = environment.mpi
    guard let tasks = mpi.launchedTasks, tasks > mpi.worldSize else { return nil }
    let mpirun = "the mpirun that belongs to \(mpi.library)"
    return Finding(
      .wrong,
      problem: "the launcher started \(tasks) tasks, and \(mpi.library) made a world of \(mpi.worldSize) of "
        + "each: they do not know about each other",
      advice: mpi.batchSystem == "Slurm"
        ? "use scripts/launch, or srun --mpi=pmix (srun --mpi=list shows what there is), or \(mpirun)"
        : "use \(mpirun)")
  }
}

extension Environment {
  fileprivate var limitsInstructions: Bool { variables[Self.instructionSetVariable] != nil }
}
