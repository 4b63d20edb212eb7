import Foundation
import Foundations

/// What was written, and how well it agrees with the checkpoint.
public struct ExportReport: Report {
  public let path: String
  public let format: ExportFormat
  public let bytes: Int
  /// SHA-256 of the file in hexadecimal.
  public let digest: String
  public let tensors: Int
  /// Length of a feature vector.
  public let features: Int
  let agreement: ExportCheck.Agreement

  public var text: String {
    let undecided =
      agreement.undecided == 0
      ? "" : "; \(counted(agreement.undecided, "image")) left out, with a logit too close to 0 to compare"
    return """
      file        \(path), \(memoryText(Double(bytes))), SHA-256 \(digest.prefix(12))
      backbone    \(counted(tensors, "tensor")), \(counted(features, "feature"))
      checked     \(counted(agreement.images, "image")): features differ by \
      \(differenceText(agreement.largestDifference)) at most\(undecided)
      """
  }

  public var json: JSONValue {
    .object([
      "path": .text(path), "format": .text(format.rawValue), "bytes": .integer(bytes),
      "sha256": .text(digest), "tensors": .integer(tensors), "features": .integer(features),
      "images": .integer(agreement.images), "largest_difference": .number(agreement.largestDifference),
      "undecided_images": .integer(agreement.undecided),
    ])
  }
}

/// Of features, for people; for example `3.4e-07`.
func differenceText(_ difference: Double) -> String { String(format: "%.2g", difference) }
