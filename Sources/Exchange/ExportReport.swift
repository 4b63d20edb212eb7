import Foundation
import Foundations
import Networks

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
  /// nil: the network is the checkpoint's.
  let compaction: Compaction?
  /// What it changed on images to leave out channels that gates rarely open; nil: that was not asked for.
  public var slimming: (any Report)?

  /// What a network gains where channels are left out.
  struct Compaction {
    let before: Size
    let after: Size
    /// Of the smaller network.
    let innerChannels: [Int]

    var parameters: Change { Change(before.parameters, after.parameters) }
    var macs: Change { Change(Int(before.macs), Int(after.macs)) }
    var bytes: Change { Change(before.bytes, after.bytes) }
  }

  /// How large a network and its file are.
  struct Size {
    let parameters: Int
    /// For one image, with all channels computed.
    let macs: Int64
    let bytes: Int

    init(_ backbone: any Backbone, bytes: Int) {
      parameters = backbone.parameters.reduce(0) { $0 + $1.count }
      macs = MACs(backbone.blueprint).dense
      self.bytes = bytes
    }
  }

  public var text: String {
    let undecided =
      agreement.undecided == 0
      ? "" : "; \(counted(agreement.undecided, "image")) left out, with a logit too close to 0 to compare"
    return """
      file        \(path), \(memoryText(Double(bytes))), SHA-256 \(digest.prefix(12))
      backbone    \(counted(tensors, "tensor")), \(counted(features, "feature"))
      checked     \(counted(agreement.images, "image")): features differ by \
      \(differenceText(agreement.largestDifference)) at most\(undecided)
      """ + [compaction?.text, slimming?.text].compactMap { $0.map { "\n\($0)" } }.joined()
  }

  public var json: JSONValue {
    .object([
      "path": .text(path), "format": .text(format.rawValue), "bytes": .integer(bytes),
      "sha256": .text(digest), "tensors": .integer(tensors), "features": .integer(features),
      "images": .integer(agreement.images), "largest_difference": .number(agreement.largestDifference),
      "undecided_images": .integer(agreement.undecided), "compact": compaction?.json ?? .null,
      "slimming": slimming?.json ?? .null,
    ])
  }
}

extension ExportReport.Compaction {
  fileprivate var text: String {
    """
    parameters  \(parameters.text)
    MACs        \(macs.text)
    bytes       \(bytes.text)
    network     network.inner_channels=\(innerChannels)
    """
  }

  fileprivate var json: JSONValue {
    .object([
      "parameters": parameters.json, "macs": macs.json, "bytes": bytes.json,
      "inner_channels": .list(innerChannels.map { .integer($0) }),
    ])
  }
}

/// Of features, for people; for example `3.4e-07`.
func differenceText(_ difference: Double) -> String { String(format: "%.2g", difference) }
