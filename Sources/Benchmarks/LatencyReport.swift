import Configurations
import Foundations
import Version

/// What `sluice bench latency` measured.
public struct LatencyReport: Report {
  public let table: LatencyTable
  private let network: String
  private let rounds: Int
  private let errors: LatencyFit.Errors

  /// - Parameter configuration: Of the network that was measured.
  public init(
    _ fit: LatencyFit, of configuration: Configuration, batch: Int, threads: Int, rounds: Int
  ) {
    table = LatencyTable(
      subject: configuration.latencySubject, batch: batch, threads: threads, dense: Self.rounded(fit.dense),
      fixed: Self.rounded(fit.fixed),
      gates: zip(configuration.backbone.blueprint.gates, fit.perOpenChannel).map { site, time in
        LatencyTable.Gate(name: site.name, channels: site.channels, perOpenChannel: Self.rounded(time))
      })
    network = configuration.network.title
    self.rounds = rounds
    errors = fit.errors
  }

  /// To 0.1 ns: more digits say nothing.
  private static func rounded(_ microseconds: Double) -> Double { (microseconds * 1e4).rounded() / 1e4 }

  /// One object; times in microseconds.
  public var json: JSONValue {
    .object([
      "network": .text(network), "size": .integer(table.subject.inputSize), "batch": .integer(table.batch),
      "threads": .integer(table.threads), "rounds": .integer(rounds), "version": .text(Version.description),
      "dense_us": .number(table.dense), "fixed_us": .number(table.fixed),
      "all_open_us": .number(table.cost.allOpen),
      "gates": .list(
        table.gates.map { gate in
          .object([
            "name": .text(gate.name), "channels": .integer(gate.channels),
            "open_channel_us": .number(gate.perOpenChannel),
          ])
        }),
      "mean_error": .number(errors.mean), "worst_error": .number(errors.worst),
    ])
  }

  /// For a person.
  public var text: String {
    func row(_ name: String, _ cells: [String]) -> String {
      name.padded(to: 20) + cells.map { $0.rightAligned(in: 14) }.joined()
    }
    func milliseconds(_ time: Double) -> String { decimals(time / 1000, 3) + " ms" }
    return
      ([
        "\(network) at \(table.subject.inputSize)×\(table.subject.inputSize), batch \(table.batch), "
          + "\(counted(table.threads, "thread")), medians of \(counted(rounds, "round"))",
        "an image without gates takes \(milliseconds(table.dense)); with gates, every channel closed "
          + "\(milliseconds(table.fixed)), every channel open \(milliseconds(table.cost.allOpen))", "",
        row("", ["channels", "µs a channel", "µs of all"]),
      ]
      + table.gates.map { gate in
        row(
          gate.name,
          [
            "\(gate.channels)", decimals(gate.perOpenChannel, 3),
            decimals(gate.perOpenChannel * Double(gate.channels), 1),
          ])
      } + [
        "",
        "\(counted(errors.samples, "setting")) of densities from \(LatencyBenchmark.densities.lowerBound) to "
          + "\(LatencyBenchmark.densities.upperBound) that the fit has not seen: error "
          + "\(percent(100 * errors.mean, decimals: 1)) in the mean, \(percent(100 * errors.worst, decimals: 1)) at worst",
      ]).joined(separator: "\n")
  }
}
