import Foundation
import Foundations
import Layers

/// What the convolutions of a network take with each algorithm.
public struct KernelReport: Report, Sendable {
  public struct Entry: Sendable {
    public let shape: ConvolutionShape
    /// How often the network has it.
    public internal(set) var count: Int
    public internal(set) var directions: [Timed]

    /// Of one run on one thread.
    public struct Time: Sendable {
      public let algorithm: ConvolutionAlgorithm
      public let seconds: Double
    }

    public struct Timed: Sendable {
      public let direction: Convolution.Direction
      /// One for each algorithm that may compute it, in the backends' order.
      public let times: [Time]
      /// What `kernels: direct` takes in f32.
      public let direct: ConvolutionAlgorithm
      /// What `kernels: auto` takes.
      public let chosen: ConvolutionAlgorithm

      public var fastest: ConvolutionAlgorithm {
        times.min { $0.seconds < $1.seconds }?.algorithm ?? direct
      }

      public func seconds(_ algorithm: ConvolutionAlgorithm) -> Double? {
        times.first { $0.algorithm == algorithm }?.seconds
      }
    }
  }

  public let entries: [Entry]
  public let imageSize: Int
  public let threads: Int
  public let precision: Precision

  /// Seconds of all convolutions of a shard's training step, where `choose` says which algorithm computes each.
  public func total(_ choose: (Entry.Timed) -> ConvolutionAlgorithm) -> Double {
    entries.reduce(0) { sum, entry in
      sum
        + Double(entry.count)
        * entry.directions.reduce(0) { $0 + ($1.seconds(choose($1)) ?? $1.seconds($1.direct) ?? 0) }
    }
  }

  /// The fastest algorithms, for `kernels: FILE`.
  public var table: KernelTable {
    var table = KernelTable(measuredWith: ConvolutionBackends.linked.libraries)
    for entry in entries {
      table.append(
        entry.shape,
        Dictionary(uniqueKeysWithValues: entry.directions.map { ($0.direction, $0.fastest) }))
    }
    return table
  }

  // MARK: Printing

  /// For a person.
  public var text: String {
    let algorithms = ConvolutionBackends.linked.algorithms.filter { algorithm in
      entries.contains { $0.directions.contains { $0.seconds(algorithm) != nil } }
    }
    var lines = [
      "ms and GFLOP/s of a direct convolution".padded(to: 57)
        + algorithms.map { $0.description.rightAligned(in: 17) }.joined()
        + "  " + "fastest".padded(to: 17) + "auto"
    ]
    for entry in entries {
      for timed in entry.directions {
        let times = algorithms.map { algorithm in
          (timed.seconds(algorithm).map { time($0, entry.shape) } ?? "").rightAligned(in: 17)
        }
        lines.append(
          "\(entry.count) × \(entry.shape)".padded(to: 40) + timed.direction.rawValue.padded(to: 17)
            + times.joined() + "  " + timed.fastest.description.padded(to: 17) + timed.chosen.description)
      }
    }
    let (direct, auto, fastest) = (total(\.direct), total(\.chosen), total(\.fastest))
    let rows = Double(entries.first?.shape.rows ?? 0)
    func sum(_ seconds: Double) -> String {
      String(format: "%.1f ms (%.1f views/s)", 1000 * seconds, rows / seconds)
    }
    lines.append(
      "all, \(Int(rows)) views of \(imageSize)×\(imageSize): direct \(sum(direct)), auto \(sum(auto)), "
        + "fastest \(sum(fastest))")
    return lines.joined(separator: "\n")
  }

  private func time(_ seconds: Double, _ shape: ConvolutionShape) -> String {
    String(format: "%.2f %6.1f", 1000 * seconds, 2e-9 * shape.macs / seconds)
  }

  public var json: JSONValue {
    let libraries = ConvolutionBackends.linked.libraries
    var fields = libraries.map { (key: $0.key, value: JSONValue.text($0.version)) }
    fields += libraries.prefix(1).map { ("instruction_set", .text($0.instructionSet)) }
    fields += [
      ("precision", .text(precision.rawValue)), ("input_size", .integer(imageSize)),
      ("threads", .integer(threads)),
      ("convolutions", .list(entries.flatMap { entry in entry.directions.map { json(entry, $0) } })),
      ("direct_ms", .number(1000 * total(\.direct))), ("auto_ms", .number(1000 * total(\.chosen))),
      ("fastest_ms", .number(1000 * total(\.fastest))),
    ]
    return .object(keyed: fields)
  }

  private func json(_ entry: Entry, _ timed: Entry.Timed) -> JSONValue {
    let shape = entry.shape
    return .object([
      "count": .integer(entry.count), "rows": .integer(shape.rows), "in_channels": .integer(shape.inChannels),
      "height": .integer(shape.height), "width": .integer(shape.width),
      "out_channels": .integer(shape.outChannels), "kernel": .integer(shape.kernelSize),
      "stride": .integer(shape.stride), "padding": .integer(shape.padding),
      "direction": .text(timed.direction.rawValue),
      "algorithms": .list(
        timed.times.map { time in
          .object([
            "name": .text(time.algorithm.description), "ms": .number(1000 * time.seconds),
            "gflops": .number(2e-9 * shape.macs / time.seconds),
          ])
        }),
      "fastest": .text(timed.fastest.description), "auto": .text(timed.chosen.description),
    ])
  }
}
