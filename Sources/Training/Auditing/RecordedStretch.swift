import Foundations
import Metrics

/// A stretch of a run's steps between two places that the run left a record of: it can be taken again and compared.
public struct RecordedStretch: Codable, Equatable, Sendable {
  /// What the run recorded of a step.
  struct Mark: Codable, Equatable, Sendable {
    /// `audit` or `checkpoint`.
    let name: String
    /// SHA-256 of the network's file.
    let network: String
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
      marks[record.step, default: []].append(.init(name: "audit", network: record.network))
    }
    var starts: [(step: Int, path: String?)] = [(0, nil)]
    for (step, path) in checkpoints.list() {
      do throws(CheckpointError) {
        let manifest = try CheckpointManifest(in: path)
        try manifest.verify(folder: path)
        if let model = manifest.files[Checkpoint.modelFile] {
          marks[step, default: []].append(.init(name: "checkpoint", network: model.sha256))
        }
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
