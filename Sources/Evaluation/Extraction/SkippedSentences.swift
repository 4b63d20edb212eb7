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
    try [(train, parts.neighbors), (test, parts.test)].flatMap { extraction, dataset in
      try communicator.gather(extraction.skipped).unique.map {
        "\(dataset.imageName(at: $0.index)) is skipped and its neighbour used instead: \($0.reason)"
      }
    }
  }
}
