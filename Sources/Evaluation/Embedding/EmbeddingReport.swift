import Datasets
import Foundations

/// What was written of a network's features, and what the images cost.
public struct EmbeddingReport: Report, Sendable {
  let path: String
  let bytes: Int
  /// Other forms of it that were written.
  let csv: String?
  let numPy: String?
  /// How the data was named.
  let source: String
  let part: DataPart
  let images: Int
  /// Length of a feature vector.
  let features: Int
  /// Mean over images, as a share of the dense network's.
  let macsShare: Double
  /// Images that this start saw; the others' rows were there.
  let seen: Int
  let seconds: Double

  /// nil: all was there before.
  private var imagesPerSecond: Double? { seen > 0 ? Double(seen) / seconds : nil }

  public var text: String {
    let files = ["\(path), \(memoryText(Double(bytes)))"] + [csv, numPy].compactMap(\.self)
    let kept = images - seen
    let speed = imagesPerSecond.map { ["\(decimals($0, $0 < 100 ? 1 : 0)) images/s"] } ?? []
    let before = kept > 0 ? ["\(counted(kept, "image")) of an earlier start kept"] : []
    return """
      files    \(files.joined(separator: "; "))
      images   \(grouped(images)) \(part.adjective) \(form(of: "image", for: images)) of \(source), \
      \(counted(features, "feature"))
      MACs     \(percent(100 * macsShare)) of the dense network's in the mean
      speed    \((speed + before).joined(separator: ", "))
      """
  }

  public var json: JSONValue {
    .object([
      "path": .text(path), "bytes": .integer(bytes), "csv": csv.map { .text($0) } ?? .null,
      "npy": numPy.map { .text($0) } ?? .null, "data": .text(source), "part": .text(part.rawValue),
      "images": .integer(images), "features": .integer(features), "macs_share": .number(macsShare),
      "kept_images": .integer(images - seen),
      "images_per_s": imagesPerSecond.map { .number($0) } ?? .null,
    ])
  }
}
