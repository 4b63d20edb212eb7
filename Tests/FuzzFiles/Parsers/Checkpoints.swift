import Collectives
import Configurations
import Foundation
import Foundations
import Tensors
import Training

extension FileParser {
  /// Of checkpoints with and without a digest of the manifest itself.
  static let manifest = FileParser(
    name: "manifest", pace: 15_000, seeds: manifests.map { Array($0.utf8) },
    tokens: json + ["files", "format", "step", "digest", "bytes", "sha256", "model.safetensors"],
    repair: { bytes in
      // The manifest's digest of itself, where it has one.
      guard let start = Data(bytes).range(of: Data(digestField.utf8))?.upperBound, start + 64 <= bytes.count
      else {
        return bytes
      }
      var repaired = bytes
      repaired.replaceSubrange(start..<start + 64, with: repeatElement(UInt8(ascii: "0"), count: 64))
      repaired.replaceSubrange(start..<start + 64, with: DurableFiles.digest(Data(repaired)).utf8)
      return repaired
    }
  ) { folder in
    let store = CheckpointStore(runFolder: folder)
    try store.save(
      step: 20,
      files: [("model.safetensors", "weights"), ("state.json", "state")].map { name, text in
        .init(name: name) { Data(text.utf8) }
      })
    let path = store.path(ofStep: 20)
    return { bytes in
      try write(bytes, to: "\(path)/manifest.json")
      _ = try? CheckpointList(of: RunFolder(folder), verifying: false).json
      try CheckpointStore.verify(path)
    }
  }

  /// state.json of a checkpoint whose manifest vouches for it.
  static let state = FileParser(
    name: "state", seeds: states,
    tokens: json + [
      "step", "epoch", "images_seen", "seed", "configuration", "skipped_images", "train", "test",
      "normalization", "mean",
      "deviation", "\\n", "  ",
    ]
  ) { folder in
    let store = CheckpointStore(runFolder: folder)
    return { bytes in
      try store.save(step: 1, files: [.init(name: TrainingState.fileName) { Data(bytes) }])
      let checkpoint = try Checkpoint.open(store.path(ofStep: 1), on: .alone())
      _ = (checkpoint.state.skipped.count, checkpoint.state.encode())
      _ = try checkpoint.configuration(imageSize: 32).resolvedYAML
    }
  }

  private static let states: [[UInt8]] = {
    let configuration = Configuration(dataSource: "shapes").decisiveYAML
    let plain = TrainingState(step: 20, epoch: 1, imagesSeen: 1280, seed: 3, configuration: configuration)
    let full = """
      {"format": 1, "step": 20, "epoch": 1, "images_seen": 1280, "seed": 0, "configuration": "data: {source: shapes}",
       "skipped_images": {"train": [1, 2], "test": [0]}, "data_digest": "ab", "top1_before_training": 10.5,
       "normalization": {"mean": [0.5, 0.5, 0.5], "deviation": [0.25, 0.25, 0.25]}}
      """
    return [Array(plain.encode()), Array(full.utf8)]
  }()

  /// Weights that a run begins with: of a run of its own configuration, and of another.
  static let rewindingPoint = FileParser(
    name: "rewind", pace: 2_000,
    seeds: [pointConfiguration, otherConfiguration].map {
      Array(RewindingPoint.encode($0.makeModel(), step: 2, $0))
    },
    tokens: json + ["__metadata__", "step", "configuration", "dtype", "F32", "data_offsets", "shape"]
  ) { _ in
    let model = pointConfiguration.makeModel()
    return { bytes in
      let file = try SafetensorsFile(Data(bytes), path: "input")
      _ = try RewindingPoint.load(file, into: model, pointConfiguration, isBackbone: false)
    }
  }

  private static let pointConfiguration = smallest("simclr: {projector: [2, 2]}")
  private static let otherConfiguration = smallest("simsiam: {projector: [2, 2], predictor_hidden: 2}")

  private static func smallest(_ objective: String) -> Configuration {
    do {
      return try ConfigurationFile(
        yaml: """
          data: {source: shapes}
          network: {width: 4, stem: cifar, inner_channels: [1, 1, 1, 1, 1, 1, 1, 1]}
          gates: {enabled: false}
          objective: {name: \(objective.prefix { $0 != ":" }), \(objective)}
          """, path: "c.yaml"
      ).resolved(imageSize: 8)
    } catch {
      fail("\(error)")
    }
  }

  private static let digestField = #""digest" : ""#

  private static let manifests = ["", "\(digestField)\(String(repeating: "0", count: 64))\",\n  "].map {
    digest in
    """
    {
      \(digest)"files" : {
        "model.safetensors" : { "bytes" : 7, "sha256" : "\(DurableFiles.digest(Data("weights".utf8)))" },
        "state.json" : { "bytes" : 5, "sha256" : "\(DurableFiles.digest(Data("state".utf8)))" }
      },
      "format" : 1,
      "step" : 20
    }
    """
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
