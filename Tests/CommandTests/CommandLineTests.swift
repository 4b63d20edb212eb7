import Foundation
import Testing

/// Everything that is shown by starting the program: one start at a time, as ranks fight for cores.
@Suite(.serialized, .enabled(if: isMPIRunInstalled, "mpirun is not installed: scripts/setup installs it"))
enum CommandLineTests {}

private let isMPIRunInstalled =
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  .contains { FileManager.default.isExecutableFile(atPath: "\($0)/mpirun") }
