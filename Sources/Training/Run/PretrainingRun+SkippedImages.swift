import Collectives
import Datasets

/// What a run does about images that cannot be used.
extension PretrainingRun {
  /// Notes images that were skipped, of which every rank was told the same, and names the new ones in the log.
  func note(_ images: [SkippedImage], of part: DataPart) {
    guard let dataset = data.datasets[part] else { return }
    for image in state.skipped.insert(images, of: part) where isRoot {
      log.warning(
        "\(dataset.pictureName(at: image.index)) is skipped, its neighbour stands in: \(image.reason)")
    }
  }

  /// Tells all ranks which images each had to skip in training since the last time.
  ///
  /// - Throws: `CollectiveError`.
  func shareSkipped() throws {
    guard configuration.data.onError == .skip else { return }
    let found = try communicator.gather(skippedHere)
    skippedHere = []
    note(found, of: .train)
  }

  /// What a rank's failure to read images comes to, on every rank.
  func badData(_ failure: AgreedFailure, during work: String) -> RunError {
    .badData(
      during: work, problem: "\(failure)", source: configuration.data.source,
      canSkip: configuration.data.onError == .stop, lastCheckpoint: lastCheckpoint)
  }
}
