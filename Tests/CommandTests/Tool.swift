import Foundation
import TestSupport

/// Another program of this machine.
enum Tool {
  /// Standard output, and the exit status: 127 if there is no such program.
  static func run(
    _ words: [String], in folder: URL = Program.root
  ) throws -> (status: Int32, result: String, errors: String) {
    let process = Process()
    let (output, errors) = (
      Pipe(), FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    )
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let result = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, result, try String(contentsOf: errors, encoding: .utf8))
  }

  static func isInstalled(_ name: String) -> Bool { (try? run([name, "--version"]).status == 0) ?? false }

  /// Whether Python finds a package.
  static func hasPythonPackage(_ name: String) -> Bool {
    (try? run(["python3", "-c", "import \(name)"]).status == 0) ?? false
  }

  struct Failed: Error {
    let words: [String]
    let errors: String
  }

  /// Runs a program that has to succeed.
  static func succeed(_ words: [String]) throws {
    let output = try run(words)
    guard output.status == 0 else { throw Failed(words: words, errors: output.errors) }
  }

  /// The environment that has a library of this C code loaded before all others.
  static func preloading(_ code: String, in folder: URL) throws -> [String: String] {
    let (source, library) = (
      folder.appendingPathComponent("preloaded.c"), folder.appendingPathComponent("preloaded.so")
    )
    try code.write(to: source, atomically: true, encoding: .utf8)
    try succeed(["clang", "-shared", "-fPIC", "-o", library.path, source.path, "-ldl"])
    return ["LD_PRELOAD": library.path]
  }

  /// Whether this process may mount: root may, but not in every container.
  static let canMount: Bool =
    (try? withTemporaryFolder { (folder) -> Void in
      try succeed(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.path])
      try succeed(["umount", folder.path])
    }) != nil
}
