import Collectives
import Foundation
import Foundations
import Machine

/// A line about an environment: how it reads, and what it means where it differs between ranks or sessions.
package struct Fact: Sendable {
  package enum Section: String, CaseIterable, Sendable {
    case program = "Program"
    case machine = "Machine"
    case ranks = "Ranks"
  }

  package let section: Section
  package let name: String
  /// Whether a run that goes on after a change can get other bits than one without it.
  package let decidesBits: Bool
  /// What it is if ranks of one job differ; nil: nothing unusual.
  package let disagreement: Severity?
  package let text: @Sendable (Environment) -> String

  package init(
    _ section: Section, _ name: String, decidesBits: Bool = false, disagreement: Severity? = nil,
    _ text: @escaping @Sendable (Environment) -> String
  ) {
    self.section = section
    self.name = name
    self.decidesBits = decidesBits
    self.disagreement = disagreement
    self.text = text
  }

  /// In the order in which a report shows them.
  package static let all: [Fact] = program + machine + ranks

  private static let program = [
    Fact(.program, "Sluice", decidesBits: true, disagreement: .wrong) {
      "\($0.sluice.name), Swift \($0.sluice.swift)"
    },
    Fact(.program, "MPI", disagreement: .wrong) {
      $0.mpi.library + ($0.mpi.threadLevel.map { ", thread level \($0)" } ?? ", not started: a world of one")
    },
    Fact(.program, "BLAS", disagreement: .risk) {
      "\($0.blas.library), kernels for \($0.blas.core)"
    },
    Fact(.program, "oneDNN", disagreement: .risk) {
      "\($0.onednn.version), \($0.onednn.algorithm), \($0.onednn.instructionSet)"
    },
    Fact(.program, "C library", decidesBits: true, disagreement: .risk) { $0.system.cLibrary ?? unknown },
  ]

  private static let machine = [
    Fact(.machine, "processor") {
      ($0.cpu.model ?? "unknown model") + ", \($0.cpu.architecture)"
    },
    Fact(.machine, "instructions", disagreement: .slow) {
      "\($0.cpu.instructionSetName), blocks of \($0.cpu.channelBlock) channels, "
        + ($0.cpu.bf16.map { $0 ? "bf16" : "no bf16" } ?? "bf16 unknown")
    },
    // All that bits depend on in a processor (contract C9).
    Fact(.machine, "multiply-adds", decidesBits: true, disagreement: .wrong) {
      $0.cpu.instructionSet == "baseline" ? "rounded twice" : "fused"
    },
    Fact(.machine, "cores") {
      let cpu = $0.cpu
      return [
        counted(cpu.cores, "core"), counted(cpu.hardwareThreads, "hardware thread"),
        cpu.sockets.map { counted($0, "socket") } ?? "sockets unknown",
        cpu.numaDomains.map { counted($0, "NUMA domain") } ?? "NUMA domains unknown",
      ].joined(separator: ", ")
    },
    Fact(.machine, "frequency") { environment in
      guard let governor = environment.cpu.governor else { return "governor unknown" }
      return "governor \(governor)" + (environment.cpu.frequencyDriver.map { " of \($0)" } ?? "")
    },
    Fact(.machine, "memory") {
      bytes($0.memory.total) + ($0.memory.limit.map { ", limited to \(bytes($0))" } ?? ", no limit")
    },
    Fact(.machine, "/dev/shm") { bytes($0.memory.shared) },
    Fact(.machine, "limits") {
      let limits = $0.limits
      return
        "address space \(size(limits.addressSpace)), locked memory \(size(limits.lockedMemory)), open files \(number(limits.openFiles)), "
        + "stack \(size(limits.stack)), core files \(size(limits.coreFile))"
    },
    Fact(.machine, "system") {
      let system = $0.system
      return "\(system.name ?? unknown), Linux \(system.kernel ?? unknown)"
        + (system.container.map { ", in \($0)" } ?? "") + (system.hasInfiniband ? ", InfiniBand" : "")
    },
  ]

  private static let ranks = [
    Fact(.ranks, "host") { $0.host },
    Fact(.ranks, "started by") {
      let tasks = $0.mpi.launchedTasks.map { "a launcher of \(counted($0, "task"))" } ?? "no launcher"
      return tasks + ($0.mpi.batchSystem.map { ", in an allocation of \($0)" } ?? "")
    },
    Fact(.ranks, "affinity") {
      "\($0.threads.affinity) (\(counted($0.threads.coreCount, "core")) of \($0.cpu.cores))"
    },
    Fact(.ranks, "CPU quota") { $0.threads.cpuQuota.map { "\(decimal($0)) CPUs" } ?? "none" },
    Fact(.ranks, "threads", disagreement: .slow) {
      "\($0.threads.count) a rank (--set threads=N changes it)"
    },
    Fact(.ranks, "variables") { environment in
      let variables = environment.variables.sorted { $0.key < $1.key }.map { name, value in
        "\(name)=\(value)" + (name == "OMP_NUM_THREADS" ? " (not used: see threads)" : "")
      }
      return variables.isEmpty ? "none that matter" : variables.joined(separator: " ")
    },
  ]

  package static let unknown = "unknown"

  /// At most one digit after the point.
  package static func decimal(_ value: Double) -> String {
    value == value.rounded() ? String(format: "%.0f", value) : String(format: "%.1f", value)
  }

  /// For example `7.8 GiB`.
  package static func bytes(_ count: Int?) -> String {
    guard let count else { return unknown }
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var (value, unit) = (Double(count), 0)
    while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    return "\(decimal(value)) \(units[unit])"
  }

  /// For example `45 µs` or `29.6 ms`.
  package static func duration(_ seconds: Double) -> String {
    seconds < 1e-3 ? "\(decimal(seconds * 1e6)) µs" : "\(decimal(seconds * 1e3)) ms"
  }

  private static func size(_ limit: Limit?) -> String {
    switch limit {
    case .value(0): "none"
    case .value(let count): bytes(count)
    default: number(limit)
    }
  }

  private static func number(_ limit: Limit?) -> String {
    switch limit {
    case .value(let count): "\(count)"
    case .unlimited: "unlimited"
    case nil: unknown
    }
  }
}

extension Environment.Build {
  /// For example `0.1.0 (645085b)`.
  package var name: String {
    version + (commit.map { " (\($0.prefix(7))\(modified ? ", modified" : ""))" } ?? "")
  }
}

extension Environment.CPU {
  /// As people write it.
  package var instructionSetName: String {
    switch instructionSet {
    case "avx512": "AVX-512"
    case "avx2": "AVX2"
    default: "neither AVX-512 nor AVX2"
    }
  }
}

extension Environment.OneDNN {
  /// The algorithm of most convolutions.
  package var algorithm: String {
    switch winograd {
    case true?: "Winograd"
    case false?: "direct convolutions only"
    case nil: "no convolutions"
    }
  }
}

extension Environment.Threads {
  package var coreCount: Int { CPUSet.parse(cores).count }
}
