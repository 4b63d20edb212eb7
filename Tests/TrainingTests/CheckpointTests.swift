import Collectives
import Configurations
import Foundation
import Foundations
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointTests {
  static func file(_ name: String, _ text: String) -> CheckpointStore.File {
    .init(name: name) { Data(text.utf8) }
  }

  static func save(_ store: CheckpointStore, step: Int) throws {
    try store.prepare()
    try store.save(
      step: step,
      files: [file("model.safetensors", "weights of \(step)"), file("state.json", "state of \(step)")])
  }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func savesFilesManifestAndLatest() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try store.prepare()
      try Self.save(store, step: 1200)
      let path = store.folder + "/step-00001200"
      #expect(try Self.names(in: store.folder) == ["latest", "step-00001200"])
      #expect(try Self.names(in: path) == ["manifest.json", "model.safetensors", "state.json"])
      #expect(try String(contentsOfFile: path + "/state.json", encoding: .utf8) == "state of 1200")
      let manifest = try Golden.json(URL(fileURLWithPath: path + "/manifest.json"))
      let entry = (manifest["files"] as? [String: [String: Any]])?["state.json"]
      #expect(entry?["bytes"] as? Int == 13)
      #expect(
        entry?["sha256"] as? String
          == "cc8275f9001f1f3a54b6f99953d1664f8e19067cd5460cf1f3c3a66bed319c54")
      let latest = try FileManager.default.destinationOfSymbolicLink(atPath: store.folder + "/latest")
      #expect(latest == "step-00001200")
      try CheckpointStore.verify(path)
      try CheckpointStore.verify(store.folder + "/latest")
    }
  }

  @Test func keepsTheNewest() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      for step in [1, 20, 3, 100_000_000] {
        try Self.save(store, step: step)
        try store.removeOld(upTo: step, keep: 2)
      }
      #expect(store.list().map(\.step) == [20, 100_000_000])
      #expect(store.newestValid().path == store.folder + "/step-100000000")
    }
  }

  @Test func replacesACheckpointOfTheSameStep() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try Self.save(store, step: 5)
      try store.save(step: 5, files: [Self.file("model.safetensors", "other")])
      #expect(try Self.names(in: store.folder) == ["latest", "step-00000005"])
      #expect(try Self.names(in: store.folder + "/step-00000005") == ["manifest.json", "model.safetensors"])
      try CheckpointStore.verify(store.folder + "/latest")
    }
  }

  @Test func equalContentsGiveEqualBytes() throws {
    try withTemporaryFolder { folder in
      let stores = ["a", "b"].map { CheckpointStore(runFolder: folder.path + "/" + $0) }
      for store in stores { try Self.save(store, step: 7) }
      for name in try Self.names(in: stores[0].folder + "/latest/") {
        let bytes = stores.map { FileManager.default.contents(atPath: $0.folder + "/step-00000007/" + name) }
        #expect(bytes[0] != nil && bytes[0] == bytes[1], "\(name)")
      }
    }
  }

  /// One way to damage a checkpoint's folder, and what is said about it.
  @Test(arguments: [
    ("flipped", "model.safetensors: damaged: its SHA-256 is not that of its manifest"),
    ("truncated", "model.safetensors: damaged: it has 3 bytes, its manifest says 12"),
    ("removed", "model.safetensors: damaged: it cannot be read"),
    ("manifest removed", "step-00000002: not a checkpoint: it holds no readable manifest.json"),
    ("manifest truncated", "manifest.json: damaged: it is not the JSON that was written"),
    ("manifest names another", "manifest.json: damaged: its bytes are not those that were written"),
  ])
  func reportsADamagedNewestAndUsesTheOneBefore(damage: String, problem: String) throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try Self.save(store, step: 1)
      try Self.save(store, step: 2)
      #expect(store.newestValid().path == store.folder + "/step-00000002")
      let model = URL(fileURLWithPath: store.folder + "/step-00000002/model.safetensors")
      let manifest = URL(fileURLWithPath: store.folder + "/step-00000002/manifest.json")
      switch damage {
      case "flipped": try Data("weights af 2".utf8).write(to: model)
      case "truncated": try Data("wei".utf8).write(to: model)
      case "removed": try FileManager.default.removeItem(at: model)
      case "manifest removed": try FileManager.default.removeItem(at: manifest)
      case "manifest truncated": try Data(contentsOf: manifest).dropLast(2).write(to: manifest)
      default:
        let text = try String(contentsOf: manifest, encoding: .utf8)
        try Data(text.replacing("model.safetensors", with: "other").utf8).write(to: manifest)
      }
      let newest = store.newestValid()
      #expect(newest.path == store.folder + "/step-00000001")
      #expect(newest.problems.count == 1)
      #expect(newest.problems.first?.contains(problem) == true, "\(newest.problems)")
      try FileManager.default.removeItem(atPath: store.folder + "/step-00000001")
      #expect(store.newestValid().path == nil)
    }
  }

  /// What a crash can leave: an unfinished temporary folder is no checkpoint and goes with the next save.
  @Test func ignoresAndClearsWhatACrashLeft() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try Self.save(store, step: 1)
      let unfinished = store.folder + "/.tmp-step-00000002"
      try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: true)
      try Data("half".utf8).write(to: URL(fileURLWithPath: unfinished + "/optimizer.safetensors"))
      #expect(store.newestValid().path == store.folder + "/step-00000001")
      try Self.save(store, step: 2)
      #expect(try Self.names(in: store.folder) == ["latest", "step-00000001", "step-00000002"])
      #expect(
        try Self.names(in: store.folder + "/step-00000002")
          == ["manifest.json", "model.safetensors", "state.json"])
    }
  }

  @Test func aFailedSaveLeavesEverythingAsItWas() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try Self.save(store, step: 1)
      #expect(throws: UnwritableFile.self) {
        try store.save(step: 1, files: [Self.file("a", "a"), Self.file("no folder/b", "b")])
      }
      #expect(try Self.names(in: store.folder) == ["latest", "step-00000001"])
      try CheckpointStore.verify(store.folder + "/latest")
    }
  }

  @Test func saysInOneSentenceThatTheFolderCannotBeWritten() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("file"))
      let store = CheckpointStore(runFolder: folder.path + "/file")
      let error = #expect(throws: UnwritableFile.self) { try store.prepare() }
      let path = "\(folder.path)/file/checkpoints"
      #expect(error.map { "\($0)" } == "\(path): cannot be written: Not a directory")
    }
  }

  // MARK: latest

  /// A copy that followed links has a folder in the place of `latest`, perhaps of a checkpoint that is nowhere else.
  @Test(arguments: [false, true]) func aFolderInThePlaceOfLatestBecomesItsCheckpoint(isAlone: Bool) throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try Self.save(store, step: 1)
      let latest = store.folder + "/latest"
      try FileManager.default.removeItem(atPath: latest)
      if isAlone {
        try FileManager.default.moveItem(atPath: store.path(ofStep: 1), toPath: latest)
      } else {
        try FileManager.default.copyItem(atPath: store.path(ofStep: 1), toPath: latest)
      }
      #expect(try CheckpointStore.locate(latest).path == (isAlone ? latest : store.path(ofStep: 1)))
      #expect(try store.save(step: 2, files: [Self.file("state.json", "2")]) == nil)
      #expect(store.list().map(\.step) == [1, 2])
      try CheckpointStore.verify(store.path(ofStep: 1))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: latest) == "step-00000002")
    }
  }

  /// Whatever `latest` leads to, it means the newest whole checkpoint.
  @Test func aStaleLatestIsNotPreferred() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      for step in 1...3 { try Self.save(store, step: step) }
      let latest = store.folder + "/latest"
      for makeStale in [
        { try DurableFiles.link(latest, to: "step-00000001") },
        { try DurableFiles.link(latest, to: "step-00000009") },
        { try DurableFiles.remove(latest) },
        { try DurableFiles.write(Data("step-00000001\n".utf8), to: latest) },
      ] {
        try makeStale()
        #expect(try CheckpointStore.locate(latest) == (store.path(ofStep: 3), []))
      }
      try Data("damage".utf8).write(to: URL(fileURLWithPath: store.path(ofStep: 3) + "/state.json"))
      let found = try CheckpointStore.locate(latest)
      #expect(found.path == store.path(ofStep: 2))
      #expect(found.warnings.count == 1 && found.warnings[0].hasPrefix("skipping a checkpoint: "))
    }
  }

  @Test func aFullDiskIsAnError() {
    #expect(throws: UnwritableFile(path: "/dev/full", code: ENOSPC)) {
      try DurableFiles.write(Data([1]), to: "/dev/full")
    }
  }

  @Test(arguments: ["no/such", "/dev/null"]) func saysThatAPathIsNoCheckpoint(path: String) {
    let error = #expect(throws: CheckpointError.self) { try CheckpointStore.verify(path) }
    #expect(error.map { "\($0)".hasPrefix("\(path): not a checkpoint: ") } == true)
  }

  @Test func stateReadsBack() throws {
    try withTemporaryFolder { folder in
      let state = TrainingState(
        step: 3, epoch: 1, imagesSeen: 768, seed: .max,
        configuration: Configuration(dataSource: "cifar10:a/b").decisiveYAML)
      let store = CheckpointStore(runFolder: folder.path)
      try store.save(step: 3, files: [.init(name: TrainingState.fileName) { state.encode() }])
      let checkpoint = try Checkpoint.open(store.folder + "/latest", on: .alone())
      #expect(checkpoint.state == state)
      #expect(try checkpoint.configuration(imageSize: 11) == Configuration(dataSource: "cifar10:a/b"))
      #expect(throws: AgreedFailure.self) { try Checkpoint.open(folder.path + "/none", on: .alone()) }
      let error = #expect(throws: AgreedFailure.self) { try checkpoint.tensors(in: "mask.safetensors") }
      #expect(
        error.map { "\($0)" }
          == "\(store.folder)/step-00000003/mask.safetensors: damaged: its manifest does not name it"
      )
    }
  }

  /// Runs did not always record what their data had decided; then the data at hand decides.
  @Test func anOldStateTakesItsSizesFromTheData() throws {
    try withTemporaryFolder { folder in
      let old = """
        {
          "configuration" : "data:\\n  source: folder:x\\n  classes: auto\\nbatch:\\n  global: 64\\n  shard: 8\\n\
        seed: 3\\nnetwork:\\n  depth: 18\\n  width: 16\\n  stem: auto\\n  stem_padding: 1\\n  input_size: auto\\n\
        gates:\\n  alpha: auto  # 0.02\\nkernels: auto\\n",
          "epoch" : 0,
          "format" : 1,
          "images_seen" : 1280,
          "seed" : 3,
          "step" : 20
        }
        """
      let store = CheckpointStore(runFolder: folder.path)
      try store.save(step: 20, files: [Self.file(TrainingState.fileName, old)])
      let checkpoint = try Checkpoint.open(store.folder + "/latest", on: .alone())
      #expect(checkpoint.state.step == 20 && checkpoint.state.seed == 3)
      let small = try checkpoint.configuration(imageSize: 32).network
      #expect(small.inputSize == 32 && small.stem == .cifar && small.width == 16)
      let large = try checkpoint.configuration(imageSize: 224).network
      #expect(large.inputSize == 224 && large.stem == .imagenet)
    }
  }

  @Test func namesTheFirstTensorThatDiffers() throws {
    let bytes = Safetensors.encode([
      .init(name: "conv1.weight", shape: [2, 3], values: [Float](repeating: 0, count: 6)),
      .init(name: "fc.bias", shape: [2], values: [0, 0] as [Float]),
    ])
    let file = try SafetensorsFile(bytes, path: "m")
    func message(_ expected: [(name: String, shape: [Int])], others: Bool = false) -> String? {
      do throws(CheckpointError) {
        try file.match(expected, allowingOthers: others)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(message([("conv1.weight", [2, 3]), ("fc.bias", [2])]) == nil)
    #expect(message([("fc.bias", [2])], others: true) == nil)
    #expect(
      message([("conv1.weight", [4, 3]), ("fc.bias", [1])])
        == "m: 'conv1.weight' has shape [2, 3], the network needs [4, 3]")
    #expect(message([("gate", [1])]) == "m: holds no 'gate', the network needs it with shape [1]")
    #expect(
      message([("conv1.weight", [2, 3])])
        == "m: holds 'fc.bias' with shape [2], the network has no such tensor")
  }
}
