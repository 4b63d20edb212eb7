import Datasets
import Foundation
import Foundations
import Images

/// What `sluice gates` prints.
public struct GateReport: Report, Sendable {
  private let statistics: GateStatistics
  private let pictures: [Int: String]

  /// - Parameters:
  ///   - dataset: Where pictures of the extreme images are taken from; nil: none are.
  public init(_ statistics: GateStatistics, picturesOf dataset: (any ImageDataset)? = nil) {
    self.statistics = statistics
    var pictures: [Int: String] = [:]
    for extreme in statistics.most + statistics.fewest {
      // A picture is an extra: what cannot be read or encoded is left out.
      guard let image = try? dataset?.image(at: extreme.index),
        let data = try? image.thumbnail(longerSide: 96).pngData()
      else { continue }
      pictures[extreme.index] = "data:image/png;base64,\(Data(data).base64EncodedString())"
    }
    self.pictures = pictures
  }

  public var json: JSONValue {
    let images = statistics.images
    return .object([
      "images": .integer(images), "classes": .list(statistics.classNames.map(JSONValue.text)),
      "class_images": .list(statistics.imagesByClass.map(JSONValue.integer)),
      "class_macs_share": .list(
        statistics.macsShareByClass.map { $0.map(JSONValue.number) ?? .null }),
      "macs_share": statistics.macs.spent.json(over: Double(statistics.macs.dense)),
      "shared_masks": .number(statistics.sharedMasks), "distinct_masks": .integer(statistics.distinctMasks),
      "blocks": .list(statistics.gates.map(json)),
      "most": .list(statistics.most.map(json)), "fewest": .list(statistics.fewest.map(json)),
    ])
  }

  private func json(_ gate: GateStatistics.Gate) -> JSONValue {
    let counts = gate.channels(of: statistics.images)
    let block = statistics.macs.blocks.first { $0.name == gate.block }!
    return .object([
      "name": .text(gate.block), "gate": .text(gate.name), "channels": .integer(gate.channels),
      "density": .number(gate.density(of: statistics.images)),
      "macs_share": .number(block.spent.mean / Double(block.dense)), "never": .integer(counts.never),
      "sometimes": .integer(counts.sometimes), "always": .integer(counts.always),
      "entropy": .number(gate.entropy),
      "class_information": gate.classInformation.map(JSONValue.number) ?? .null,
      "shared_masks": .number(gate.sharedMasks), "distinct_masks": .integer(gate.distinctMasks),
      "open": .list(gate.open.map(JSONValue.integer)),
      "open_by_class": .list(gate.openByClass.map { .list($0.map(JSONValue.integer)) }),
    ])
  }

  private func json(_ image: GateStatistics.Extreme) -> JSONValue {
    .object([
      "index": .integer(image.index), "name": .text(image.name),
      "class": image.label.map { .text(statistics.classNames[$0]) } ?? .null,
      "channels": .integer(image.channels), "macs_share": .number(image.macsShare),
      "picture": pictures[image.index].map(JSONValue.text) ?? .null,
    ])
  }

  /// For a person: a line for each gate, then classes and images at the ends.
  public var text: String {
    let width = max(statistics.gates.map(\.name.count).max() ?? 0, 4)
    let head =
      "gate".padded(to: width) + " channels   never sometimes  always   open  entropy   class  same mask"
    let rows = statistics.gates.map { gate in
      let counts = gate.channels(of: statistics.images)
      return gate.name.padded(to: width)
        + String(
          format: " %8d %7d %9d %7d %5.1f%% %7.3f", gate.channels, counts.never, counts.sometimes,
          counts.always,
          100 * gate.density(of: statistics.images), gate.entropy)
        + (gate.classInformation.map { String(format: " %7.3f", $0) } ?? "       -")
        + String(format: " %9.2f%%", 100 * gate.sharedMasks)
    }
    let spent = statistics.macs.spent
    let dense = Double(statistics.macs.dense)
    let summary = [
      String(
        format:
          "MACs: %.2f %% of the dense network's in the mean, %.2f %% at the 5th and %.2f %% at the 95th percentile, "
          + "on %d images", 100 * spent.mean / dense, 100 * spent.low / dense, 100 * spent.high / dense,
        statistics.images),
      "masks: \(counted(statistics.distinctMasks, "different one")); two images share one in "
        + String(format: "%.2f %% of all pairs", 100 * statistics.sharedMasks),
    ]
    return
      (["open: mean share of open channels; entropy and what of it the class explains: bits a channel", head]
      + rows
      + [""] + summary + classes + images("most", statistics.most) + images("fewest", statistics.fewest))
      .joined(separator: "\n")
  }

  /// The classes that cost most and least.
  private var classes: [String] {
    let known = zip(statistics.classNames, statistics.macsShareByClass).compactMap { name, share in
      share.map { (name: name, share: $0) }
    }.sorted { $0.share > $1.share }
    guard let first = known.first, let last = known.last, known.count > 1 else { return [] }
    func words(_ entry: (name: String, share: Double)) -> String {
      "\(entry.name) \(percent(100 * entry.share))"
    }
    return ["classes: most MACs \(words(first)), fewest \(words(last))"]
  }

  private func images(_ word: String, _ images: [GateStatistics.Extreme]) -> [String] {
    ["\(word) channels:"]
      + images.prefix(5).map { image in
        String(format: "  %6.2f %% ", 100 * image.macsShare)
          + "\(counted(image.channels, "channel"))  \(image.name)"
          + (image.label.map { " (\(statistics.classNames[$0]))" } ?? "")
      }
  }
}

extension RGBImage {
  /// Small enough for a page; never larger than the image.
  fileprivate func thumbnail(longerSide: Int) -> RGBImage {
    let longer = max(width, height)
    guard longer > longerSide else { return self }
    func side(_ length: Int) -> Int { max(1, length * longerSide / longer) }
    return resizedCrop(bounds, width: side(width), height: side(height), interpolation: .bilinear)
  }
}

extension MeasuredMACs.Spread {
  /// As shares of `total`.
  public func json(over total: Double) -> JSONValue {
    .object(["mean": .number(mean / total), "p5": .number(low / total), "p95": .number(high / total)])
  }
}
