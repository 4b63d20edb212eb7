import Foundations
import Metrics

/// A stretch of a run's steps between two places that the run left a record of: it can be taken again and compared.
public struct RecordedStretch: Codable, Equatable, Sendable {
  /// What the run recorded of a step.
  enum Mark: Codable, Equatable, Sendable {
    /// SHA-256 of the network's values, of an audit.
    case audit(network: String)
    /// SHA-256 of the network's file in a checkpoint.
    case checkpoint(model: String)

    var name: String {
      switch self {
      case .audit: "audit"
      case .checkpoint: "checkpoint"
      }
    }
  }

  /// The checkpoint that it begins with; nil: the run's beginning.
  public let start: String?
  /// The step that the stretch begins after.
  public let firstStep: Int
  public let lastStep: Int
  /// Of `lastStep`.
  let marks: [Mark]
}

extension RunFolder {
  /// The stretches that records divide a run into, in their order. Where damaged or removed checkpoints leave a gap, a
  /// stretch begins earlier, and those of one start overlap.
  ///
  /// - Parameter warn: Told about damaged checkpoints.
  func recordedStretches(warn: (String) -> Void) -> [RecordedStretch] {
    var marks: [Int: [RecordedStretch.Mark]] = [:]
    for record in AuditRecord.all(in: audits) {
      marks[record.step, default: []].append(.audit(network: record.network))
    }
    var starts: [(step: Int, path: String?)] = [(0, nil)]
    for (step, path) in checkpoints.list() {
      do throws(CheckpointError) {
        try CheckpointStore.verify(path)
        let model = try CheckpointManifest(in: path).files[Checkpoint.modelFile]
        if let model { marks[step, default: []].append(.checkpoint(model: model.sha256)) }
        starts.append((step, path))
      } catch {
        warn("skipping a checkpoint: \(error)")
      }
    }
    return marks.keys.sorted().filter { $0 > 0 }.map { step in
      let start = starts.last { $0.step < step } ?? starts[0]
      return RecordedStretch(
        start: start.path, firstStep: start.step, lastStep: step, marks: marks[step] ?? [])
    }
  }
}
