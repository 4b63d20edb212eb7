import Foundation
import Objectives
import Pruning
import Tensors

extension FileParser {
  static let safetensors = FileParser(
    name: "safetensors", pace: 100_000, seeds: files, tokens: json + words,
    open: { _ in { bytes in try readAll(SafetensorsFile(Data(bytes), path: "input")) } })

  static let mask = FileParser(
    name: "mask", pace: 100_000, seeds: masks, tokens: json + words,
    open: { _ in
      { bytes in
        let mask = try PruningMask(SafetensorsFile(Data(bytes), path: "input"))
        _ = (mask.share, mask.closedLayer, mask.overlap(with: mask).share, mask.scattered(seed: 0).encode())
      }
    })

  /// What NPID remembers of six images.
  static let objective = FileParser(
    name: "objective", pace: 100_000, seeds: memories,
    tokens: json + words + ["memory_bank", "normalizer", "[6,4]", "[1]"],
    open: { _ in
      let objective = NPID(.init(dimension: 4, noise: 2), featureCount: 3)
      return { bytes in
        let file = try SafetensorsFile(Data(bytes), path: "input")
        for rank in 0..<2 where objective.restore(file, imageCount: 6, rank: rank, worldSize: 2) {
          _ = objective.remembered(by: rank)
        }
      }
    })

  private static let memories = [
    [
      Safetensors.Entry(name: "memory_bank", shape: [6, 4], values: [Float](repeating: 0.5, count: 24)),
      .init(name: "normalizer", shape: [1], values: [2] as [Float]),
    ]
  ].map { Array(Safetensors.encode($0)) }

  private static let words =
    SafetensorsType.allCases.map(\.rawValue) + [
      "__metadata__", "dtype", "shape", "data_offsets", "\"a\":{\"dtype\":\"F32\",",
    ]

  private static let files = [
    [],
    [
      Safetensors.Entry(name: "a", shape: [2, 3], values: [Float](repeating: 1, count: 6)),
      .init(name: "b", shape: [], values: [2] as [Double]),
      .init(name: "c", shape: [0, 3], values: [] as [Int64]),
    ],
    [
      .init(name: "é", shape: [4], values: [1, 2, 3, 4] as [UInt8]),
      .init(name: "e\u{301}", shape: [1, 1], values: [-1] as [Int32]),
    ],
  ].map { Array(Safetensors.encode($0, metadata: $0.isEmpty ? [:] : ["step": "20", "format": "pt"])) }

  private static let masks = [
    [
      Safetensors.Entry(
        name: "conv1.weight", shape: [2, 1, 2, 2], values: [1, 0, 1, 1, 0, 0, 0, 1] as [UInt8]),
      .init(name: "layer1.0.conv1.weight", shape: [1, 2, 1, 1], values: [0, 0] as [UInt8]),
    ],
    [.init(name: "features.0.weight", shape: [1, 1, 3, 3], values: [UInt8](repeating: 1, count: 9))],
  ].map { Array(Safetensors.encode($0)) }

  /// Every tensor as every type.
  private static func readAll(_ file: SafetensorsFile) {
    for name in file.names {
      _ = (file.shape(of: name), file.dtype(of: name), try? file.floats(name), try? file.doubles(name))
      _ = (
        try? file.int32s(name), try? file.int64s(name), try? file.bytes(name),
        try? file.floats(converting: name)
      )
    }
    _ = (file.metadata, file.digest)
  }
}
