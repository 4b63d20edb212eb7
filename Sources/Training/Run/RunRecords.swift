import Configurations
import Foundation
import Foundations
import Images
import Machine
import Metrics
import Tensors

/// What rank 0 writes into the run's folder while the run trains.
///
/// A disk that is full, gone or read-only does not end the training: each kind of fault is told once, what the logs
/// should say waits, the next checkpoint is tried, and a folder that vanished is made anew where its parent is
/// there. Only what the run ends with has to be written.
///
/// Checkpoints are written while training goes on; what became of them is told between steps.
final class RunRecords {
  private let folder: RunFolder
  private let claim: FolderClaim?
  private let configuration: Configuration
  private let environment: Data
  private let warn: (String) -> Void
  private let metrics: MetricsWriter
  /// With metrics, which come first.
  private let logs: [any RunLog]
  private let checkpoints: CheckpointWriter
  private var faults = FaultLog()
  /// The checkpoint that is being written.
  private var underWay: BackgroundResult<CheckpointWriter.Outcome>?
  /// The step of the newest checkpoint that this session has saved.
  private(set) var savedStep: Int?
  /// Whether a checkpoint was saved after which the logs have not been synced.
  private var owesSync = false

  /// How long the end of a run waits for somebody to make room.
  private static let patience = Duration.seconds(300)
  private let rest: Duration

  /// - Parameters:
  ///   - claim: On the folder; once it is lost, nothing more is written.
  ///   - environment: The contents of `environment.json`.
  ///   - gates: What the logs call the gates, see `Blueprint.gateLabels`.
  ///   - resumedStep: The step that the run goes on from; nil: it begins.
  ///   - rest: Between two trials to write what the run ends with.
  ///   - warn: Told about faults.
  /// - Throws: `UnwritableFile`.
  init(
    _ folder: RunFolder, claim: FolderClaim?, of configuration: Configuration, environment: Data,
    gates: [String], resumedStep: Int?, rest: Duration = .seconds(5), warn: @escaping (String) -> Void
  ) throws {
    self.folder = folder
    self.claim = claim
    self.configuration = configuration
    self.environment = environment
    self.rest = rest
    self.warn = warn
    // The step that it tells of is taken again.
    try DurableFiles.remove(folder.nonFinite)
    metrics = try MetricsWriter(path: folder.metrics, resumedStep: resumedStep)
    let process = RunningProcess.current
    logs = [
      metrics, try MetricsTable(path: folder.table, gates: gates, resumedStep: resumedStep),
      try EventLog(
        folder: folder.path, host: process.hostName, process: process.number, gates: gates,
        resumedStep: resumedStep),
      try StepRecordLog(AuditRecord.self, path: folder.audits, resumedStep: resumedStep),
      try StepRecordLog(RankTimesRecord.self, path: folder.rankTimes, resumedStep: resumedStep),
    ]
    checkpoints = CheckpointWriter(
      store: folder.checkpoints, keep: configuration.checkpoint.keep, logs: logs.map(\.path))
  }

  /// The lines of metrics that were there when the run went on.
  var keptLines: [MetricsWriter.KeptLine] { metrics.kept }

  /// What the steps of earlier sessions took: as recorded, stretched to steps after the last line.
  ///
  /// - Parameter step: Those that were taken.
  /// - Returns: nil where they did not record it.
  func earlierSeconds(before step: Int) -> Double? {
    guard let last = keptLines.last(where: { !$0.isEvaluation }), let seconds = last.seconds else {
      return nil
    }
    return seconds * Double(step) / Double(last.step)
  }

  // MARK: While it trains

  func record(_ entry: LogEntry) throws {
    try recording { log throws(UnwritableFile) in try log.write(entry) }
    if case .evaluation(let evaluation) = entry, let usage = UsagePicture(of: evaluation.gates) {
      try record(usage.image, as: "evaluation/usage", step: evaluation.step)
    }
  }

  /// Records a picture, unless it is too large for a PNG.
  func record(_ image: RGBImage, as tag: String, step: Int) throws {
    guard let png = try? image.pngData() else { return }
    try record(
      .picture(
        LogPicture(
          tag: tag, step: step, timestamp: currentTimestamp(), width: image.width, height: image.height,
          png: Data(png))))
  }

  /// Replaces what is known in detail about the newest evaluation.
  func record(details: JSONValue) throws {
    try claim?.requireMine()
    do throws(UnwritableFile) {
      try DurableFiles.replace(folder.evaluation, by: Data((details.line + "\n").utf8))
      _ = faults.worked(.evaluation)
    } catch {
      if faults.failed(.evaluation, reason: error.reason) { warn("\(error); training continues without it") }
    }
  }

  /// Records the step that the run ends with.
  ///
  /// - Returns: Whether it could be written, which is told if not.
  func record(_ end: NonFiniteStep) throws -> Bool {
    try claim?.requireMine()
    do throws(UnwritableFile) {
      try DurableFiles.replace(folder.nonFinite, by: end.data)
      return true
    } catch {
      warn("\(error)")
      return false
    }
  }

  /// Begins to save a checkpoint, after the one before it. That it could not be saved is told when this is known.
  ///
  /// - Throws: `FolderLost`.
  func beginSaving(step: Int, _ files: [CheckpointStore.File]) throws {
    awaitSaving()
    try claim?.requireMine()
    do throws(UnwritableFile) {
      try requireFolder()
    } catch {
      return note(.init(step: step, fault: error))
    }
    underWay = checkpoints.begin(step: step, files)
  }

