import Collectives
import Evaluation
import Tensors

/// Trains the online probe on the features of each step, of views that were not turned: images that it is tested with are
/// upright too. Every rank does.
final class ProbeTraining: RunObserver {
  private let probe: OnlineProbe
  private let prepared: RunPreparation

  init(_ probe: OnlineProbe, _ prepared: RunPreparation) {
    self.probe = probe
    self.prepared = prepared
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    guard let labels = step.labels() else { return }
    let layout = step.layout
    let plan = prepared.plan
    try probe.step(
      step.outcome.result.features, labels: layout.byRow(labels),
      shards: (0..<layout.shards).flatMap(layout.uprightRows), images: prepared.configuration.batch.global,
      done: Double(step.number - 1) / Double(prepared.configuration.epochs * plan.stepsPerEpoch),
      pool: prepared.pool, reducer: prepared.communicator)
  }
}
