import Collectives
import Datasets

/// What to tell a person about images that could not be used.
public enum SkippedSentences {
  /// One for each image of both parts, in their order; the same on every rank, which all call it.
  ///
  /// - Throws: `CollectiveError`.
  public static func gather(
    _ train: Extraction, _ test: Extraction, _ parts: ClassifiableParts, on communicator: Communicator
  ) throws -> [String] {
    try gather(train.skipped, of: parts.neighbors, on: communicator)
      + gather(test.skipped, of: parts.test, on: communicator)
  }

  /// One for each image of a data set, in its order; the same on every rank, which all call it.
  ///
  /// - Parameter skipped: What this rank met.
  /// - Throws: `CollectiveError`.
  public static func gather(
    _ skipped: [SkippedImage], of dataset: any ImageDataset, on communicator: Communicator
  ) throws -> [String] {
    try communicator.gather(skipped).unique.map {
      "\(dataset.imageName(at: $0.index)) is skipped and its neighbour used instead: \($0.reason)"
    }
  }
}
