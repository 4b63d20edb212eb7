import Foundation
import Foundations
import Images
import Version

/// What `sluice bench loader` measured, and of what.
public struct LoaderBenchmarkReport: Report {
  let source: String
  /// The data set's own name, and how many images it has.
  let dataset: String
  let datasetImages: Int
  /// Of every image.
  let views: Int
  let augmentation: AugmentationConfiguration
  let ranks: Int
  /// Of one rank.
  let threads: Int
  /// Images of all ranks, in a batch and in `seconds`.
  let batch: Int
  let images: Int
  let seconds: Double
  /// Of one image with its views, on one thread that does nothing else.
  let breakdown: [(part: ViewClock.Part, seconds: Double)]
  let peakMB: Double?

  private var imagesPerSecond: Double { Double(images) / seconds }

  /// One object; times in milliseconds, memory in 10⁶ bytes.
  public var json: JSONValue {
    .object([
      "images_per_s": .number(imagesPerSecond), "views_per_s": .number(Double(views) * imagesPerSecond),
      "images_per_s_per_thread": .number(imagesPerSecond / Double(ranks * threads)),
      "breakdown_ms": .object(keyed: breakdown.map { ($0.part.rawValue, .number(1000 * $0.seconds)) }),
      "peak_rss_mb": peakMB.map(JSONValue.number) ?? .null,
      "source": .text(source), "pictures": .integer(datasetImages), "images": .integer(images),
      "views": .integer(views), "size": .integer(augmentation.size), "batch": .integer(batch),
      "ranks": .integer(ranks), "threads": .integer(threads), "seconds": .number(seconds),
      "version": .text(Version.description),
    ])
  }

  /// For a person.
  public var text: String {
    let total = breakdown.reduce(0) { $0 + $1.seconds }
    let size = augmentation.size
    let perThread = imagesPerSecond / Double(ranks * threads)
    let lines =
      [
        "\(views) views of \(size)×\(size) of \(images) images, \(dataset) (\(datasetImages) images) in batches of \(batch)",
        "\(counted(ranks, "rank")) × \(counted(threads, "thread"))", "",
        row("images per second", String(format: "%.1f", imagesPerSecond))
          + String(format: "   %.1f a thread", perThread),
        row("views per second", String(format: "%.1f", Double(views) * imagesPerSecond)),
        row("peak memory", peakMB.map { String(format: "%.0f MB", $0) } ?? "unknown")
          + (ranks == 1 ? "" : "   of the rank that takes most"),
        "", "An image and its views on one thread by itself:",
      ]
      + breakdown.map { part, seconds in
        row(part.rawValue, String(format: "%.3f ms", 1000 * seconds))
          + String(format: "%8.1f %%", 100 * seconds / total)
      } + [row("together", String(format: "%.3f ms", 1000 * total))]
    return lines.joined(separator: "\n")
  }

  private func row(_ label: String, _ value: String) -> String {
    label.padded(to: 20) + value.rightAligned(in: 12)
  }
}
