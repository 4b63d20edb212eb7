import Layers
import Networks
import Progress
import Tensors

/// Measures what an open channel of each gate takes of an image's time in evaluation, where closed ones are left out.
///
/// The network is timed with gates that are open with many densities, drawn for each gate on its own, and a sum over open
/// channels is fitted to the times. Some of the settings are kept from the fit, to say how well it predicts them. Every
/// turn of a setting follows one of the network without gates and counts as a multiple of that, so that what else the
/// machine does meets both alike.
public struct LatencyBenchmark {
  private let passes: InferencePasses
  private let batch: Int
  private let rounds: Int

  /// Between which gates are mostly open where a budget presses.
  static let densities = 0.05...0.6
  private static let settingsPerGate = 5
  /// One setting of so many is kept from the fit.
  private static let keptInterval = 5
  /// Passes of small batches in a turn.
  private static let imagesOfATurn = 16

  /// - Parameters:
  ///   - batch: Images at one time.
  ///   - rounds: Times that each setting has its turn.
  public init(_ passes: InferencePasses, batch: Int, rounds: Int) {
    self.passes = passes
    self.batch = batch
    self.rounds = rounds
  }

  /// Masks of all gates, the same in every round: to draw them takes time, too.
  private struct Setting {
    /// Of each pass of a turn.
    var masks: [DrawnMasks] = []
    /// By gate: mean open channels of an image.
    var open: [Double] = []
    /// By round: its time as a multiple of that without gates.
    var multiples: [Double] = []
  }

  /// - Throws: `LayerError`.
  public func run(showing display: ProgressDisplay) throws -> LatencyFit {
    defer { display.finish() }
    var settings = (0..<Self.settingsPerGate * passes.macs.channels.count).map(setting)
    var dense: [Double] = []
    // The first round packs weights and fills caches.
    for round in -1..<rounds {
      display.update(
        ProgressState(
          share: Double(round + 1) / Double(rounds + 1), secondsLeft: nil, details: ["batch \(batch)"]))
      for number in settings.indices {
        let without = try turn(.dense, Array(repeating: nil, count: passesOfATurn))
        let seconds = try turn(.compact, settings[number].masks)
        guard round >= 0 else { continue }
        dense.append(without)
        settings[number].multiples.append(seconds / without)
      }
    }
    let microseconds = 1e6 * median(dense) / Double(passesOfATurn * batch)
    let samples = settings.map {
      LatencyFit.Sample(open: $0.open, microseconds: median($0.multiples) * microseconds)
    }
    func isKept(_ number: Int) -> Bool { number.isMultiple(of: Self.keptInterval) }
    return LatencyFit(
      samples.indices.filter { !isKept($0) }.map { samples[$0] },
      checkedWith: samples.indices.filter(isKept).map { samples[$0] }, channels: passes.macs.channels,
      dense: microseconds)
  }

  private func setting(_ number: Int) -> Setting {
    let densities = passes.macs.channels.indices.map { gate in
      let draw = RandomDraws(seed: 0, purpose: .test, index: number, layer: gate).uniform(0)
      return Self.densities.lowerBound
        + Double(draw) * (Self.densities.upperBound - Self.densities.lowerBound)
    }
    var setting = Setting()
    var usage = GateUsage(passes.macs)
    for pass in 0..<passesOfATurn {
      let masks = DrawnMasks(
        densities: densities, setting: number * passesOfATurn + pass, rows: batch,
        channels: passes.macs.channels, group: passes.group)
      for counts in masks.openByRow { usage.add(counts, passes.macs) }
      setting.masks.append(masks)
    }
    setting.open = usage.open.map { $0 / Double(usage.images) }
    return setting
  }

  private var passesOfATurn: Int { max(1, Self.imagesOfATurn / batch) }

  private func images(ofPass number: Int) -> Tensor { passes.images(batch, from: number * batch) }

  /// Seconds of all passes of a turn, with the masks of each.
  private func turn(_ way: InferencePasses.Way, _ masks: [(any GateMasks)?]) throws -> Double {
    try masks.enumerated().reduce(0) { try $0 + passes.seconds(way, images(ofPass: $1.offset), $1.element) }
  }
}
