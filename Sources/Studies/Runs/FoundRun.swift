import Configurations
import Datasets
import Foundation
import Foundations
import Machine
import Metrics
import Training

/// A run as its folder shows it, from small files and the ends of others: no file grows with the run's length.
public struct FoundRun: Sendable {
  public let folder: RunFolder
  /// Where it lies below the folder that was searched; "." for that itself.
  public let name: String
  public let state: RunState
  /// Steps that were recorded so far. The newest checkpoint may be older.
  public let step: Int
  /// The number of steps after which it ends; nil where that is not known.
  public let steps: Int?
  /// The steps that there are checkpoints of, ascending.
  public let checkpoints: [Int]
  /// Who works on it, or did and is gone.
  public let holder: FolderClaim.Holder?
  /// The newest line of training.
  public let training: TrainingMetrics?
  /// The newest evaluation by k-NN.
  let evaluation: RecordedEvaluation?
  /// The linear evaluation of its newest checkpoint, where it was kept.
  let linearEvaluation: RecordedEvaluation?
  /// Processes of its newest session.
  public let ranks: Int?
  /// ISO 8601, UTC: the beginning of its first session.
  public let startedAt: String?
  /// When its newest line of metrics was written; nil while it trains.
  public let endedAt: Date?

  /// - Parameters:
  ///   - facts: What its folder holds.
  ///   - isHeld: Whether a job works on it.
  init(_ facts: RunFacts, isHeld: Bool) {
    folder = facts.folder
    name = facts.name
    checkpoints = facts.checkpoints
    holder = facts.holding.holder
    training = facts.latest.training
    ranks = facts.sessions.last?.ranks
    startedAt = facts.sessions.first?.startedAt
    let saved = facts.checkpoints.last ?? 0
    linearEvaluation = facts.linear.flatMap { $0.step == saved ? $0 : nil }
    step = max(saved, training?.step ?? 0)
    let planned = facts.sessions.last?.lastStep ?? facts.recordedEnd
    let isAtItsEnd = planned.map { facts.checkpoints.last ?? -1 >= $0 } ?? false
    steps = planned
    // The untrained network's says nothing about the run.
    evaluation = facts.latest.evaluation.flatMap { $0.step > 0 || planned == 0 ? $0 : nil }
    state =
      if isHeld { .training } else if isAtItsEnd { .finished } else if facts.holding == .free {
        .stopped
      } else {
        .orphaned
      }
    endedAt = isHeld ? nil : facts.latest.written
  }

  /// Looks at one run.
  ///
  /// - Throws: `StudyError` where the folder is not that of a run.
  public init(_ folder: RunFolder) throws {
    let contents: FolderContents
    do {
      contents = try FolderContents(FilePath(folder: folder.path, []))
    } catch {
      guard case .unreadable(let path, let reason) = error else { throw error }
      throw StudyError.unreadable(path: path, reason: reason)
    }
    let names = Set(contents.entries.map(\.name))
    guard RunFolder.isRun(names) else { throw StudyError.notARun(path: folder.path) }
    let facts = RunFacts(folder, names: names, name: ".")
    self.init(facts, isHeld: facts.holding.isAlive(at: FolderClaim.time(in: folder.path)))
  }

  public var path: String { folder.path }

  /// The epoch of the last step, from 0.
  public var epoch: Int? { training?.epoch ?? evaluation?.epoch }
  /// Weighted k-NN top-1 in percent at the newest evaluation.
  public var knn: Double? { evaluation?.top1 }
  /// k-NN top-1 in percent with k = 1 and Euclidean distances.
  public var nearest: Double? { evaluation?.nearestTop1 }
  /// Top-1 in percent of the probe that learned beside the network.
  var probe: Double? { evaluation?.probeTop1 }
  /// Top-1 in percent of the classifier that the network was trained with.
  public var classifier: Double? { evaluation?.classifierTop1 }
  /// Top-1 of a linear classifier in percent.
  public var linear: Double? { linearEvaluation?.top1 }
  /// The objective with budget and bound loss, at the newest line.
  public var loss: Double? { training?.loss }
  /// What the steps took, in all sessions.
  public var seconds: Double? { training?.seconds }

  /// MACs as a share of the dense network's: of the test images where they were evaluated after the newest step, else
  /// of that step.
  public var macsShare: Double? {
    if let evaluation, evaluation.step >= training?.step ?? 0 { return evaluation.macsShare }
    return training?.macsShare
  }

  /// What the steps that are left would take at the run's mean speed; nil unless it trains.
  public var secondsLeft: Double? {
    guard state == .training, let training, let seconds, let steps, training.step > 0 else { return nil }
    return seconds / Double(training.step) * Double(max(0, steps - training.step))
  }

  /// What it was trained with.
  ///
  /// - Throws: `ConfigurationError`, also where its folder has none that this version reads.
  public func configuration() throws(ConfigurationError) -> ConfigurationFile {
    try folder.readConfiguration()
  }
}
