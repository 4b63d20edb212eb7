import Datasets
import Foundation
import Foundations
import Progress

/// What packing ends with.
public struct PackSummary: Report, Sendable {
  public let folder: String
  public let index: PackedIndex
  /// Shards and images that this start packed; others were there before.
  public let madeShards: Int
  public let packedImages: Int
  public let seconds: Double

  private var shards: Int { index.shardCount }
  /// Bytes of the shards per byte of the source's images.
  private var ratio: Double { Double(index.bytes) / Double(max(1, index.sourceBytes)) }
  /// nil if all was there before.
  private var imagesPerSecond: Double? { packedImages > 0 ? Double(packedImages) / seconds : nil }

  public var json: JSONValue {
    .object([
      "folder": .text(folder), "images": .integer(index.images),
      "train": .integer(index.parts.train.images), "val": .integer(index.parts.test?.images ?? 0),
      "reference": .integer(index.parts.reference?.images ?? 0), "skipped": .integer(index.skippedCount),
      "classes": .integer(index.classNames.count), "class_digest": .text(index.classDigest),
      "digest": .text(index.digest), "shards": .integer(shards), "kept_shards": .integer(shards - madeShards),
      "bytes": .integer(index.bytes), "source_bytes": .integer(index.sourceBytes), "ratio": .number(ratio),
      "images_per_s": imagesPerSecond.map { .number($0) } ?? .null,
    ])
  }

  public var text: String {
    let counts = index.parts.all.map { "\($1.images) \($0.packedAdjective)" }
    var lines = [
      "\(folder): \(counts.joined(separator: " and ")) images "
        + "of \(index.classNames.count) classes in \(shards) shards",
      String(
        format: "%@, %.2f of the source's %@", Self.size(index.bytes), ratio, Self.size(index.sourceBytes)),
    ]
    if index.skippedCount > 0 {
      lines.append(
        "\(index.skippedCount) bad \(index.skippedCount == 1 ? "image" : "images") left out, "
          + "named in \(folder)/\(PackedIndex.fileName)")
    }
    if madeShards < shards {
      lines.append("\(shards - madeShards) shards were finished before and are kept")
    }
    if let imagesPerSecond {
      lines.append(String(format: "%.1f images/s in %@", imagesPerSecond, durationText(seconds)))
    }
    return (lines + ["train on it with data.source=packed:\(folder)"]).joined(separator: "\n")
  }

  private static func size(_ bytes: Int) -> String {
    bytes < 950_000_000
      ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.1f GB", Double(bytes) / 1e9)
  }
}
