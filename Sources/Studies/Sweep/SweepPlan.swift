import Foundation
import Training

/// The runs of a sweep: every target with every seed, in one folder.
public struct SweepPlan: Equatable, Sendable {
  /// One of the runs.
  public struct Member: Equatable, Sendable {
    /// Its place in the sweep, from 0.
    public let index: Int
    /// t_d; 1: the dense network, with which the others are compared.
    public let target: Double
    public let seed: UInt64
    public let folder: RunFolder

    /// What `--set` options would say.
    public var settings: [String] {
      (target == 1 ? ["gates.enabled=false"] : ["gates.enabled=true", "gates.target=\(target)"]) + [
        "seed=\(seed)"
      ]
    }
  }

  public let folder: String
  public let targets: [Double]
  /// Target by target, in the order in which they were named.
  public let members: [Member]

  /// The keys that the sweep decides.
  public static let keys = ["gates.enabled", "gates.target", "seed"]

  /// - Parameters:
  ///   - folder: Holds the runs' folders, `target-0.30/seed-1` and the like.
  ///   - targets: Each above 0 and at most 1, and named once.
  ///   - seeds: Each named once.
  public init(folder: String, targets: [Double], seeds: [UInt64]) {
    self.folder = folder
    self.targets = targets
    let pairs = targets.flatMap { target in seeds.map { (target, $0) } }
    members = pairs.enumerated().map { index, pair in
      Member(
        index: index, target: pair.0, seed: pair.1,
        folder: RunFolder("\(folder)/target-\(Self.text(pair.0))/seed-\(pair.1)"))
    }
  }

  /// A target with as many decimals as it has, and two at least.
  static func text(_ target: Double) -> String {
    let shortest = "\(target)"
    // Very small ones are printed with an exponent.
    let decimals = shortest.split(separator: ".").last.map(\.count) ?? 0
    return shortest.contains("e") || decimals > 2 ? shortest : String(format: "%.2f", target)
  }
}
