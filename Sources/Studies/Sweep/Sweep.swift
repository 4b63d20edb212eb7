import Collectives
import Configurations
import Foundation
import Foundations
import Logging
import Progress
import Training

/// Makes the runs of a sweep, one after the other, or goes on with them. Every rank does the same.
///
/// Each is the run that `sluice pretrain` makes with the same values, bit for bit. What is finished is left alone.
public struct Sweep {
  private let plan: SweepPlan
  private let file: ConfigurationFile
  private let linear: (any LinearAccuracy)?
  private let communicator: Communicator
  private let display: ProgressDisplay
  private let log: Logger

  /// - Parameters:
  ///   - file: What all runs share.
  ///   - linear: nil: no linear classifier is trained.
  ///   - display: Rank 0 shows the progress of each run there.
  /// - Throws: The same `AgreedFailure` on every rank.
  public init(
    _ plan: SweepPlan, of file: ConfigurationFile, linear: (any LinearAccuracy)? = nil,
    on communicator: Communicator, display: ProgressDisplay, log: Logger
  ) throws {
    self.plan = plan
    self.file = try file.readingFiles(on: communicator)
    self.linear = linear
    self.communicator = communicator
    self.display = display
    self.log = log
  }

  /// Makes what is not there yet.
  ///
  /// - Parameters:
  ///   - index: Of the only run that is made; nil: all are.
  ///   - isForced: Whether folders are taken from other jobs that seem to be alive.
  /// - Returns: On rank 0 what came of the runs that were asked for; nil on others.
  /// - Throws: `RunStopped`, `TrainingFailure` or `AgreedFailure` on every rank, or what failed on this rank alone.
  public func run(only index: Int? = nil, force isForced: Bool) throws -> SweepReport? {
    let members = index.map { [plan.members[$0]] } ?? plan.members
    let runs = StudyRuns(communicator: communicator, display: display, log: log, isForced: isForced)
    // A folder that other values decide is refused before the first run.
    let files = try communicator.agree { try members.map { try file.applying($0.settings) } }
    let isDone = try zip(members, files).map { try runs.hasFinished($0.folder, as: $1) }
    for (number, member) in members.enumerated() {
      if !isDone[number] {
        runs.say("\(title(of: member)), in \(member.folder.path)")
        try runs.make(files[number], in: member.folder)
      }
      guard let linear else { continue }
      try runs.measure(
        member.folder, by: linear, keptIn: member.folder.linearEvaluation,
        title: "\(title(of: member)): training a linear classifier")
    }
    return try communicator.onRoot { _ in
      let report = SweepReport(
        members.map { SweepReport.Row($0, try? FoundRun($0.folder)) },
        targets: plan.targets.filter { target in members.contains { $0.target == target } })
      if index == nil { try write(report) }
      return report
    }
  }

  private func title(of member: SweepPlan.Member) -> String {
    "run \(member.index + 1) of \(plan.members.count): "
      + (member.target == 1 ? "dense" : "target \(SweepPlan.text(member.target))") + ", seed \(member.seed)"
  }

  private func write(_ report: SweepReport) throws(UnwritableFile) {
    try DurableFiles.replace("\(plan.folder)/sweep.csv", by: Data(report.csv.utf8))
    try DurableFiles.replace("\(plan.folder)/sweep.json", by: Data((report.json.line + "\n").utf8))
  }
}
