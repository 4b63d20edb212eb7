import Foundation
import Foundations
import Version

/// What `sluice bench infer` measured.
public struct InferenceReport: Report {
  /// One batch size and one kind of masks.
  public struct Row: Sendable {
    public let batch: Int
    public let masks: InferenceBenchmark.Masks
    /// MACs of an image as a share of the dense network's.
    public var macsShare = 0.0
    /// By size of `groupSizes`: how many groups of neighbouring channels have none open, as a share of all.
    public var closedGroups: [Double] = []
    /// ‖compact − masked‖₂/‖masked‖₂ of the features, with equal masks.
    public var distance = 0.0
    /// Images whose masks differ between the two.
    public var unlike = 0
    public var dense = Times()
    public var masked = Times()
    public var compact = Times()

    /// Channels that other implementations would have to leave out together.
    static let groupSizes = [8, 16]

    init(batch: Int, masks: InferenceBenchmark.Masks) {
      self.batch = batch
      self.masks = masks
    }
  }

  /// Of all passes of one way.
  public struct Times: Sendable {
    /// Ascending.
    private let seconds: [Double]
    /// Of a pass; nil where the processor does not tell.
    public let joules: Double?

    init(_ seconds: [Double] = [0], _ joules: Double? = nil) {
      self.seconds = seconds.sorted()
      self.joules = joules
    }

    public var median: Double { Benchmarks.median(seconds) }

    /// The smallest time that at least this share of passes does not exceed.
    public func percentile(_ share: Double) -> Double {
      seconds[max(0, Int((share * Double(seconds.count)).rounded(.up)) - 1)]
    }
  }

  public let network: String
  public let imageSize: Int
  public let threads: Int
  public let rounds: Int
  public let rows: [Row]

  public init(network: String, imageSize: Int, threads: Int, rounds: Int, rows: [Row]) {
    self.network = network
    self.imageSize = imageSize
    self.threads = threads
    self.rounds = rounds
    self.rows = rows
  }

  private static let percentiles: KeyValuePairs = ["p50": 0.5, "p90": 0.9, "p99": 0.99]

  /// One object; times in milliseconds, energy in joules.
  public var json: JSONValue {
    func way(_ times: Times, batch: Int) -> JSONValue {
      var members: [(String, JSONValue)] = [
        ("images_per_s", .number(Double(batch) / times.median)), ("ms", .number(1000 * times.median)),
      ]
      members += Self.percentiles.map { ("\($0.key)_ms", .number(1000 * times.percentile($0.value))) }
      members.append(("joules", times.joules.map { .number($0) } ?? .null))
      return .object(keyed: members)
    }
    return .object([
      "network": .text(network), "size": .integer(imageSize), "threads": .integer(threads),
      "rounds": .integer(rounds), "version": .text(Version.description),
      "rows": .list(
        rows.map { row in
          .object([
            "batch": .integer(row.batch), "density": row.masks.json, "macs_share": .number(row.macsShare),
            "dense": way(row.dense, batch: row.batch), "masked": way(row.masked, batch: row.batch),
            "compact": way(row.compact, batch: row.batch),
            "compact_to_dense": .number(row.compact.median / row.dense.median),
            "closed_groups": .object(
              keyed: zip(Row.groupSizes, row.closedGroups).map { ("\($0)", .number($1)) }),
            "feature_distance": .number(row.distance), "images_with_other_masks": .integer(row.unlike),
          ])
        }),
    ])
  }

  /// For a person.
  public var text: String {
    var lines = [
      "\(network) at \(imageSize)×\(imageSize), \(counted(threads, "thread")), medians of \(counted(rounds, "round"))",
      "dense: without gates; masked: closed channels set to zero; compact: left out", "",
      line([
        "batch", "open", "MACs", "dense", "masked", "compact", "compact/dense", "groups of 8", "of 16",
        "distance",
      ]),
      line(["", "", "", "images/s", "images/s", "images/s", "time", "closed", "closed", "of features"]),
    ]
    lines += rows.map { row in
      func speed(_ times: Times) -> String { decimals(Double(row.batch) / times.median, 1) }
      return line([
        "\(row.batch)", row.masks.text, percent(100 * row.macsShare, decimals: 1), speed(row.dense),
        speed(row.masked), speed(row.compact), decimals(row.compact.median / row.dense.median, 2),
        percent(100 * row.closedGroups[0], decimals: 1), percent(100 * row.closedGroups[1], decimals: 1),
        String(format: "%.0e", row.distance),
      ])
    }
    lines += latencies + energies
    let unlike = rows.filter { $0.masks == .own }.reduce(0) { $0 + $1.unlike }
    if unlike > 0 {
      lines += ["", "\(counted(unlike, "image")) had other masks where closed channels were left out"]
    }
    return lines.joined(separator: "\n")
  }

  /// Of single images.
  private var latencies: [String] {
    let single = rows.filter { $0.batch == 1 }
    guard !single.isEmpty else { return [] }
    return [
      "", "Latency of one image in ms, \(Self.percentiles.map(\.key).joined(separator: " / "))",
      line(["", "open", "dense", "masked", "compact"], Self.latencyWidths),
    ]
      + single.map { row in
        line(
          ["", row.masks.text]
            + [row.dense, row.masked, row.compact].map { times in
              Self.percentiles.map { decimals(1000 * times.percentile($0.value), 1) }.joined(separator: " / ")
            }, Self.latencyWidths)
      }
  }

  /// Where the processor tells.
  private var energies: [String] {
    guard rows.allSatisfy({ $0.dense.joules != nil }) else { return [] }
    return ["", "Energy of a batch in J", line(["batch", "open", "dense", "masked", "compact"])]
      + rows.map { row in
        line(
          ["\(row.batch)", row.masks.text]
            + [row.dense, row.masked, row.compact].map { decimals($0.joules ?? 0, 3) })
      }
  }

  private static let widths = [6, 6, 9, 10, 10, 10, 15, 13, 9, 13]
  private static let latencyWidths = [6, 6, 25, 25, 25]

  private func line(_ columns: [String], _ widths: [Int] = widths) -> String {
    zip(columns, widths).map { $0.rightAligned(in: $1) }.joined()
  }
}

extension InferenceBenchmark.Masks {
  var text: String {
    switch self {
    case .own: "own"
    case .density(let density): String(format: "%.2g", density)
    }
  }

  /// nil for a network's own.
  var json: JSONValue {
    switch self {
    case .own: .null
    case .density(let density): .number(density)
    }
  }
}