  /// Tells what became of the checkpoint that was under way, if that is known by now.
  ///
  /// - Throws: `FolderLost`.
  func lookAfterSaving() throws {
    if let outcome = underWay?.ifMade { note(outcome) }
    guard owesSync else { return }
    owesSync = false
    try recording { log throws(UnwritableFile) in try log.sync() }
  }

  /// Waits until no checkpoint is under way, and tells what became of it.
  func awaitSaving() {
    if let outcome = underWay?.wait() { note(outcome) }
  }

  private func note(_ outcome: CheckpointWriter.Outcome) {
    underWay = nil
    let step = outcome.step
    if let fault = outcome.fault {
      if faults.failed(.checkpoints, reason: fault.reason) {
        warn(
          "\(fault); training continues without the checkpoint after step \(step); the next one will be tried"
        )
      }
      return
    }
    if faults.worked(.checkpoints) {
      warn("checkpoints can be written again; the one after step \(step) has been saved")
    }
    noteSaved(outcome)
    owesSync = true
  }

  /// - Parameter outcome: Of a checkpoint that is saved.
  private func noteSaved(_ outcome: CheckpointWriter.Outcome) {
    savedStep = outcome.step
    if let fault = outcome.linkFault {
      if faults.failed(.latest, reason: fault.reason) {
        warn("\(fault); the checkpoint after step \(outcome.step) is saved, and is found without it")
      }
    } else {
      _ = faults.worked(.latest)
    }
    if let fault = outcome.removalFault {
      if faults.failed(.removal, reason: "\(fault)") {
        warn("an old checkpoint could not be removed: \(fault)")
      }
    } else {
      _ = faults.worked(.removal)
    }
  }

  // MARK: At its end

  /// Saves the checkpoint that the run ends with, and all that the logs should say. If that is impossible it waits for
  /// somebody to make room.
  ///
  /// - Parameters:
  ///   - files: nil: that checkpoint was saved before.
  ///   - isStopRequested: Asked while it waits; true: it gives up.
  /// - Throws: `RunError.unsaved`, `FolderLost`.
  func finish(
    step: Int, _ files: [CheckpointStore.File]?, unless isStopRequested: () throws -> Bool
  ) throws {
    awaitSaving()
    if files == nil {
      try claim?.requireMine()
      noteSaved(checkpoints.leadLatest(to: step))
    }
    let end = ContinuousClock.now + Self.patience
    var isSaved = files == nil
    var isTold = false
    while true {
      let fault: UnwritableFile
      do {
        if let files, !isSaved { try save(step: step, files) }
        isSaved = true
        for log in logs { try log.sync() }
        return
      } catch let error as UnwritableFile {
        fault = error
      }
      let problem =
        "\(fault)" + (isSaved ? ", \(logs.reduce(0) { $0 + $1.waiting }) records are missing" : "")
      let remedy = fault.remedy
      if try remedy == .none || isStopRequested() || ContinuousClock.now >= end {
        throw RunError.unsaved(
          step: step, problem: problem, needsRoom: remedy == .room,
          newest: folder.checkpoints.list().last?.path)
      }
      if !isTold {
        warn(
          "\(problem); the run has ended and keeps trying for five minutes"
            + (remedy == .room ? ": free some space" : ""))
      }
      isTold = true
      let next = ContinuousClock.now + rest
      while ContinuousClock.now < next, try !isStopRequested() { Thread.sleep(forTimeInterval: 0.1) }
    }
  }

  // MARK: Parts

  /// Saves a checkpoint while training waits.
  ///
  /// - Throws: `FolderLost`, `UnwritableFile`.
  private func save(step: Int, _ files: [CheckpointStore.File]) throws {
    try claim?.requireMine()
    try requireFolder()
    let outcome = checkpoints.save(step: step, files)
    if let fault = outcome.fault { throw fault }
    noteSaved(outcome)
  }

  private func requireFolder() throws(UnwritableFile) {
    if try makeAnewIfVanished() { tellThatItVanished() }
  }

  /// Does `body` with each log, in which waits what cannot be written.
  private func recording(_ body: (any RunLog) throws(UnwritableFile) -> Void) throws {
    try claim?.requireMine()
    // If this fails, so does what follows.
    try? requireFolder()
    var works = true
    for log in logs {
      do throws(UnwritableFile) {
        try body(log)
      } catch {
        works = false
        if faults.failed(.logs, reason: error.reason) {
          warn("\(error); training continues and lines wait in memory")
        }
      }
    }
    if works, faults.worked(.logs) {
      let lost = logs.reduce(0) { $0 + $1.lost }
      warn(
        "metrics and events in \(folder.path) can be written again, "
          + (lost == 0 ? "no line is missing" : "\(lost) lines are lost"))
    }
  }

  private func makeAnewIfVanished() throws(UnwritableFile) -> Bool {
    guard try folder.makeAnewIfVanished(for: configuration, environment: environment) else { return false }
    claim?.renew()
    return true
  }

  private func tellThatItVanished() {
    warn("\(folder.path) disappeared and has been recreated; the checkpoints that were in it are lost")
  }
}
