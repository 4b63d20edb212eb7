import Collectives
import Configurations
import Foundation
import Foundations
import Tensors
import TestSupport
import Testing

@testable import Training

/// Contract C4: a byte that is not what was written is noticed, in whichever file of a checkpoint it is.
@Suite struct BitRotTests {
  /// A checkpoint with each kind of file, a few tens of kilobytes.
  private static func withCheckpoint(_ body: (_ path: String, _ files: [String: Data]) throws -> Void) throws
  {
    try withTemporaryFolder { folder in
      let configuration = Configuration(dataSource: "shapes").decisiveYAML
      let state = TrainingState(step: 3, epoch: 0, imagesSeen: 48, seed: 1, configuration: configuration)
      @Sendable func tensors(_ count: Int) -> Data {
        Safetensors.encode([
          .init(name: "conv1.weight", shape: [count, 3, 3, 3], values: (0..<27 * count).map { Float($0) }),
          .init(name: "bn1.running_mean", shape: [count], values: (0..<count).map { Float($0) }),
        ])
      }
      let store = CheckpointStore(runFolder: folder.path)
      try store.save(
        step: 3,
        files: [
          .init(name: Checkpoint.modelFile) { tensors(160) },
          .init(name: Checkpoint.optimizerFile) { tensors(80) },
          .init(name: TrainingState.fileName) { state.encode() },
        ])
      let path = store.path(ofStep: 3)
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(
        names.sorted() == ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
      try body(
        path,
        Dictionary(
          uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(path)/\($0)")!) }))
    }
  }

  private static func isNoticed(_ data: Data, as name: String, in path: String) throws -> Bool {
    try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return (try? Checkpoint.open(path, on: .alone())) == nil
  }

  @Test func everyTruncationIsNoticed() throws {
    try Self.withCheckpoint { path, files in
      for (name, data) in files {
        let lengths = Set(stride(from: 0, to: data.count, by: 4096)).union([data.count - 1])
        for length in lengths {
          let isNoticed = try Self.isNoticed(data.prefix(length), as: name, in: path)
          #expect(isNoticed, "\(name) cut to \(length) bytes")
        }
        let (isLonger, isAnother) = (
          try Self.isNoticed(data + [0x20], as: name, in: path), try Self.isNoticed(data, as: name, in: path)
        )
        #expect(isLonger && !isAnother, "\(name)")
      }
    }
  }

  /// 1,000 bytes, as many in each file, by any other value.
  @Test func everyFlippedByteIsNoticed() throws {
    try Self.withCheckpoint { path, files in
      let draws = RandomDraws(seed: 42, purpose: .augmentation, index: 0)
      for (number, (name, data)) in files.sorted(by: { $0.key < $1.key }).enumerated() {
        for flip in 0..<250 {
          let draw = 2 * (250 * number + flip)
          var spoiled = data
          let place = draws.integer(draw, below: data.count)
          let change = UInt8(1 + draws.integer(draw + 1, below: 255))
          spoiled[place] ^= change
          let isNoticed = try Self.isNoticed(spoiled, as: name, in: path)
          #expect(isNoticed, "byte \(place) of \(name) ^ \(change)")
        }
        let isAnother = try Self.isNoticed(data, as: name, in: path)
        #expect(!isAnother, "\(name)")
      }
    }
  }

  /// The manifest alone, byte for byte: nothing in it is without a meaning, not even its spaces.
  @Test func everyByteOfTheManifestCounts() throws {
    try Self.withCheckpoint { path, files in
      let manifest = try #require(files[CheckpointManifest.fileName])
      for place in manifest.indices {
        for byte: UInt8 in [0x20, 0x0A, 0x09, 0x30, manifest[place] ^ 1, manifest[place] ^ 0x20]
        where byte != manifest[place] {
          var spoiled = manifest
          spoiled[place] = byte
          #expect(throws: CheckpointError.self, "byte \(place) as \(byte)") {
            try CheckpointManifest(spoiled, in: path)
          }
        }
      }
    }
  }
}
