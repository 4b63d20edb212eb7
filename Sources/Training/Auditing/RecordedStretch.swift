import Foundations
import Metrics

/// A stretch of a run's steps between two places that the run left a record of: it can be taken again and compared.
public struct RecordedStretch: Codable, Equatable, Sendable {
  /// What steps come to.
  enum Outcome: Codable, Equatable, Sendable {
    /// SHA-256 of the network's file.
    case network(String)
    /// A value that is not finite: in the last step, at this layer, or in this tensor after the update.
    case nonFinite(layer: String)
  }

  /// What the run recorded of a step.
  struct Mark: Codable, Equatable, Sendable {
    /// `audit`, `checkpoint` or `failure`.
    let name: String
    let outcome: Outcome
  }

  /// The checkpoint that it begins with; nil: the run's beginning.
  public let start: String?
  /// The step that the stretch begins after.
  public let firstStep: Int
  public let lastStep: Int
  /// Of `lastStep`.
  let marks: [Mark]

  /// The layer or tensor of the value with which the run ended; nil: it did not end here.
  var failedLayer: String? {
    marks.lazy.compactMap { if case .nonFinite(let layer) = $0.outcome { layer } else { nil } }.first
  }
}

extension RunFolder {
  /// The stretches that records divide a run into, in their order. Where damaged or removed checkpoints leave a gap, a
  /// stretch begins earlier, and those of one start overlap.
  ///
  /// - Parameter warn: Told about damaged checkpoints.
  func recordedStretches(warn: (String) -> Void) -> [RecordedStretch] {
    var marks: [Int: [RecordedStretch.Mark]] = [:]
    for record in AuditRecord.all(in: audits) {
      marks[record.step, default: []].append(.init(name: "audit", outcome: .network(record.network)))
    }
    if let end = NonFiniteStep(contentsOf: nonFinite) {
      marks[end.step, default: []].append(.init(name: "failure", outcome: .nonFinite(layer: end.layer)))
    }
    var starts: [(step: Int, path: String?)] = [(0, nil)]
    for (step, path) in checkpoints.list() {
      do throws(CheckpointError) {
        let manifest = try CheckpointManifest(in: path)
        try manifest.verify(folder: path)
        if let model = manifest.files[Checkpoint.modelFile] {
          marks[step, default: []].append(.init(name: "checkpoint", outcome: .network(model.sha256)))
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
