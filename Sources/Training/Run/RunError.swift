/// Why a run could not start, resume or end, in one sentence.
public enum RunError: Error, Equatable, CustomStringConvertible {
  /// A run folder or checkpoint of a run whose result other values decide.
  case otherConfiguration(folder: String, differences: [String])
  /// A checkpoint of a run over other images, or the same in another order; digests as in `DataParts`.
  case otherData(folder: String, old: String, new: String?)
  /// A run that began under another mask, or under none.
  case otherMask(checkpoint: String, mask: String, hadOne: Bool)
  /// `--resume never` on a folder that holds checkpoints.
  case alreadyStarted(folder: String)
  /// Every checkpoint of the folder is damaged.
  case noWholeCheckpoint(folder: String, problems: [String])
  /// There is nothing that steps which are taken again could be compared with.
  case nothingRecorded(folder: String)
  /// Nothing was recorded at this step or later.
  case stepNotReached(step: Int, last: Int, folder: String)
  /// Something was recorded after more steps than the run's configuration has.
  case recordedBeyondEnd(step: Int, last: Int, folder: String)
  /// The run's first weights were not those of its seed, or pruned, and no checkpoint comes before the record.
  case beganElsewhere(folder: String)
  /// What a run ends with could not be written; `needsRoom`: for want of space alone.
  case unsaved(step: Int, problem: String, needsRoom: Bool, newest: String?)

  public var description: String {
    switch self {
    case .otherConfiguration(let folder, let differences):
      "\(folder) holds a run with a different configuration (\(differences.joined(separator: "; "))): "
        + "choose another folder with --run, or restore the old values"
    case .otherData(let folder, let old, let new):
      "\(folder) holds a run on different data (file list SHA-256 \(old.prefix(12)) → \(new?.prefix(12) ?? "none")): "
        + "files have been added, removed or renamed since: restore them, or choose another folder with "
        + "--run"
    case .otherMask(let checkpoint, let mask, let hadOne):
      "\(checkpoint) is of a run that trains \(hadOne ? "under another mask than \(mask)" : "without a mask"): "
        + "choose another folder with --run, or leave out --mask"
    case .alreadyStarted(let folder):
      "\(folder) holds checkpoints of an earlier run: resume from them with --resume auto, or choose another "
        + "folder with --run"
    case .noWholeCheckpoint(let folder, let problems):
      "\(folder) holds no intact checkpoint (\(problems.joined(separator: "; "))): choose another "
        + "folder with --run"
    case .nothingRecorded(let folder):
      "\(folder) holds nothing to compare steps with: no whole checkpoint, no audit and no step that ended the run"
    case .stepNotReached(let step, let last, let folder):
      "nothing in \(folder) is recorded at step \(step) or later: the last record is of step \(last)"
    case .recordedBeyondEnd(let step, let last, let folder):
      "\(folder) holds a record of step \(step), and a run of its configuration has \(last) steps: the records or "
        + "config.yaml are of another run"
    case .beganElsewhere(let folder):
      "\(folder) is of a run that began with given weights or a mask, so only steps after its first checkpoint can be taken again"
    case .unsaved(let step, let problem, let needsRoom, let newest):
      "after step \(step): \(problem); "
        + (newest.map { "the newest checkpoint is \($0)" } ?? "there is no checkpoint")
        + "; \(needsRoom ? "free some space" : "mend that") and run the same command again"
    }
  }
}
