import Collectives
import Foundation
import Foundations
import Machine

/// One stretch of a run, from a start of the program to its end: what produced these steps.
public struct Session: Codable, Equatable, Sendable {
  /// ISO 8601, UTC.
  public var startedAt: String
  /// Steps that had been taken before.
  public var fromStep: Int
  /// The step after which it was to end; nil in older files.
  public var lastStep: Int?
  public var dataSource: String
  /// Of the data's files and their classes; nil where the source says what the data is, and in older files.
  public var dataDigest: String?
  /// The weights that the run began with in this session; nil: those of its seed, or it went on from a checkpoint.
  public var initialWeights: InitialWeights?
  /// Which other draw of the seed the run's initial weights were in this session; nil: the first, or it went on from a
  /// checkpoint.
  public var initialDraw: Int?
  /// SHA-256, in hexadecimal, of the mask under which pruned weights stay zero; nil: none are pruned, and in older files.
  public var mask: String?
  /// What convolutions really were: winograd or direct, and bf16 where that was faster.
  public var kernels: String
  /// Shards of a global batch, by which rank counts decide bits (contract C1).
  public var shards: Int
  public var ranks: Int
  public var hosts: [Host]
  /// Rank 0's.
  public var environment: Environment
  /// What ranks should have agreed on and did not.
  public var disagreements: [Disagreement]

  /// A host's ranks. Lists are in rank order; one entry stands for all.
  public struct Host: Codable, Equatable, Sendable {
    public var host: String
    public var ranks: String
    public var threads: [Int]
    public var affinity: [String]
  }

  /// Weights from a file.
  public struct InitialWeights: Codable, Equatable, Sendable {
    public var path: String
    /// Of the file, in hexadecimal.
    public var sha256: String
    /// Tensors that were taken from it.
    public var tensors: Int
    /// Tensors of gates that it does not have, which begin with the seed's values.
    public var absentTensors: Int

    public init(path: String, sha256: String, tensors: Int, absentTensors: Int) {
      self.path = path
      self.sha256 = sha256
      self.tensors = tensors
      self.absentTensors = absentTensors
    }
  }

  /// - Parameters:
  ///   - environments: In rank order.
  ///   - kernels: What convolutions are, see `ConvolutionKernels.summary`.
  public init(
    _ environments: [Environment], fromStep: Int, lastStep: Int? = nil, dataSource: String,
    dataDigest: String? = nil, initialWeights: InitialWeights? = nil, initialDraw: Int? = nil,
    mask: String? = nil, kernels: String, shards: Int, startedAt: Date = Date()
  ) {
    self.startedAt = ISO8601DateFormatter().string(from: startedAt)
    self.fromStep = fromStep
    self.lastStep = lastStep
    self.dataSource = dataSource
    self.dataDigest = dataDigest
    self.initialWeights = initialWeights
    self.initialDraw = initialDraw
    self.mask = mask
    self.kernels = kernels
    self.shards = shards
    ranks = environments.count
    hosts = RankGroup.groups(environments.map(\.host)).map { group in
      func collapsed<T: Equatable>(_ value: (Environment) -> T) -> [T] {
        let values = group.ranks.map { value(environments[$0]) }
        return values.allSatisfy { $0 == values[0] } ? [values[0]] : values
      }
      return Host(
        host: group.text, ranks: CPUSet.text(group.ranks), threads: collapsed { $0.threads.count },
        affinity: collapsed { $0.threads.affinity })
    }
    environment = environments[0]
    disagreements = Disagreement.all(environments)
  }

  /// For example `sluice 0.1.0 (645085b), 2 ranks × 1 thread on node01, Open MPI 4.1.4, Winograd convolutions on
  /// AVX-512, OpenBLAS 0.3.21`.
  public var line: String {
    let algorithms = kernels.replacing("winograd", with: "Winograd")
    return [
      "sluice \(environment.sluice.name)",
      "\(counted(ranks, "rank")) × \(counted(environment.threads.count, "thread")) on \(hostText)",
      environment.mpi.library,
      "\(algorithms) convolutions on \(environment.cpu.instructionSetName)",
      environment.blas.library,
    ].joined(separator: ", ")
  }

  var hostText: String {
    hosts.count <= 3 ? hosts.map(\.host).joined(separator: ", ") : "\(hosts.count) hosts"
  }

  /// Whether what its first step begins with follows from the run's configuration alone.
  package var beginsAsConfigured: Bool { initialWeights == nil && initialDraw == nil && mask == nil }

  /// Whether this many ranks compute what one rank would, bit for bit: each has a run of shards whose length
  /// is a power of two.
  var hasBitsOfOneRank: Bool {
    let run = shards / ranks
    return ranks == 1 || shards % ranks == 0 && run & (run - 1) == 0
  }
}
