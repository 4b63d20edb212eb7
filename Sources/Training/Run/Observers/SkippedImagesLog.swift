import Collectives
import Datasets
import Logging

/// Notes in the run's state which images could not be used, and names each once in the log.
final class SkippedImagesLog: RunObserver {
  private let data: DataParts
  private let isSkipping: Bool
  private let communicator: Communicator
  private let log: Logger
  /// What this rank skipped in training since ranks last told each other.
  private var own: [SkippedImage] = []

  init(_ prepared: RunPreparation) {
    data = prepared.data
    isSkipping = prepared.configuration.data.onError == .skip
    communicator = prepared.communicator
    log = prepared.log
  }

  func isDue(after step: TakenStep) -> Bool { isSkipping }

  /// Tells all ranks what each had to skip, where that is recorded.
  ///
  /// - Throws: `CollectiveError`.
  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    own += step.skipped
    guard step.isLogged || step.isExamined else { return }
    note(try communicator.gather(own), of: .train, in: &state)
    own = []
  }

  /// Notes images of which every rank was told the same.
  func note(_ images: [SkippedImage], of part: DataPart, in state: inout TrainingState) {
    guard let dataset = data.datasets[part] else { return }
    for image in state.skipped.insert(images, of: part) where communicator.rank == 0 {
      log.warning(
        "\(dataset.imageName(at: image.index)) is skipped and its neighbour used instead: \(image.reason)")
    }
  }
}
