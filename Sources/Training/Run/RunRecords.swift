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
final class RunRecords {
  private let folder: RunFolder
  private let claim: FolderClaim?
  private let configuration: Configuration
  private let environment: Data
  private let warn: (String) -> Void
  private let metrics: MetricsWriter
  /// With metrics, which come first.
  private let logs: [any RunLog]
  private var faults = FaultLog()

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
    metrics = try MetricsWriter(path: folder.metrics, resumedStep: resumedStep)
    let process = RunningProcess.current
    logs = [
      metrics, try MetricsTable(path: folder.table, gates: gates, resumedStep: resumedStep),
      try EventLog(
        folder: folder.path, host: process.hostName, process: process.number, gates: gates,
        resumedStep: resumedStep),
      try AuditLog(path: folder.audits, resumedStep: resumedStep),
    ]
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

  /// Tries to save a checkpoint and then removes what is older than `keep`; whether the checkpoint is there.
  func save(step: Int, _ files: [CheckpointStore.File]) throws -> Bool {
    do {
      try saveOnce(step: step, files)
    } catch let fault as UnwritableFile {
      if faults.failed(.checkpoints, reason: fault.reason) {
        warn(
          "\(fault); training continues without the checkpoint after step \(step); the next one will be tried"
        )
      }
      return false
    }
    if faults.worked(.checkpoints) {
      warn("checkpoints can be written again; the one after step \(step) has been saved")
    }
    try recording { log throws(UnwritableFile) in try log.sync() }
    removeOld(upTo: step)
    return true
  }

  // MARK: At its end

  /// Saves the checkpoint that the run ends with, and all that the logs should say. If that is impossible it waits for
  /// somebody to make room.
  ///
  /// - Parameters:
  ///   - isSaved: Whether that checkpoint was saved before.
  ///   - isStopRequested: Asked while it waits; true: it gives up.
  /// - Throws: `RunError.unsaved`.
  func finish(
    step: Int, _ files: [CheckpointStore.File], isSaved: Bool, unless isStopRequested: () throws -> Bool
  ) throws {
    let end = ContinuousClock.now + Self.patience
    var isSaved = isSaved
    var isTold = false
    while true {
      let fault: UnwritableFile
      do {
        if !isSaved { try saveOnce(step: step, files) }
        isSaved = true
        for log in logs { try log.sync() }
        return removeOld(upTo: step)
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

  private func saveOnce(step: Int, _ files: [CheckpointStore.File]) throws {
    try claim?.requireMine()
    if try makeAnewIfVanished() { tellThatItVanished() }
    let fault = try folder.checkpoints.save(step: step, files: files)
    if let fault {
      if faults.failed(.latest, reason: fault.reason) {
        warn("\(fault); the checkpoint after step \(step) is saved, and is found without it")
      }
    } else {
      _ = faults.worked(.latest)
    }
  }

  /// Does `body` with each log, in which waits what cannot be written.
  private func recording(_ body: (any RunLog) throws(UnwritableFile) -> Void) throws {
    try claim?.requireMine()
    // If this fails, so does what follows.
    if (try? makeAnewIfVanished()) == true { tellThatItVanished() }
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

  private func removeOld(upTo step: Int) {
    do throws(UnwritableFile) {
      try folder.checkpoints.removeOld(upTo: step, keep: configuration.checkpoint.keep)
      _ = faults.worked(.removal)
    } catch {
      if faults.failed(.removal, reason: "\(error)") {
        warn("an old checkpoint could not be removed: \(error)")
      }
    }
  }
}
