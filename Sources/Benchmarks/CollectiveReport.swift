import Foundation
import Foundations

/// What `sluice bench collectives` found.
public struct CollectiveReport: Report, Sendable {
  /// Training steps on the ranks that there are: medians of the slowest rank's seconds.
  public struct Steps: Equatable, Sendable {
    public let count: Int
    public let seconds: Double
    /// Waiting for sums of gradients after backward.
    public let exposed: Double
    /// Waiting for statistics and embeddings.
    public let blocked: Double
  }

  /// A number of nodes and what a step is expected to take on them.
  public struct Planned: Equatable, Sendable {
    public let nodes: Int
    public let ranks: Int
    public let prediction: StepPrediction
  }

  /// Of a rank in a step.
  public let images: Int
  /// nil on one rank.
  public let times: CollectiveTimes?
  /// What the plan counts with; nil on one rank without a plan.
  public let link: CommunicationModel.Link?
  public let steps: Steps?
  public let plan: [Planned]

  /// The share of the gradients' sum that the steps hid.
  private var hiddenShare: Double? {
    guard let steps, let times, times.gradients.seconds > 0 else { return nil }
    return 1 - steps.exposed / times.gradients.seconds
  }

  // MARK: For a person

  public var text: String {
    var lines: [String] = []
    if let times {
      let bytes = times.gradients.bucketBytes
      lines += [
        row("ranks", "\(times.ranks) on \(counted(times.hosts, "host"))"),
        row("small", "all-gather \(micro(times.smallGather)) µs, barrier \(micro(times.barrier)) µs"),
        row(
          "embeddings", "\(mega(times.embeddings.bytes)) MB a rank: \(milli(times.embeddings.seconds)) ms"),
        row(
          "gradients",
          "\(mega(bytes.reduce(0, +))) MB in \(bytes.count) buckets: \(milli(times.gradients.seconds)) ms "
            + "alone"),
      ]
    }
    if let link {
      lines.append(
        row("network", "\(micro(link.latency)) µs, \(decimals(link.bandwidth * 8 / 1e9, 2)) Gbit/s each way"))
    }
    if let steps {
      let hidden = hiddenShare.map { ", \(decimals($0 * 100, 1)) % of their sum hidden" } ?? ""
      lines.append(
        row(
          "steps",
          "\(steps.count) of \(images) images a rank: \(milli(steps.seconds)) ms, \(milli(steps.exposed)) ms "
            + "waiting for gradients\(hidden), \(milli(steps.blocked)) ms for statistics and embeddings"))
    }
    if !plan.isEmpty {
      let titles = [
        "nodes", "ranks", "step ms", "compute", "statistics", "gathers", "gradients", "efficiency",
      ]
      lines += ["", "with \(images) images a rank:", table(titles) + "  most"]
      lines += plan.map { planned in
        let p = planned.prediction
        let numbers =
          ["\(planned.nodes)", "\(planned.ranks)"]
          + [p.step, p.compute, p.statistics, p.gathers, p.exposed].map(milli)
        return table(numbers + ["\(decimals(p.efficiency * 100, 1)) %"]) + "  \(p.dominant)"
      }
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ label: String, _ text: String) -> String { label.padded(to: 12) + text }

  private func table(_ cells: [String]) -> String {
    cells.map { $0.rightAligned(in: 10) }.joined(separator: " ")
  }

  private func milli(_ seconds: Double) -> String { decimals(seconds * 1e3, 1) }
  private func micro(_ seconds: Double) -> String { decimals(seconds * 1e6, 1) }
  private func mega(_ bytes: Int) -> String { decimals(Double(bytes) / 1e6, 2) }

  // MARK: For programs

  public var json: JSONValue {
    var fields: [JSONValue.Field] = []
    func add(_ key: String, _ value: JSONValue) { fields.append(.init(key: key, value: value)) }
    add("images_per_rank", .integer(images))
    if let times {
      add("ranks", .integer(times.ranks))
      add("hosts", .integer(times.hosts))
      add("barrier_us", .number(times.barrier * 1e6))
      add("small_gather_us", .number(times.smallGather * 1e6))
      add("embedding_bytes", .integer(times.embeddings.bytes))
      add("embedding_gather_ms", .number(times.embeddings.seconds * 1e3))
      add("gradient_bytes", .integer(times.gradients.bucketBytes.reduce(0, +)))
      add("buckets", .integer(times.gradients.bucketBytes.count))
      add("gradient_sum_ms", .number(times.gradients.seconds * 1e3))
    }
    if let link {
      add("latency_us", .number(link.latency * 1e6))
      add("bandwidth_gbit", .number(link.bandwidth * 8 / 1e9))
    }
    if let steps {
      add("step_ms", .number(steps.seconds * 1e3))
      add("exposed_ms", .number(steps.exposed * 1e3))
      add("blocked_ms", .number(steps.blocked * 1e3))
      add("hidden_share", hiddenShare.map(JSONValue.number) ?? .null)
    }
    if !plan.isEmpty { add("plan", .list(plan.map(\.json))) }
    return .object(fields)
  }
}

extension CollectiveReport.Planned {
  var json: JSONValue {
    .object([
      "nodes": .integer(nodes), "ranks": .integer(ranks), "step_ms": .number(prediction.step * 1e3),
      "compute_ms": .number(prediction.compute * 1e3),
      "statistics_ms": .number(prediction.statistics * 1e3), "gathers_ms": .number(prediction.gathers * 1e3),
      "exposed_ms": .number(prediction.exposed * 1e3), "efficiency": .number(prediction.efficiency),
      "hidden_share": prediction.hiddenShare.map(JSONValue.number) ?? .null,
      "dominant": .text(prediction.dominant),
    ])
  }
}
