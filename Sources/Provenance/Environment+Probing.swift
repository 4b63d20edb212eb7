import Collectives
import Foundation
import Layers
import Machine
import Version

extension Environment {
  /// What this rank runs on. Nothing in here can fail; what cannot be found out stays unknown.
  ///
  /// - Parameter threads: Threads of this rank.
  public static func current(_ communicator: Communicator, threads: Int) -> Environment {
    let files = SystemFiles.live
    let variables = ProcessInfo.processInfo.environment
    return Environment(
      host: communicator.hostName,
      sluice: Build(
        version: Version.number, commit: Version.commit, modified: Version.isModified,
        swift: Version.compiler),
      system: System(
        files, variables: variables, cLibrary: System.linkedCLibrary),
      mpi: MPI(
        library: Communicator.mpiLibrary, threadLevel: communicator.mpiThreadLevel, rank: communicator.rank,
        worldSize: communicator.worldSize, variables: variables),
      blas: .linked, onednn: .linked,
      cpu: CPU(files, architecture: CPU.runningArchitecture, ownKernels: CPU.ownKernels),
      threads: Threads(files, count: threads, variables: variables),
      memory: Memory(files, shared: Memory.sharedSpace), limits: Limits(files),
      variables: relevant(variables))
  }

  /// Everybody's environment, in rank order.
  ///
  /// - Throws: `CollectiveError`; `UnlikeBuilds` where another rank's cannot be read.
  public static func gather(_ communicator: Communicator, threads: Int) throws -> [Environment] {
    let mine = try DiagnosisJSON.encoder().encode(current(communicator, threads: threads))
    return try communicator.gatherBytes(Array(mine)).enumerated().map { rank, bytes in
      do {
        return try DiagnosisJSON.decoder().decode(Environment.self, from: Data(bytes))
      } catch {
        throw UnlikeBuilds(rank: rank)
      }
    }
  }

  /// What limits the instructions of Sluice's kernels.
  package static let instructionSetVariable = InstructionSet.variable

  /// Variables that change results, speed or what starts; without those that mpirun sets for itself.
  static func relevant(_ variables: [String: String]) -> [String: String] {
    let prefixes = [
      "OMP_", "GOMP_", "OPENBLAS_", "DNNL_", "ONEDNN_", "OMPI_MCA_", "UCX_", "MPICH_", "I_MPI_",
    ]
    let own = [
      "ess", "hwloc_base_binding", "initial_wdir", "mpi_oversubscribe", "orte_", "pmix", "rmaps_", "shmem_",
      "plm_", "ras_", "odls_",
    ]
    return variables.filter { name, _ in
      prefixes.contains { name.hasPrefix($0) } && !own.contains { name.hasPrefix("OMPI_MCA_\($0)") }
        || [instructionSetVariable, "LD_PRELOAD", "LD_LIBRARY_PATH"].contains(name)
    }
  }
}

/// Ranks of one job that are not the same Sluice.
public struct UnlikeBuilds: Error, Equatable, CustomStringConvertible {
  public let rank: Int

  public var description: String {
    "rank \(rank) runs another build of Sluice than this one: use the same on every node"
  }
}

extension Environment.System {
  init(_ files: SystemFiles, variables: [String: String], cLibrary: String?) {
    let release = files.read("/etc/os-release") ?? ""
    let key = "PRETTY_NAME="
    let line = release.split(separator: "\n").first { $0.hasPrefix(key) }
    name = line.map { $0.dropFirst(key.count).filter { $0 != "\"" } }
    kernel = files.word("/proc/sys/kernel/osrelease")
    self.cLibrary = cLibrary
    let group = files.read("/proc/self/cgroup") ?? ""
    container =
      if variables["APPTAINER_CONTAINER"] != nil {
        "apptainer"
      } else if variables["SINGULARITY_CONTAINER"] != nil {
        "singularity"
      } else if variables["KUBERNETES_SERVICE_HOST"] != nil || group.contains("kubepods") {
        "kubernetes"
      } else if files.read("/.dockerenv") != nil || group.contains("docker") {
        "docker"
      } else if files.read("/run/.containerenv") != nil {
        "podman"
      } else {
        nil
      }
    hasInfiniband = !files.list("/sys/class/infiniband").isEmpty
  }
}

