import Configurations
import Foundation
import Machine
import Metrics
import TestSupport
import Testing

@testable import Training

/// What rank 0 writes, while its disk has faults: a file in the place of a folder is one that anybody can make.
@Suite struct RunRecordsTests {
  final class Run {
    let folder: RunFolder
    let records: RunRecords
    private(set) var warnings: [String] = []

    init(in parent: URL, claim: FolderClaim? = nil) throws {
      folder = RunFolder(parent.path + "/run")
      var configuration = Configuration(dataSource: "shapes")
      configuration.checkpoint.keep = 2
      let environment = Data("{}".utf8)
      try folder.prepare(for: configuration, environment: environment)
      var warn: (String) -> Void = { _ in }
      records = try RunRecords(
        folder, claim: claim, of: configuration, environment: environment, gates: [], resumedStep: nil,
        rest: .zero
      ) { warn($0) }
      warn = { [unowned self] in warnings.append($0) }
    }

    func record(_ step: Int) throws {
      try records.record(
        .training(
          TrainingMetrics(
            step: step, epoch: 0, loss: 1, objective: 1, budget: 0, bound: 0, macsShare: 1, density: [],
            learningRate: 1, imagesPerSecond: 1)))
    }

    func files(_ step: Int) -> [CheckpointStore.File] {
      [.init(name: "state.json") { Data("\(step)".utf8) }]
    }

    /// Whether it comes to be saved.
    func save(_ step: Int) throws -> Bool {
      try records.beginSaving(step: step, files(step))
      records.awaitSaving()
      try records.lookAfterSaving()
      return records.savedStep == step
    }

    func steps() throws -> [Int] {
      try MetricsWriter(path: folder.metrics, resumedStep: .max).kept.map(\.step)
    }

    /// Puts a file in the place of the folder with checkpoints, or the folder back.
    func setBroken(_ isBroken: Bool) throws {
      let (path, aside) = (folder.checkpoints.folder, folder.path + "/aside")
      if isBroken {
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        try Data().write(to: URL(fileURLWithPath: path))
      } else {
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
      }
    }
  }

