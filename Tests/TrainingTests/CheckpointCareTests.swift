import Collectives
import Foundation
import Foundations
import Logging
import Machine
import TestSupport
import Testing

@testable import Training

/// What looks after the checkpoints of a run.
@Suite struct CheckpointCareTests {
  private static func withRun(_ steps: [Int], _ body: (RunFolder) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder.path + "/run")
      for step in steps { try CheckpointTests.save(run.checkpoints, step: step) }
      try body(run)
    }
  }

  private static func damage(_ run: RunFolder, step: Int, by text: String = "weights of X") throws {
    try Data(text.utf8).write(
      to: URL(fileURLWithPath: run.checkpoints.path(ofStep: step) + "/model.safetensors"))
  }

  private static func prune(_ run: RunFolder, keep: Int, isDryRun: Bool = false) throws -> CheckpointPruning?
  {
    try CheckpointPruning.run(
      in: run, keeping: keep, isDryRun: isDryRun, on: .alone(),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func listsWhatIsThere() throws {
    try Self.withRun([1, 2, 3]) { run in
      try Self.damage(run, step: 2, by: "wei")
      let list = try CheckpointList(of: run, verifying: false)
      #expect(
        list.checkpoints.map(\.step) == [1, 2, 3] && list.checkpoints.map(\.isWhole) == [true, false, true])
      #expect(list.checkpoints.map(\.isLatest) == [false, false, true])
      #expect(
        list.text.split(separator: "\n")[2].hasSuffix(
          "model.safetensors: damaged: it has 3 bytes, its manifest says 12"), "\(list.text)")
      #expect(list.checkpoints[0].bytes > 24 && !list.areWhole)
    }
  }

  /// Only reading finds a byte that changed.
  @Test func verifyingReadsEveryByte() throws {
    try Self.withRun([1, 2]) { run in
      try Self.damage(run, step: 1)
      #expect(try CheckpointList(of: run, verifying: false).areWhole)
      var shares: [Double] = []
      let list = try CheckpointList(of: run, verifying: true) { shares.append($0) }
      #expect(list.checkpoints.map(\.isWhole) == [false, true] && !list.areWhole)
      #expect(
        list.checkpoints[0].problems.map { "\($0)" } == [
          "\(run.checkpoints.path(ofStep: 1))/model.safetensors: damaged: its SHA-256 is not that of its manifest"
        ])
      #expect(shares == shares.sorted() && shares.last == 1)
    }
  }

  @Test(arguments: ["link", "file", "none"]) func knowsWhereLatestLeads(kind: String) throws {
    try Self.withRun([1, 2]) { run in
      let latest = run.latestCheckpoint
      try DurableFiles.remove(latest)
      if kind == "link" { try DurableFiles.link(latest, to: "step-00000001") }
      if kind == "file" { try DurableFiles.write(Data("step-00000001\n".utf8), to: latest) }
      let list = try CheckpointList(of: run, verifying: false)
      #expect(list.checkpoints.map(\.isLatest) == [kind != "none", false])
    }
  }

  @Test func theNewestWholeOnesStay() throws {
    try Self.withRun([1, 2, 3, 4, 5]) { run in
      try Self.damage(run, step: 5)
      let plan = try #require(try Self.prune(run, keep: 2, isDryRun: true))
      #expect(plan.kept.map(\.step) == [3, 4] && plan.removed.map(\.step) == [1, 2, 5] && !plan.isDone)
      #expect(run.checkpoints.list().map(\.step) == [1, 2, 3, 4, 5])
      let done = try #require(try Self.prune(run, keep: 2))
      #expect(done.removed.map(\.step) == [1, 2, 5] && done.isDone)
      #expect(run.checkpoints.list().map(\.step) == [3, 4])
      // It led to the damaged one.
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: run.latestCheckpoint) == "step-00000004")
      #expect(try FileManager.default.contentsOfDirectory(atPath: run.path) == ["checkpoints"])
      #expect(try Self.prune(run, keep: 2)?.removed == [])
    }
  }

  @Test func nothingGoesWhereNoneIsWhole() throws {
    try Self.withRun([1, 2]) { run in
      for step in [1, 2] { try Self.damage(run, step: step) }
      let error = #expect(throws: AgreedFailure.self) { try Self.prune(run, keep: 1) }
      #expect(error.map { "\($0)" } == "\(NoCheckpoints.noneWhole(run: run.path))")
      #expect(run.checkpoints.list().count == 2)
    }
  }

  @Test(arguments: [true, false]) func nothingGoesWhileAJobHoldsTheFolder(isDryRun: Bool) throws {
    try Self.withRun([1, 2]) { run in
      let path = "\(run.path)/\(FolderClaim.fileName)"
      // A living process of this host that is not this one.
      let claim = try #require(try FolderClaim.take(run.path, force: false) { false })
      var holder = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any]
      )
      claim.release()
      let parent = getppid()
      let line = try String(contentsOfFile: "/proc/\(parent)/stat", encoding: .utf8)
      let start = String(line[line.index(after: line.lastIndex(of: ")")!)...].split(separator: " ")[19])
      var process = try #require(holder["process"] as? [String: Any])
      (process["pid"], process["start"]) = (Int(parent), start)
      holder["process"] = process
      try JSONSerialization.data(withJSONObject: holder).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: AgreedFailure.self) { try Self.prune(run, keep: 1, isDryRun: isDryRun) }
      #expect(error.map { "\($0)".contains("is in use by process \(parent)") } == true)
      #expect(run.checkpoints.list().map(\.step) == [1, 2])
    }
  }

  @Test func aFolderWithoutCheckpointsIsASentence() throws {
    try withTemporaryFolder { folder in
      let run = RunFolder(folder.path + "/none")
      let sentence = "\(run.path) holds no checkpoints/step-…: name the folder of a run that has saved one"
      let listed = #expect(throws: NoCheckpoints.self) { try CheckpointList(of: run, verifying: true) }
      let pruned = #expect(throws: AgreedFailure.self) { try Self.prune(run, keep: 1) }
      #expect(listed.map { "\($0)" } == sentence && pruned.map { "\($0)" } == sentence)
      #expect(!FileManager.default.fileExists(atPath: run.path))
    }
  }
}
