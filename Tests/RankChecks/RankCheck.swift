import Collectives
import Foundation

/// One statement about what ranks do together. Every rank runs every check, in the same order.
struct RankCheck: Sendable {
  let name: String
  /// Why the check would say nothing on so many ranks, and is skipped; nil: it is run.
  let obstacle: @Sendable (_ worldSize: Int) -> String?
  /// Throws what is wrong as seen from this rank.
  let body: @Sendable (Communicator) throws -> Void

  init(_ name: String, minimumRanks: Int = 1, _ body: @escaping @Sendable (Communicator) throws -> Void) {
    self.init(name, obstacle: { $0 < minimumRanks ? "needs \(minimumRanks) ranks, has \($0)" : nil }, body)
  }

  init(
    _ name: String, obstacle: @escaping @Sendable (_ worldSize: Int) -> String?,
    _ body: @escaping @Sendable (Communicator) throws -> Void
  ) {
    self.name = name
    self.obstacle = obstacle
    self.body = body
  }

  /// A check that cannot be made.
  init(_ name: String, skippedBecause reason: String) {
    self.init(name, obstacle: { _ in reason }) { _ in }
  }
}

/// Something that should have held, in words.
struct Unmet: Error, CustomStringConvertible {
  let description: String
}

/// Throws `Unmet` unless `condition` holds.
func expect(_ condition: Bool, _ statement: @autoclosure () -> String) throws {
  guard condition else { throw Unmet(description: statement()) }
}

/// Runs checks on all ranks and agrees on each verdict.
struct RankCheckRun {
  let world: Communicator
  var passed = 0
  var failed = 0

  mutating func run(_ checks: [RankCheck]) throws {
    for check in checks {
      if let obstacle = check.obstacle(world.worldSize) {
        report("skipped: \(check.name) (\(obstacle))")
        continue
      }
      // Unbuffered, so that after a hang the last line names the check.
      announce("check: \(check.name)")
      var complaint = ""
      do { try check.body(world) } catch { complaint = "\(error)" }
      let complaints = try world.gatherEach(complaint)
      if complaints.allSatisfy(\.isEmpty) {
        passed += 1
      } else {
        failed += 1
        report("FAILED: \(check.name)")
        for (rank, text) in complaints.enumerated() where !text.isEmpty { report("  rank \(rank): \(text)") }
      }
    }
  }

  /// Prints a line on standard output, once for the job.
  func report(_ line: String) {
    if world.rank == 0 { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
  }

  /// Prints a line on standard error, once for the job.
  private func announce(_ line: String) {
    if world.rank == 0 { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
  }
}
