import Configurations
import Foundation
import Foundations
import Networks
import Training
import Version

/// What `sluice bench train` measured, and of what.
public struct TrainingBenchmarkReport: Report {
  private let configuration: Configuration
  private let options: TrainingBenchmarkOptions
  private let ranks: Int
  private let threads: Int
  private let imageSize: Int
  private let parameters: Int
  private let denseMACs: Int64
  private let times: StepTimes
  /// Seconds of a sum of gradients by itself; nil on one rank.
  private let gradientsAlone: Double?
  private let peakMB: Double?
  /// What gates left open in the last step, as a share of the dense network's MACs.
  private let macsShare: Double

  init(
    _ configuration: Configuration, options: TrainingBenchmarkOptions, ranks: Int, threads: Int,
    model: Model, times: StepTimes, gradientsAlone: Double?, peakMB: Double?, macsShare: Double
  ) {
    self.configuration = configuration
    self.options = options
    self.ranks = ranks
    self.threads = threads
    imageSize = configuration.network.inputSize
    parameters = model.store.parameters.reduce(0) { $0 + $1.count }
    denseMACs = MACs(model.backbone.blueprint).dense
    self.times = times
    self.gradientsAlone = gradientsAlone
    self.peakMB = peakMB
    self.macsShare = macsShare
  }

  private var viewsPerSecond: Double {
    Double(configuration.objective.chosen.rowsPerImage * configuration.batch.global) / times.median
  }

  /// The share of a sum by itself that a step does not wait for; nil on one rank. Below 0 where waiting for
  /// slower ranks takes longer than the sum.
  private var hiddenShare: Double? { gradientsAlone.map { 1 - times.gradientsExposed / $0 } }

  /// Keys that have a field or a word of their own.
  private static let named: Set = [
    "data.source", "batch.global", "batch.shard", "network.width", "network.input_size", "gates.enabled",
    "objective.name",
  ]

  /// What else decides the result and is not as in the built-in configuration.
  private var changes: [Configuration.Difference] {
    guard let builtIn = try? TrainingBenchmarkOptions.builtInFile().resolved(imageSize: imageSize) else {
      return []
    }
    return configuration.differences(from: builtIn).filter {
      $0.decidesResult && !Self.named.contains($0.key)
    }
  }

  /// One object; times in milliseconds, memory in 10⁶ bytes.
  public var json: JSONValue {
    func ms(_ seconds: Double?) -> JSONValue { seconds.map { .number(1000 * $0) } ?? .null }
    let gradients: JSONValue = .object([
      "exposed": ms(times.gradientsExposed), "total": ms(times.gradientsTotal), "alone": ms(gradientsAlone),
    ])
    return .object([
      "views_per_s": .number(viewsPerSecond), "step_ms": ms(times.median),
      "step_ms_min": ms(times.shortest), "step_ms_max": ms(times.longest),
      "breakdown_ms": .object(keyed: times.breakdown.map { ($0.name, ms($0.seconds)) }),
      "gradient_sum_ms": gradients, "hidden_share": hiddenShare.map(JSONValue.number) ?? .null,
      "peak_rss_mb": peakMB.map(JSONValue.number) ?? .null,
      "ranks": .integer(ranks), "threads": .integer(threads), "size": .integer(imageSize),
      "batch": .integer(configuration.batch.global), "shard": .integer(configuration.batch.shard),
      "width": .integer(configuration.network.width), "parameters": .integer(parameters),
      "dense_macs": .integer(Int(denseMACs)),
      "objective": .text(configuration.objective.name.rawValue),
      "gated": .flag(configuration.gates.enabled),
      "multiplies_closed": .flag(options.multipliesClosed), "macs_share": .number(macsShare),
      "loader": .flag(options.usesLoader),
      "settings": .object(keyed: changes.map { ($0.key, .text($0.new)) }),
      "steps": .integer(options.steps), "warmup": .integer(options.warmup),
      "version": .text(Version.description),
    ])
  }

  /// For a person.
  public var text: String {
    let gates =
      configuration.gates.enabled
      ? "gated" + (options.multipliesClosed ? ", closed channels multiplied" : "") : "dense"
    var lines = [
      "\(configuration.network.title) at \(imageSize)×\(imageSize), \(gates), "
        + "\(configuration.objective.name.rawValue), \(configuration.batch.global) images a step in shards of "
        + "\(configuration.batch.shard), \(options.usesLoader ? configuration.data.source : "synthetic views")"
    ]
    if !changes.isEmpty {
      lines.append("with " + changes.map { "\($0.key)=\($0.new)" }.joined(separator: " "))
    }
    lines += [
      "\(counted(ranks, "rank")) × \(counted(threads, "thread"))", "",
      row("views per second", String(format: "%.2f", viewsPerSecond)),
      row("step", "\(milliseconds(times.median)) ms")
        + "   \(milliseconds(times.shortest)) to \(milliseconds(times.longest)), median of \(options.steps)",
      row("MACs", String(format: "%.1f %%", 100 * macsShare) + "   of the dense network's"),
      row("peak memory", peakMB.map { String(format: "%.0f MB", $0) } ?? "unknown")
        + (ranks == 1 ? "" : "   of the rank that takes most"), "",
    ]
    lines += times.breakdown.map { name, seconds in
      row(name.replacing("_", with: " "), "\(milliseconds(seconds)) ms")
        + String(format: "%8.1f %%", 100 * seconds / times.median)
    }
    if let gradientsAlone, let hiddenShare {
      lines += [
        "",
        row("sum of gradients", "\(milliseconds(gradientsAlone)) ms")
          + "   by itself; the step waits \(milliseconds(times.gradientsExposed)) ms after backward, "
          + String(format: "%.0f %% are hidden", 100 * hiddenShare),
      ]
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ label: String, _ value: String) -> String {
    label.padded(to: 30) + value.rightAligned(in: 12)
  }
}

/// For people: a tenth of a millisecond is below what repeats.
func milliseconds(_ seconds: Double) -> String { String(format: "%.1f", 1000 * seconds) }
