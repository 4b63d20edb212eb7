import Foundation

/// The job that scripts/launch started this process for, where it is on the same machine.
///
/// `SLUICE_JOB` names a folder there. Its name is in the environment of every process of the job, and of no other; files
/// in it tell the script what it cannot see.
public struct LaunchedJob: Sendable {
  private let folder: String

  /// What the script is told, by the file's name.
  public enum Note: String, Sendable {
    /// A rank that runs, or ran: its process's number and the namespace that this is from.
    case started
    /// The folder of the run that is under way.
    case run
    /// Why a rank has ended the job, which its launcher may not notice.
    case failed
    /// The exit code that every rank is about to end with.
    case ended
  }

  /// nil: another started it, or on another machine.
  public static let current: LaunchedJob? = ProcessInfo.processInfo.environment["SLUICE_JOB"].flatMap {
    access($0, W_OK) == 0 ? LaunchedJob(folder: $0) : nil
  }

  /// Tells that this process is a rank, so that the script sees it end where the launcher does not.
  public func noteStart() {
    let process = RunningProcess.current
    note(.started, "\(process.number) \(process.namespace)")
  }

  /// Leaves a line. One that cannot be written is lost: nobody's result depends on it.
  public func note(_ note: Note, _ line: String) {
    try? Data("\(line)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(note.rawValue)"))
  }
}
