/// Ends the run before a network with values that are not finite is kept or measured: an update can leave what only the
/// next forward pass would trip over.
final class FiniteCheck: RunObserver {
  private let model: Model
  private let end: NonFiniteEnd
  private let checkpoints: CheckpointKeeper

  init(_ model: Model, end: NonFiniteEnd, checkpoints: CheckpointKeeper) {
    self.model = model
    self.end = end
    self.checkpoints = checkpoints
  }

  func isDue(after step: TakenStep) -> Bool { step.isExamined }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    guard let tensor = model.tensors.firstNonFinite else { return }
    throw try end.failure(
      step: step.number, layer: tensor, images: step.images, lastCheckpoint: checkpoints.last)
  }
}
