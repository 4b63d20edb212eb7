import Collectives
import Configurations
import Foundation
import Foundations
import Layers
import Logging
import Progress
import Provenance
import Tensors

/// Takes stretches of a run's steps again, and compares the network with what the run recorded. Nothing is written, and the
/// run's folder need not be writable. The run is reproduced on any number of ranks that contract C1 names, and on any
/// processor that contract C9 does.
public struct Replay {
  private let run: RunFolder
  private let settings: [String]
  private let communicator: Communicator
  private let log: Logger

  /// - Parameter settings: Laid over the run's configuration: where its data is now, how many threads there are.
  public init(of run: RunFolder, settings: [String], on communicator: Communicator, log: Logger) {
    self.run = run
    self.settings = settings
    self.communicator = communicator
    self.log = log
  }

  /// The stretches that end at or after `step`, nil: the last step: of those the first.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public func stretch(of step: Int?) throws -> [RecordedStretch] {
    let all = try stretches()
    return try communicator.agree {
      guard let step else { return all.suffix(1) }
      guard let found = all.first(where: { $0.lastStep >= step }) else {
        throw RunError.stepNotReached(step: step, last: all[all.count - 1].lastStep, folder: run.path)
      }
      return [found]
    }
  }

  /// So many stretches at random, or all there are, in their order.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public func randomStretches(_ count: Int, seed: UInt64) throws -> [RecordedStretch] {
    let all = try stretches()
    let order = all.indices.sorted {
      RandomDraws(seed: seed, purpose: .audit, index: $0).block(0).x
        < RandomDraws(seed: seed, purpose: .audit, index: $1).block(0).x
    }
    return order.prefix(count).sorted().map { all[$0] }
  }

  private func stretches() throws -> [RecordedStretch] {
    var warnings: [String] = []
    let found = communicator.rank == 0 ? run.recordedStretches { warnings.append($0) } : []
    for warning in warnings { log.warning("\(warning)") }
    let all = try communicator.broadcast(value: found)
    guard !all.isEmpty else {
      throw AgreedFailure(
        onEveryRank: RunError.nothingRecorded(folder: run.path), hostName: communicator.hostName)
    }
    return all
  }

  /// Takes a stretch again. Every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `TrainingFailure`, `CollectiveError`.
  public func replayed(_ stretch: RecordedStretch, showing display: ProgressDisplay) throws
    -> ReplayReport.Row
  {
    let file = try ConfigurationFile(contentsOf: run.configuration, settings: settings, on: communicator)
    // A run that is prepared writes nothing; its folder is one that is not there.
    let nowhere = NSTemporaryDirectory() + "sluice-replay-\(ProcessInfo.processInfo.processIdentifier)"
    let prepared = try RunPreparation(
      file, folder: RunFolder(nowhere), resume: stretch.start.map { .checkpoint($0) } ?? .never,
      communicator: communicator, log: log)
    try requireOwnBeginning(stretch)
    guard stretch.lastStep <= prepared.plan.lastStep else {
      throw AgreedFailure(
        onEveryRank: RunError.recordedBeyondEnd(
          step: stretch.lastStep, last: prepared.plan.lastStep, folder: run.path),
        hostName: communicator.hostName)
    }
    let loader = try prepared.configuration.makeLoader(
      for: prepared.data.train, startStep: stretch.firstStep, threads: prepared.pool.threads,
      communicator: communicator)
    defer {
      loader.stop()
      display.finish()
    }
    let begin = ContinuousClock.now
    for step in stretch.firstStep + 1...stretch.lastStep {
      guard let batch = try communicator.agreeUnlessStopped({ try loader.next() }) else {
        throw RunStopped(step: step - 1, checkpoint: nil, isFoundAgain: false)
      }
      do {
        _ = try prepared.trainer.take(batch, stepsPerEpoch: prepared.plan.stepsPerEpoch)
      } catch LayerError.nonFinite(let layer, _) {
        return ReplayReport.Row(stretch, step: step, outcome: .nonFinite(layer: layer))
      }
      let taken = step - stretch.firstStep
      let (share, seconds) = (
        Double(taken) / Double(stretch.lastStep - stretch.firstStep),
        (ContinuousClock.now - begin) / .seconds(1)
      )
      display.update(
        ProgressState(share: share, secondsLeft: seconds * (1 / share - 1), details: ["step \(step)"]))
    }
    let tensors = prepared.model.tensors
    // Whether an update leaves numbers is not looked at after every step.
    let layer = stretch.failedLayer == nil ? nil : tensors.firstNonFinite
    return ReplayReport.Row(
      stretch, step: stretch.lastStep,
      outcome: layer.map { .nonFinite(layer: $0) } ?? .network(tensors.fileDigest))
  }

  /// A run that began with weights from elsewhere cannot be taken from its beginning.
  private func requireOwnBeginning(_ stretch: RecordedStretch) throws {
    guard stretch.start == nil else { return }
    let sessions = FileManager.default.contents(atPath: run.environment).flatMap { try? SessionHistory($0) }
    let first = sessions?.readable.first
    // Other ranks need not see the folder.
    guard try !communicator.broadcast(value: first?.beginsAsConfigured ?? true) else { return }
    throw AgreedFailure(
      onEveryRank: RunError.beganElsewhere(folder: run.path), hostName: communicator.hostName)
  }
}