extension Environment.System {
  /// For example `glibc 2.36`.
  static var linkedCLibrary: String? {
    var text = [CChar](repeating: 0, count: 64)
    let length = confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count)
    return length > 1 && length <= text.count
      ? String(decoding: text.prefix(length - 1).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}

extension Environment.MPI {
  init(library: String, threadLevel: String?, rank: Int, worldSize: Int, variables: [String: String]) {
    self.library = library
    self.threadLevel = threadLevel
    self.rank = rank
    self.worldSize = worldSize
    launchedTasks = Communicator.launchedTasks(variables)
    batchSystem =
      variables["SLURM_JOB_ID"] != nil ? "Slurm" : variables["PBS_JOBID"] != nil ? "PBS" : nil
    // mpirun sets the second where it was told of fewer slots than ranks; the first overrides it.
    let yields = variables["OMPI_MCA_mpi_yield_when_idle"] ?? variables["OMPI_MCA_mpi_oversubscribe"]
    yieldsWhenIdle = yields.map { !["0", "false", "no"].contains($0.lowercased()) }
  }
}

extension Environment.CPU {
  init(_ files: SystemFiles, architecture: String, ownKernels: (instructionSet: String, channelBlock: Int)) {
    self.architecture = architecture
    model = files.value(of: "model name\t", in: "/proc/cpuinfo")
    instructionSet = ownKernels.instructionSet
    channelBlock = ownKernels.channelBlock
    bf16 = files.value(of: "flags\t\t", in: "/proc/cpuinfo").map {
      !Set($0.split(separator: " ")).isDisjoint(with: ["avx512_bf16", "amx_bf16"])
    }
    let topology = CPUTopology(files)
    sockets = topology.sockets
    cores = topology.cores(of: topology.hardwareThreads).count
    hardwareThreads = topology.hardwareThreads.count
    numaDomains = Self.numaDomains(files, touching: nil)
    let frequency = "/sys/devices/system/cpu/cpu0/cpufreq"
    governor = files.word("\(frequency)/scaling_governor")
    frequencyDriver = files.word("\(frequency)/scaling_driver")
  }

  /// NUMA domains with hardware threads among `threads`, nil: with any; nil if the kernel does not tell.
  static func numaDomains(_ files: SystemFiles, touching threads: Set<Int>?) -> Int? {
    let root = "/sys/devices/system/node"
    let domains = CPUSet.parse(files.word("\(root)/online") ?? "").map {
      CPUSet.parse(files.word("\(root)/node\($0)/cpulist") ?? "")
    }
    // A domain may hold memory alone.
    let count = domains.filter { !(threads?.intersection($0) ?? $0).isEmpty }.count
    return count == 0 ? nil : count
  }

  static var runningArchitecture: String {
    var names = utsname()
    guard uname(&names) == 0 else { return "unknown" }
    return withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

extension Environment.Threads {
  init(_ files: SystemFiles, count: Int, variables: [String: String]) {
    self.count = count
    let mask = Placement.allowedThreads(files)
    let topology = CPUTopology(files)
    let group = ControlGroup(files)
    affinity = CPUSet.text(mask)
    let usable = topology.cores(of: mask)
    cores = CPUSet.text(usable)
    numaDomains = Environment.CPU.numaDomains(files, touching: mask)
    cpuQuota = group.cpuQuota
    let visible = topology.cores(of: group.cpuSet ?? topology.hardwareThreads).count
    // Where the batch system binds tasks without a control group, only its variables tell what a job was given.
    let batch = variables["SLURM_CPUS_ON_NODE"] ?? (variables["PBS_JOBID"] != nil ? variables["NCPUS"] : nil)
    let all = topology.cores(of: topology.hardwareThreads).count
    let threadsPerCore = max(1, topology.hardwareThreads.count / max(1, all))
    let given = batch.flatMap { Int($0) }.map { ($0 + threadsPerCore - 1) / threadsPerCore }
    allottedCores = max(usable.count, min(visible, given ?? .max))
  }
}

extension Environment.Memory {
  init(_ files: SystemFiles, shared space: (total: Int, free: Int)?) {
    total = files.bytes(of: "MemTotal", in: "/proc/meminfo")
    available = files.bytes(of: "MemAvailable", in: "/proc/meminfo")
    swap = files.bytes(of: "SwapTotal", in: "/proc/meminfo")
    limit = ControlGroup(files).memoryLimit
    shared = space?.total
    sharedFree = space?.free
  }

  static var sharedSpace: (total: Int, free: Int)? {
    FileSystem.space(of: "/dev/shm").map { ($0.total, $0.free) }
  }
}

extension Environment.Limits {
  init(_ files: SystemFiles) {
    func soft(_ name: String) -> Limit? {
      files.softLimit(name).flatMap { $0 == "unlimited" ? .unlimited : Int($0).map(Limit.value) }
    }
    lockedMemory = soft("Max locked memory")
    openFiles = soft("Max open files")
    stack = soft("Max stack size")
    coreFile = soft("Max core file size")
    addressSpace = soft("Max address space")
  }
}
