import Datasets
import Foundation
import Foundations
import Machine
import Metrics
import Training

/// What the folder of a run holds, as it is read.
struct RunFacts: Sendable {
  let folder: RunFolder
  let name: String
  let holding: FolderHolding
  let sessions: [SessionFacts]
  let checkpoints: [Int]
  let latest: LatestMetrics
  let linear: RecordedEvaluation?

  /// - Parameters:
  ///   - names: Of what the folder holds: files that are not there need not be asked for.
  ///   - name: Below the folder that was searched.
  init(_ folder: RunFolder, names: Set<ByteName>, name: String) {
    func has(_ path: String) -> Bool {
      // Foundation's path components would ask the disk.
      names.contains(ByteName(path.utf8.split(separator: UInt8(ascii: "/")).last!))
    }
    self.folder = folder
    self.name = name
    // What cannot be looked into is nobody's, for all that can be seen.
    holding = has(FolderClaim.fileName) ? (try? FolderClaim.holding(of: folder.path)) ?? .free : .free
    sessions = has(folder.environment) ? SessionFacts.all(in: folder.environment) : []
    checkpoints = has(folder.checkpoints.folder) ? folder.checkpoints.list().map(\.step) : []
    latest = (has(folder.metrics) ? try? LatestMetrics(endOf: folder.metrics) : nil) ?? LatestMetrics()
    linear = has(folder.linearEvaluation) ? RecordedEvaluation(contentsOf: folder.linearEvaluation) : nil
  }

  /// The step at which a run of an older version, which did not record its plan, has ended; nil: it has not, or nobody
  /// can tell.
  var recordedEnd: Int? {
    guard let saved = checkpoints.last,
      let configuration = try? folder.readConfiguration().resolved(imageSize: 32)
    else { return nil }
    if configuration.maxSteps == saved { return saved }
    // The last evaluation is that of the last epoch's end.
    guard let evaluation = latest.evaluation, evaluation.step == saved, saved > 0 else { return nil }
    return evaluation.epoch == configuration.epochs - 1 ? saved : nil
  }
}
