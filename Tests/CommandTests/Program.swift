import Foundation
import RegexBuilder
import TestSupport
import Testing

/// The built program, started as a person starts it: alone, or on several ranks of this machine.
enum Program {
  /// Built beside the tests.
  static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("sluice").path

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The configurations that come with the program.
  static let configurations = root.appendingPathComponent("configs")

  /// What a run left behind.
  struct Output {
    /// 124: it was still there when patience ended.
    let status: Int32
    let result: String
    let errors: String

    /// The program's own lines on standard error, without mpirun's notices, which it frames in dashes, and what its
    /// libraries say where ranks end while it looks at them or answers them: libevent's warnings, and PMIx's error in
    /// Open MPI 5.
    var lines: [String] {
      var isNotice = false
      return errors.split(separator: "\n").map(String.init).filter { line in
        if line.count > 60, line.allSatisfy({ $0 == "-" }) {
          isNotice.toggle()
          return false
        }
        let isLibrarys =
          line.hasPrefix("[warn] Epoll ")
          || line.contains(
            #/^\[\S+:\d+\] PMIX ERROR: PMIX_ERR_UNREACH in file \S+/pmix_server\.c at line \d+$/#)
        return !isNotice && !isLibrarys
      }
    }
    var warnings: [String] { lines.filter { $0.hasPrefix("warning: ") } }

    /// The one JSON object on standard output.
    func object() throws -> [String: Any] {
      try #require(result.split(separator: "\n").count == 1, "not one line: \(result)")
      let value = try JSONSerialization.jsonObject(with: Data(result.utf8))
      return try #require(value as? [String: Any], "not an object: \(result)")
    }
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - seconds: When patience ends.
  ///   - environment: Is added to this process's.
  ///   - errors: Gets standard error instead of the output's `errors`.
  ///   - shell: What bash does in each rank's process before the program takes its place.
  static func run(
    _ arguments: [String], ranks: Int = 1, seconds: Int = 120, environment: [String: String] = [:],
    errors: FileHandle? = nil, after shell: String? = nil
  ) throws -> Output {
    try Job(
      arguments, ranks: ranks, seconds: seconds, environment: environment, errors: errors, after: shell
    ).wait()
  }
}

/// The words of a command line without quotes.
func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

/// A start of the program that is still running.
final class Job {
  private let process = Process()
  private let folder: URL
  private let arguments: [String]

  /// - Parameters:
  ///   - ranks: More than one needs mpirun.
  ///   - shell: What bash does in each rank's process before the program takes its place.
  init(
    _ arguments: [String], ranks: Int = 1, seconds: Int = 120, environment: [String: String] = [:],
    errors: FileHandle? = nil, after shell: String? = nil
  ) throws {
    try #require(
      FileManager.default.isExecutableFile(atPath: Program.path), "\(Program.path) was not built")
    self.arguments = arguments
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Without the last option mpirun sleeps for a second after each job that failed.
    let launch = [
      "mpirun", "-np", "\(ranks)", "--oversubscribe", "--bind-to", "none",
      "--mca", "mpi_yield_when_idle", "1", "--mca", "odls_base_sigkill_timeout", "0",
    ]
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let program = shell.map { ["bash", "-c", "\($0); exec \"$0\" \"$@\"", Program.path] } ?? [Program.path]
    process.arguments =
      ["timeout", "--kill-after=10", "\(seconds)"] + (ranks > 1 ? launch : []) + program + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      getuid() == 0 ? ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"] : [:]
    ) { $1 }.merging(environment) { $1 }
    process.currentDirectoryURL = folder
    // Files rather than pipes: nothing blocks when nobody reads.
    process.standardOutput = try emptyFile("output")
    let ownErrors = try emptyFile("errors")
    process.standardError = errors ?? ownErrors
    process.standardInput = FileHandle.nullDevice
    // Threads that run tests block signals, which a child would inherit.
    var (none, blocked) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &blocked)
    defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func wait() throws -> Program.Output {
    process.waitUntilExit()
    return Program.Output(
      status: process.terminationStatus, result: try text("output"), errors: try text("errors"))
  }

  var isRunning: Bool { process.isRunning }

  /// Whether the job has said this on standard error.
  func hasSaid(_ words: some RegexComponent) -> Bool { (try? text("errors").contains(words)) ?? false }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  /// The process that was started first: `timeout`, which hands signals on to its child and to its group.
  var outermost: pid_t { process.processIdentifier }

  /// mpirun, where there are several ranks, under whatever name: Open MPI 5 has prterun take its place.
  var launcher: pid_t? {
    guard let rank = ranks.first,
      let status = try? String(contentsOfFile: "/proc/\(rank)/status", encoding: .utf8)
    else { return nil }
    return status.firstMatch(of: #/\nPPid:\t(\d+)\n/#).flatMap { pid_t($0.1) }
  }

  /// The ranks of this job: processes of the program with its arguments, which name a folder of its own.
  var ranks: [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
      return line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } == [Program.path]
        + arguments
    }.sorted()
  }

  /// Sleeps until `condition` holds.
  ///
  /// - Throws: `Impatience` after a minute, or when the job has ended before.
  func wait(until condition: () -> Bool) throws {
    let end = Date().addingTimeInterval(60)
    while !condition() {
      guard isRunning, Date() < end else { throw Impatience(wasRunning: isRunning) }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  struct Impatience: Error { let wasRunning: Bool }

  private func emptyFile(_ name: String) throws -> FileHandle {
    let url = folder.appendingPathComponent(name)
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }
}
