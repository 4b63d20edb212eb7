import Foundation
import Testing

/// A script of the repository, started in a folder of its own with an environment of its own: nothing of a
/// cluster that the tests happen to run on is seen.
struct Script {
  let name: String
  /// Where the script runs; holds what it is told to read.
  let folder: URL
  var environment: [String: String] = [:]
  /// The words of a command that starts the script somewhere else.
  var starter: [String] = []

  /// Leaves the script without any program of the system but the usual ones of every system.
  func hideSystem() throws -> [String: String] {
    let bin = folder.appendingPathComponent("bin")
    for tool in ["env", "bash", "awk", "basename", "cat", "dirname", "grep", "readlink", "sed", "true"] {
      try FileManager.default.createSymbolicLink(
        atPath: bin.appendingPathComponent(tool).path, withDestinationPath: "/usr/bin/\(tool)")
    }
    return ["PATH": bin.path]
  }

  /// Adds a program that the script finds before the system's: a shell script.
  func install(_ program: String, _ body: String) throws {
    let bin = folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    try write("\(program).text", "#!/bin/bash\n\(body)\n")
    // Written by another process: a test that forks meanwhile would inherit the open file, and a file that is open
    // for writing cannot be started.
    let copy = try Process.run(
      URL(fileURLWithPath: "/usr/bin/install"),
      arguments: [
        "--mode=755", folder.appendingPathComponent("\(program).text").path,
        bin.appendingPathComponent(program).path,
      ])
    copy.waitUntilExit()
    try #require(copy.terminationStatus == 0)
  }

  func write(_ file: String, _ text: String) throws {
    try text.write(to: folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
  }

  /// Runs the script to its end.
  ///
  /// - Parameters:
  ///   - input: What a pipe brings to it; nil: nothing.
  ///   - errors: Gets standard error instead of the output's `errors`.
  ///   - whileRunning: What happens meanwhile, with the script's process.
  func run(
    _ arguments: [String], input: String? = nil, errors otherErrors: FileHandle? = nil,
    whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> Program.Output {
    let process = Process()
    let script = Program.root.appendingPathComponent("scripts/\(name)")
    process.executableURL = starter.isEmpty ? script : URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = (starter.isEmpty ? [] : starter + [script.path]) + arguments
    process.currentDirectoryURL = folder
    // Open MPI 5 does not start without a home.
    process.environment = environment.merging([
      "PATH": "\(folder.path)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
      "HOME": folder.path,
    ]) { given, _ in given }
    let output = folder.appendingPathComponent("output")
    let errors = folder.appendingPathComponent("errors")
    for url in [output, errors] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try otherErrors ?? FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    if let input {
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try pipe.fileHandleForWriting.close()
      process.standardInput = pipe
    }
    // Tests run on threads that block signals, and a process inherits that.
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    do {
      try whileRunning(process)
    } catch {
      kill(process.processIdentifier, SIGKILL)
      throw error
    }
    process.waitUntilExit()
    return Program.Output(
      status: process.terminationStatus, result: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}
