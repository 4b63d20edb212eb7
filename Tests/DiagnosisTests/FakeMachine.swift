import Collectives

@testable import Diagnosis
@testable import Machine
@testable import Provenance

/// A machine that is made up, as the kernel's files would show it.
struct FakeMachine {
  var files: [String: String] = [:]
  var variables: [String: String] = [:]
  var architecture = "x86_64"
  var instructionSet = "avx512"
  var winograd: Bool? = true
  var worldSize = 1
  var threads: Int?

  var system: SystemFiles { SystemFiles(files) }

  /// One rank's environment, allowed to run on `affinity`.
  func environment(
    rank: Int = 0, host: String = "node01", affinity: String? = nil,
    _ change: (inout Environment) -> Void = { _ in }
  ) -> Environment {
    var files = files
    if let affinity { files["/proc/self/status"] = "Cpus_allowed_list:\t\(affinity)\n" }
    let system = SystemFiles(files)
    let isWide = instructionSet == "avx512"
    var environment = Environment(
      host: host, sluice: .init(version: "0.1.0", commit: "645085b9d3", modified: false, swift: "6.3"),
      system: .init(system, variables: variables, cLibrary: "glibc 2.36"),
      mpi: .init(
        library: "Open MPI 4.1.4", threadLevel: "multiple", rank: rank, worldSize: worldSize,
        variables: variables),
      blas: .init(library: "OpenBLAS 0.3.21", core: isWide ? "SkylakeX" : "Haswell"),
      onednn: .init(version: "2.6.3", winograd: winograd, instructionSet: isWide ? "avx512_core" : "avx2"),
      cpu: .init(system, architecture: architecture, ownKernels: (instructionSet, isWide ? 16 : 8)),
      threads: .init(
        system, count: threads ?? Placement.allowedCores(system).count, variables: variables),
      memory: .init(system, shared: (8 << 30, 8 << 30)), limits: .init(system), variables: variables)
    change(&environment)
    return environment
  }

  static func cpuInfo(
    model: String, sockets: Int, coresPerSocket: Int, threadsPerCore: Int = 1, flags: String
  ) -> String {
    let cores = sockets * coresPerSocket
    return (0..<cores * threadsPerCore).map { thread in
      let core = thread % cores
      return """
        processor\t: \(thread)
        model name\t: \(model)
        physical id\t: \(core / coresPerSocket)
        core id\t\t: \(core % coresPerSocket)
        flags\t\t: \(flags)

        """
    }.joined(separator: "\n")
  }

  private static let limits = """
    Limit                     Soft Limit           Hard Limit           Units
    Max stack size            8388608              unlimited            bytes
    Max core file size        0                    unlimited            bytes
    Max open files            65536                65536                files
    Max locked memory         unlimited            unlimited            bytes
    """

  /// 2 sockets of 64 cores, 8 NUMA domains of 16 cores, InfiniBand; a healthy node.
  static let largeNode: FakeMachine = {
    var machine = FakeMachine()
    machine.files = [
      "/proc/cpuinfo": cpuInfo(
        model: "AMD EPYC 9534", sockets: 2, coresPerSocket: 64, flags: "fpu avx2 avx512f avx512_bf16"),
      "/proc/meminfo": "MemTotal:  790000000 kB\nMemFree: 1 kB\nMemAvailable: 780000000 kB\n",
      "/proc/self/limits": limits, "/proc/self/status": "Cpus_allowed_list:\t0-127\n",
      "/sys/devices/system/node/online": "0-7\n", "/sys/class/infiniband/mlx5_0/node_type": "1: CA\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": "acpi-cpufreq\n",
      "/etc/os-release": "ID=rocky\nPRETTY_NAME=\"Rocky Linux 9.3 (Blue Onyx)\"\n",
      "/proc/sys/kernel/osrelease": "5.14.0\n",
    ]
    for node in 0..<8 {
      machine.files["/sys/devices/system/node/node\(node)/cpulist"] = "\(node * 16)-\(node * 16 + 15)\n"
    }
    return machine
  }()

  /// 4 cores with two hardware threads each, no AVX-512.
  static let laptop: FakeMachine = {
    var machine = FakeMachine(instructionSet: "avx2", winograd: false)
    machine.files = [
      "/proc/cpuinfo": cpuInfo(
        model: "Intel i7-8650U", sockets: 1, coresPerSocket: 4, threadsPerCore: 2, flags: "fpu avx2 fma"),
      "/proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n", "/proc/self/limits": limits,
      "/proc/self/status": "Cpus_allowed_list:\t0-7\n", "/sys/devices/system/node/online": "0\n",
      "/sys/devices/system/node/node0/cpulist": "0-7\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": "intel_pstate\n",
    ]
    return machine
  }()

  /// The same as a virtual machine with the processor that qemu makes up unless told otherwise.
  static let old: FakeMachine = {
    var machine = laptop
    machine.instructionSet = "baseline"
    return machine
  }()

  /// A container that may use 1.5 CPUs' worth of time and 2 GiB on a machine of 8 cores.
  static let container: FakeMachine = {
    var machine = FakeMachine(threads: 2)
    machine.files = [
      "/proc/cpuinfo": cpuInfo(model: "Xeon", sockets: 1, coresPerSocket: 8, flags: "fpu avx512f"),
      "/proc/meminfo": "MemTotal: 32000000 kB\nMemAvailable: 30000000 kB\n", "/proc/self/limits": limits,
      "/proc/self/status": "Cpus_allowed_list:\t0-7\n", "/.dockerenv": "",
      "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/memory.max": "2147483648\n",
    ]
    return machine
  }()

  static let arm: FakeMachine = {
    var machine = FakeMachine(architecture: "aarch64", instructionSet: "baseline", winograd: false)
    machine.files = [
      "/proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n\nprocessor\t: 1\n",
      "/proc/meminfo": "MemTotal: 8000000 kB\n", "/proc/self/status": "Cpus_allowed_list:\t0-1\n",
    ]
    return machine
  }()
}
