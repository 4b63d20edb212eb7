import Collectives
import Configurations
import Datasets
import Foundations
import Layers
import Machine
import Networks
import Progress
import Tensors

/// Times a backbone's evaluation in three ways, in turns: dense, the network without gates; masked, with all channels
/// computed and closed ones set to zero; and compact, with open channels alone.
public final class InferenceBenchmark {
  /// What decides which channels are open.
  public enum Masks: Sendable, Equatable {
    /// The network's own gates.
    case own
    /// Chance, with this probability.
    case density(Double)
  }

  public struct Options: Sendable {
    let batches: [Int]
    let masks: [Masks]
    let rounds: Int

    /// - Parameter rounds: Times that each way has its turn.
    public init(batches: [Int], masks: [Masks], rounds: Int) {
      (self.batches, self.masks, self.rounds) = (batches, masks, rounds)
    }
  }

  private let network: InferencePasses
  private let options: Options
  private let energy = EnergyMeter.live

  /// Side in pixels where nothing says it.
  private static let usualImageSize = 32
  /// Passes of small batches in a turn.
  private static let imagesOfATurn = 16

  public init(_ network: InferencePasses, _ options: Options) {
    self.network = network
    self.options = options
  }

  /// - Throws: `LayerError`.
  public func run(showing display: ProgressDisplay) throws -> [InferenceReport.Row] {
    defer { display.finish() }
    let cases = options.batches.flatMap { batch in options.masks.map { (batch, $0) } }
    return try cases.enumerated().map { number, subject in
      display.update(
        ProgressState(
          share: Double(number) / Double(cases.count), secondsLeft: nil, details: ["batch \(subject.0)"]))
      return try row(batch: subject.0, subject.1)
    }
  }

  private func row(batch: Int, _ masks: Masks) throws -> InferenceReport.Row {
    var row = InferenceReport.Row(batch: batch, masks: masks)
    try compare(batch: batch, masks, into: &row)
    let passes = max(1, Self.imagesOfATurn / batch)
    var seconds = InferencePasses.Way.allCases.map { _ in [Double]() }
    var joules: [Double?] = InferencePasses.Way.allCases.map { _ in 0 }
    var first = 0
    for round in -1..<options.rounds {
      for (index, way) in InferencePasses.Way.allCases.enumerated() {
        let begin = energy.reading
        for number in 0..<passes {
          let image = first + number * batch
          let time = try network.seconds(
            way, network.images(batch, from: image), given(masks, batch, first: image))
          // The first turn packs weights and fills caches.
          if round >= 0 { seconds[index].append(time) }
        }
        guard round >= 0 else { continue }
        joules[index] = joules[index].flatMap { sum in
          energy.joules(since: begin).map { sum + $0 / Double(passes * options.rounds) }
        }
      }
      first += passes * batch
    }
    (row.dense, row.masked, row.compact) = (
      .init(seconds[0], joules[0]), .init(seconds[1], joules[1]), .init(seconds[2], joules[2])
    )
    return row
  }

  /// What masks look like, and how far the two ways to compute them are from each other.
  private func compare(batch: Int, _ masks: Masks, into row: inout InferenceReport.Row) throws {
    let images = network.images(batch, from: 0)
    let masked = try network.forward(images, .masked, given(masks, batch, first: 0))
    let repeated = try network.forward(images, .compact, RepeatedMasks(masked.gates))
    let own = masks == .own ? try network.forward(images, .compact, nil) : repeated
    let macs = network.macs
    let open = masked.gates.openByRow
    row.macsShare =
      open.reduce(0.0) { $0 + Double(macs.gated(open: $1.map { Int($0) })) }
      / Double(macs.dense * Int64(batch))
    row.closedGroups = InferenceReport.Row.groupSizes.map { closedShare(ofGroupsOf: $0, in: masked.gates) }
    row.distance = relativeDistance(repeated.features.values, to: masked.features.values)
    row.unlike = (0..<batch).count { image in
      zip(own.gates, masked.gates).contains { mine, theirs in
        (0..<theirs.mask.channels).contains { mine.mask.row(image)[$0] != theirs.mask.row(image)[$0] }
      }
    }
  }

  private func closedShare(ofGroupsOf size: Int, in gates: [GateRecord]) -> Double {
    var (groups, closed) = (0, 0)
    for gate in gates {
      for row in 0..<gate.mask.rows {
        for first in stride(from: 0, to: gate.mask.channels, by: size) {
          groups += 1
          let channels = first..<min(first + size, gate.mask.channels)
          if channels.allSatisfy({ gate.mask.row(row)[$0] == 0 }) { closed += 1 }
        }
      }
    }
    return groups == 0 ? 0 : Double(closed) / Double(groups)
  }

  private func given(_ masks: Masks, _ batch: Int, first: Int) -> (any GateMasks)? {
    guard case .density(let density) = masks else { return nil }
    return DrawnMasks(
      density: density, images: first..<first + batch, channels: network.macs.channels, group: network.group)
  }
}

extension InferenceBenchmark {
  /// A configuration with gates whose weights are all random: residual blocks' last batch norms start at 1, as
  /// features could not differ otherwise. What its gates are to reach makes no difference.
  ///
  /// - Parameter path: A configuration file; nil: that of `sluice bench train`.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public static func configuration(
    path: String?, settings: [String], size: Int?, threads: Int, on communicator: Communicator
  ) throws -> Configuration {
    var options = TrainingBenchmarkOptions()
    options.path = path
    options.settings = settings + ["gates.target=1"]
    options.size = size
    options.threads = threads
    let resolved = try options.file(on: communicator).resolved(imageSize: usualImageSize, on: communicator)
    var configuration = options.applied(to: resolved, ranks: 1, coresOfARank: threads)
    configuration.gates.enabled = true
    try communicator.agree {
      if let conflict = configuration.groupConflict ?? configuration.processorConflict { throw conflict }
    }
    configuration.network.zeroInitResidual = false
    return configuration
  }

  /// Images of unit variance.
  public static func syntheticImages(_ count: Int, size: Int) -> Tensor {
    ViewBatch.synthetic(views: 1, size: size, globalBatchSize: count, shardSize: 1, rank: 0, worldSize: 1)
      .images
  }
}
