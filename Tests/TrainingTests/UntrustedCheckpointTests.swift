import Collectives
import Configurations
import Foundation
import Foundations
import Pruning
import Tensors
import TestSupport
import Testing

@testable import Training

/// Checkpoints that somebody made by hand, with a manifest that vouches for what cannot be.
@Suite struct UntrustedCheckpointTests {
  private static let state =
    #"{"format":1,"step":2,"epoch":0,"images_seen":8,"seed":0,"configuration":"data: {source: shapes}"}"#

  private static func open(_ state: String) throws -> Checkpoint {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try store.save(step: 2, files: [CheckpointTests.file(TrainingState.fileName, state)])
      return try Checkpoint.open(store.path(ofStep: 2), on: .alone())
    }
  }

  @Test(arguments: [
    (#""step":2"#, #""step":-1"#), (#""step":2"#, #""step":9223372036854775807"#),
    (#""epoch":0"#, #""epoch":-9223372036854775808"#),
    (#""images_seen":8"#, #""images_seen":9223372036854775807"#),
    (#""seed":0"#, #""seed":0,"normalization":{"mean":[0.5],"deviation":[0.5,0.5,0.5]}"#),
    (#""seed":0"#, #""seed":0,"normalization":{"mean":[0.5,0.5,0.5],"deviation":[0.5,0.5,0]}"#),
  ])
  func numbersThatNoRunHasAreDamage(old: String, new: String) throws {
    #expect(try Self.open(Self.state).state.step == 2)
    let error = #expect(throws: AgreedFailure.self) { try Self.open(Self.state.replacing(old, with: new)) }
    #expect(
      error.map { "\($0)".hasSuffix("state.json: damaged: its numbers are none that a run can have") } == true
    )
  }

  @Test func anotherFormatIsNotRead() {
    let error = #expect(throws: AgreedFailure.self) {
      try Self.open(Self.state.replacing(#""format":1"#, with: #""format":2"#))
    }
    #expect(error.map { "\($0)".hasSuffix("its format is 2; this program reads 1") } == true)
  }

  /// A manifest as 0.1.0 wrote them, which did not vouch for themselves.
  private static func manifest(_ name: String, _ text: String) -> String {
    """
    {"files": {"\(name)": {"bytes": \(text.utf8.count), "sha256": "\(DurableFiles.digest(Data(text.utf8)))"}},
     "format": 1, "step": 2}
    """
  }

  @Test func manifestsWithoutADigestAreRead() throws {
    try withTemporaryFolder { folder in
      for (name, text) in [("manifest.json", Self.manifest("a", "x")), ("a", "x")] {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      try CheckpointStore.verify(folder.path)
    }
  }

  @Test(arguments: ["../secret", "/etc/passwd", "..", "a/b", ""])
  func onlyFilesOfTheFolderAreRead(name: String) {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointManifest(Data(Self.manifest(name, "x").utf8), in: "c")
    }
    #expect(error.map { "\($0)" } == "c/manifest.json: damaged: '\(name)' is no file of the checkpoint")
  }

  /// What nobody vouches for is as good as not there.
  @Test func filesThatTheManifestDoesNotNameAreNotRead() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(runFolder: folder.path)
      try store.save(step: 2, files: [CheckpointTests.file(TrainingState.fileName, Self.state)])
      let path = store.path(ofStep: 2)
      try Safetensors.encode([]).write(to: URL(fileURLWithPath: "\(path)/\(PruningMask.fileName)"))
      let checkpoint = try Checkpoint.open(path, on: .alone())
      #expect(try checkpoint.tensorsIfPresent(in: PruningMask.fileName) == nil)
      #expect(throws: AgreedFailure.self) { try checkpoint.tensors(in: PruningMask.fileName) }
      // Not even the state.
      try store.save(step: 3, files: [CheckpointTests.file("a", "x")])
      try Data(Self.state.utf8).write(to: URL(fileURLWithPath: store.path(ofStep: 3) + "/state.json"))
      let error = #expect(throws: AgreedFailure.self) {
        try Checkpoint.open(store.path(ofStep: 3), on: .alone())
      }
      #expect(error.map { "\($0)".hasSuffix("/state.json: damaged: its manifest does not name it") } == true)
    }
  }

  /// A pipe in the place of a file would be waited for.
  @Test func aPipeIsNoFile() throws {
    try withTemporaryFolder { folder in
      try Data(Self.manifest("a", "").utf8).write(to: folder.appendingPathComponent("manifest.json"))
      #expect(mkfifo(folder.path + "/a", 0o600) == 0)
      let error = #expect(throws: CheckpointError.self) { try CheckpointStore.verify(folder.path) }
      #expect(
        error.map { "\($0)".hasSuffix("/a: damaged: it cannot be read: it is not a regular file") } == true)
    }
  }

  @Test(arguments: ["-1", "9223372036854775807", "2000000000", "x"]) func rewindingPointsHaveAStep(
    step: String
  ) throws {
    let file = try SafetensorsFile(
      Safetensors.encode([], metadata: ["step": step, "configuration": ""]), path: "r")
    #expect(throws: RewindingPointError.notOne(path: "r")) {
      let configuration = try ConfigurationFile(
        yaml: "data: {source: shapes}\nnetwork: {width: 4}", path: "c"
      )
      .resolved(imageSize: 32)
      let (backbone, objective) = configuration.makeNetwork()
      _ = try RewindingPoint.load(
        file, into: Model(backbone: backbone, objective: objective, seed: 0, draw: 0), configuration,
        isBackbone: false)
    }
  }

  /// Names of other bytes may be one text.
  @Test func masksOfOneNameAreRefused() throws {
    let entries = ["é", "e\u{301}"].map { Safetensors.Entry(name: $0, shape: [1], values: [1] as [UInt8]) }
    #expect(throws: PruningMaskError.self) {
      try PruningMask(SafetensorsFile(Safetensors.encode(entries), path: "m"))
    }
  }
}
