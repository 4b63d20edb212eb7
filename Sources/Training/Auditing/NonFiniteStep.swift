import Foundation
import Foundations

/// A step that came to a value that is not finite, with which a run ended: `non-finite.json`.
public struct NonFiniteStep: Codable, Equatable, Sendable {
  public struct Image: Codable, Equatable, Sendable {
    /// In the training set.
    let index: Int
    /// As the data set calls it.
    let name: String
  }

  /// Counted from 1.
  package let step: Int
  /// The layer where the value first appeared, `loss`, or the tensor where the update left it.
  package let layer: String
  /// Images of the global batch.
  let batch: Int
  /// Those in whose shards the value appeared, in the order of the batch; all of it where the update left it, or where
  /// each shard's own values are finite.
  let images: [Image]

  enum CodingKeys: String, CodingKey {
    case step, layer, images
    case batch = "batch_images"
  }

  /// What a run left; nil: nothing, or something else.
  package init?(contentsOf path: String) {
    guard let bytes = try? RegularFile(path)?.read(),
      let found = try? JSONDecoder().decode(Self.self, from: Data(bytes)), found.step.isCount, found.step > 0
    else { return nil }
    self = found
  }

  init(step: Int, layer: String, batch: Int, images: [Image]) {
    (self.step, self.layer, self.batch, self.images) = (step, layer, batch, images)
  }

  /// The contents of the file.
  var data: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Whole numbers and texts always encode.
    return try! encoder.encode(self) + [UInt8(ascii: "\n")]
  }

  /// Which images they are, the first of them by name.
  package var imageWords: String {
    let shown = images.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
    let more = images.count > 3 ? " and \(grouped(images.count - 3)) more" : ""
    let share =
      images.count == batch
      ? "all \(counted(batch, "image")) of the batch"
      : "\(grouped(images.count)) of the batch's \(counted(batch, "image"))"
    return "\(share): \(shown)\(more)"
  }
}