  @Test func aCheckpointThatFailsIsToldOnceAndTheNextIsTried() throws {
    try withTemporaryFolder { parent in
      let run = try Run(in: parent)
      for step in 1...3 { #expect(try run.save(step)) }
      #expect(run.folder.checkpoints.list().map(\.step) == [2, 3])
      try run.setBroken(true)
      #expect(try !run.save(4) && !run.save(5))
      let path = run.folder.checkpoints.folder
      #expect(
        run.warnings == [
          "\(path): cannot be written: Not a directory; training continues without the checkpoint after "
            + "step 4; the next one will be tried"
        ])
      try run.setBroken(false)
      #expect(run.folder.checkpoints.newestValid().path == run.folder.checkpoints.path(ofStep: 3))
      #expect(try run.save(6))
      #expect(
        run.warnings.dropFirst() == ["checkpoints can be written again; the one after step 6 has been saved"])
      #expect(run.folder.checkpoints.list().map(\.step) == [3, 6])
      try run.setBroken(true)
      #expect(try !run.save(7))
      #expect(run.warnings.count == 3, "the next fault is told again")
    }
  }

  @Test func checkpointsAreSavedOneAfterTheOtherWhileTrainingGoesOn() throws {
    try withTemporaryFolder { parent in
      let run = try Run(in: parent)
      try run.record(1)
      try run.records.beginSaving(step: 1, run.files(1))
      #expect(run.records.savedStep == nil, "what became of it is not asked yet")
      try run.record(2)
      try run.records.beginSaving(step: 2, run.files(2))
      #expect(run.records.savedStep == 1, "the second one waits for the first")
      run.records.awaitSaving()
      #expect(run.records.savedStep == 2)
      try run.records.beginSaving(step: 3, run.files(3))
      try run.records.finish(step: 4, run.files(4)) { false }
      #expect(run.records.savedStep == 4)
      #expect(run.folder.checkpoints.list().map(\.step) == [3, 4])
      try CheckpointStore.verify(run.folder.checkpoints.path(ofStep: 3))
      #expect(try run.steps() == [1, 2])
    }
  }

  @Test func aVanishedFolderIsMadeAnewWithAllLines() throws {
    try withTemporaryFolder { parent in
      let run = try Run(in: parent)
      for step in 1...2 { try run.record(step) }
      #expect(try run.save(2))
      try run.record(3)
      let files = [run.folder.configuration, run.folder.environment]
      let contents = files.map(FileManager.default.contents)
      try FileManager.default.removeItem(atPath: run.folder.path)
      try run.record(4)
      #expect(
        run.warnings == [
          "\(run.folder.path) disappeared and has been recreated; the checkpoints that were in it are lost"
        ])
      #expect(try run.steps() == [1, 2, 3, 4])
      let rows = try String(contentsOfFile: run.folder.table, encoding: .utf8).split(separator: "\n")
      #expect(rows.dropFirst().map { $0.prefix(1) } == ["1", "2", "3", "4"])
      #expect(files.map(FileManager.default.contents) == contents && !contents.contains(nil))
      #expect(try run.save(4))
      try CheckpointStore.verify(run.folder.latestCheckpoint)
    }
  }

  /// A disk that is away must not be replaced by a folder in the place where it is mounted.
  @Test func withoutItsParentItIsOnlyReported() throws {
    try withTemporaryFolder { parent in
      let disk = parent.appendingPathComponent("disk")
      try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
      let run = try Run(in: disk)
      try run.record(1)
      let away = parent.appendingPathComponent("away")
      try FileManager.default.moveItem(at: disk, to: away)
      try run.record(2)
      #expect(try !run.save(2))
      try run.record(3)
      #expect(!FileManager.default.fileExists(atPath: disk.path))
      #expect(
        run.warnings.map { $0.prefix { $0 != ";" } } == [
          "\(run.folder.metrics): cannot be written: No such file or directory",
          "\(run.folder.path): cannot be written: No such file or directory",
        ])
      try FileManager.default.moveItem(at: away, to: disk)
      try run.record(4)
      #expect(
        run.warnings.last
          == "metrics and events in \(run.folder.path) can be written again, no line is missing")
      #expect(try run.steps() == [1, 2, 3, 4])
    }
  }

  /// The disk is away; it comes back, or does not.
  @Test func theLastCheckpointWaitsForADiskThatIsAway() throws {
    try withTemporaryFolder { parent in
      let (disk, away) = (parent.appendingPathComponent("disk"), parent.appendingPathComponent("away"))
      try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
      let run = try Run(in: disk)
      #expect(try run.save(1))
      try FileManager.default.moveItem(at: disk, to: away)
      #expect(
        throws: RunError.unsaved(
          step: 2, problem: "\(run.folder.path): cannot be written: No such file or directory",
          needsRoom: false,
          newest: nil)
      ) { try run.records.finish(step: 2, run.files(2)) { true } }
      var asked = 0
      try run.records.finish(step: 2, run.files(2)) {
        asked += 1
        if asked == 3 { try FileManager.default.moveItem(at: away, to: disk) }
        return false
      }
      #expect(asked == 3)
      #expect(run.warnings.count == 1 && run.warnings[0].hasSuffix("keeps trying for five minutes"))
      #expect(run.folder.checkpoints.newestValid().path == run.folder.checkpoints.path(ofStep: 2))
    }
  }

  /// What will not pass by itself fails at once: nobody is told to make room for it.
  @Test func theLastCheckpointDoesNotWaitForWhatWillNotPass() throws {
    try withTemporaryFolder { parent in
      let run = try Run(in: parent)
      try run.setBroken(true)
      #expect(
        throws: RunError.unsaved(
          step: 2, problem: "\(run.folder.checkpoints.folder): cannot be written: Not a directory",
          needsRoom: false, newest: nil)
      ) {
        try run.records.finish(step: 2, run.files(2)) {
          Issue.record("it waits")
          return true
        }
      }
      #expect(run.warnings.isEmpty)
    }
  }

  /// `latest` that cannot be pointed at a checkpoint is told once, and the checkpoint counts.
  @Test func aCheckpointCountsWithoutLatest() throws {
    try withTemporaryFolder { parent in
      let run = try Run(in: parent)
      let latest = run.folder.latestCheckpoint
      // Something of somebody else's, which is left alone.
      try FileManager.default.createDirectory(atPath: "\(latest)/other", withIntermediateDirectories: true)
      #expect(try run.save(1) && run.save(2))
      try run.records.finish(step: 3, run.files(3)) { false }
      #expect(
        run.warnings == [
          "\(latest): cannot be written: Is a directory; the checkpoint after step 1 is saved, and is found without it"
        ])
      #expect(try CheckpointStore.locate(latest).path == run.folder.checkpoints.path(ofStep: 3))
      #expect(FileManager.default.fileExists(atPath: "\(latest)/other"))
    }
  }

  /// Another job took the folder: nothing more is written to it.
  @Test func nothingIsWrittenOnceTheFolderIsAnothers() throws {
    try withTemporaryFolder { parent in
      let claim = try #require(try FolderClaim.take(parent.path + "/run", force: false) { false })
      let run = try Run(in: parent, claim: claim)
      try run.record(1)
      let before = try Data(contentsOf: URL(fileURLWithPath: run.folder.metrics))
      let other = try #require(try FolderClaim.take(run.folder.path, force: true) { false })
      #expect(throws: FolderLost.self) { try run.record(2) }
      #expect(throws: FolderLost.self) { try run.save(2) }
      #expect(throws: FolderLost.self) { try run.records.finish(step: 2, run.files(2)) { true } }
      #expect(try Data(contentsOf: URL(fileURLWithPath: run.folder.metrics)) == before)
      #expect(run.folder.checkpoints.list().isEmpty)
      claim.release()
      #expect(FileManager.default.fileExists(atPath: "\(run.folder.path)/\(FolderClaim.fileName)"))
      other.release()
      #expect(!FileManager.default.fileExists(atPath: "\(run.folder.path)/\(FolderClaim.fileName)"))
    }
  }

  /// A row a gate: channels fill it in proportion to the widest gate, and what is left of it stays white.
  @Test func usageIsDrawnInGreys() throws {
    let gates = [
      GateChannels(gate: "layer1.0", openShares: [0, 1]),
      GateChannels(gate: "layer2.0", openShares: [0.5, 0, 0, 1]),
    ]
    let image = try #require(UsagePicture(of: gates)).image
    #expect(image.width == 1024 && image.height == 27)
    func grey(_ x: Int, _ y: Int) -> UInt8 { image.pixels[3 * (y * image.width + x)] }
    #expect([0, 256, 512].map { grey($0, 0) } == [0, 255, 255])
    #expect([0, 255, 256, 1023].map { grey($0, 15) } == [128, 128, 0, 255])
    #expect(UsagePicture(of: [])?.image == nil)
  }
}
