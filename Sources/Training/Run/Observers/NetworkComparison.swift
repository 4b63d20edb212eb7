import Collectives
import Foundations
import Metrics

/// Compares the network's values over ranks, which are equal on all of them: after audited steps and before a checkpoint is
/// written. What an audit found is recorded with them.
final class NetworkComparison: RunObserver {
  private let prepared: RunPreparation
  private let records: RunRecords?
  private let checkpoints: CheckpointKeeper

  /// - Parameter records: nil but on rank 0.
  init(_ prepared: RunPreparation, records: RunRecords?, checkpoints: CheckpointKeeper) {
    self.prepared = prepared
    self.records = records
    self.checkpoints = checkpoints
  }

  func isDue(after step: TakenStep) -> Bool {
    step.audit != nil || prepared.communicator.worldSize > 1 && checkpoints.isDue(after: step)
  }

  func observe(_ step: inout TakenStep, in state: inout TrainingState) throws {
    let network = prepared.model.tensors.fileDigest
    let all = try prepared.communicator.gatherEach(network)
    if let other = all.firstIndex(where: { $0 != all[0] }) {
      let failure = TrainingFailure.networksDiffer(
        step: step.number, ranks: Self.outsiders(all), first: other, lastCheckpoint: checkpoints.last)
      guard prepared.configuration.audit.onMismatch == .warn else { throw failure }
      if prepared.isRoot { prepared.log.warning("\(failure)") }
    }
    guard let audit = step.audit else { return }
    try records?.record(
      .audit(
        AuditRecord(
          step: step.number, network: network, ranks: prepared.communicator.worldSize, seconds: audit.seconds,
          problem: audit.mismatch.map { "\($0)" })))
  }

  /// The ranks whose network is not that of most; empty where no network is that of most.
  private static func outsiders(_ networks: [String]) -> [Int] {
    let counts = Dictionary(grouping: networks.indices) { networks[$0] }
    guard let most = counts.max(by: { $0.value.count < $1.value.count }),
      2 * most.value.count > networks.count
    else { return [] }
    return networks.indices.filter { networks[$0] != most.key }
  }
}
