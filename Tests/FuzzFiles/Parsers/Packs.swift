import Collectives
import Datasets
import Foundation
import Foundations
import Images

extension FileParser {
  /// index.json of a pack with one shard.
  static let pack = FileParser(
    name: "pack", pace: 20_000, seeds: [Array(encoded(packedIndex(of: shardIndex)))],
    tokens: json + [
      "train", "val", "reference", "shards", "name", "bytes", "images", "image_size", "../x.tar",
    ]
  ) { folder in
    try writeShard(shardIndex.encoded(), in: folder)
    return { bytes in
      try write(bytes, to: "\(folder)/\(PackedIndex.fileName)")
      let index = try PackedIndex(Data(bytes), path: "input")
      _ = (index.images, index.bytes, index.shardCount, index.skippedCount, index.digest)
      try readPack(in: folder)
    }
  }

  /// The index of a shard, in a pack that vouches for it.
  static let shard = FileParser(
    name: "shard", pace: 10_000, seeds: [Array(shardIndex.encoded())],
    tokens: ["\t", "\n", "-", "shard\t", "skipped\t", "checksum\t", "512\t4\t0\t00000000\tx.png\n"],
    repair: { bytes in
      let end = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      return bytes[..<end] + Array("checksum\t\(DurableFiles.digest(Data(bytes[..<end])))\n".utf8)
    }
  ) { folder in
    { bytes in
      var index = try ShardIndex(bytes, path: "input")
      // Such a shard is not there.
      (index.name, index.bytes) = (shardIndex.name, shardIndex.bytes)
      try writeShard(Data(bytes), in: folder)
      try write(
        Array(encoded(packedIndex(of: index, file: Data(bytes)))), to: "\(folder)/\(PackedIndex.fileName)")
      try readPack(in: folder)
    }
  }

  private static let image: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let shardBytes = 4096

  private static let shardIndex: ShardIndex = {
    var index = ShardIndex(of: "train-00000.tar")
    (index.bytes, index.sourceBytes) = (shardBytes, 16)
    index.sha256 = DurableFiles.digest(Data(count: shardBytes))
    index.records = [512, 1536].map { offset in
      .init(
        offset: offset, length: image.count, label: offset == 512 ? 0 : 1,
        checksum: ShardIndex.checksum(image[...]),
        member: "\(offset).png")
    }
    index.skipped = [DataFault(name: "bad.png", reason: "truncated")]
    return index
  }()

  private static func packedIndex(of shard: ShardIndex, file: Data? = nil) -> PackedIndex {
    let count = shard.records.count
    return PackedIndex(
      plan: PackPlan(
        source: "folder:x", sourceDigest: nil, maxSide: 256, quality: 90,
        parts: PerPart(train: .init(images: count, shards: 1))),
      classNames: ["a", "b"], normalization: Colours(.imageNet), imageSize: 224, sourceNotes: ["two images"],
      sourceBytes: 16,
      parts: PerPart(
        train: .init(
          images: count,
          shards: [
            .init(
              name: shard.name, images: count, bytes: shard.bytes, sha256: shard.sha256,
              indexSha256: DurableFiles.digest(file ?? shard.encoded()))
          ], skipped: shard.skipped)))
  }

  private static func encoded(_ index: PackedIndex) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // Numbers that are finite and text always encode.
    return try! encoder.encode(index)
  }

  private static func writeShard(_ index: Data, in folder: String) throws {
    var tar = [UInt8](repeating: 0, count: shardBytes)
    for offset in [512, 1536] { tar.replaceSubrange(offset..<offset + image.count, with: image) }
    try write(tar, to: "\(folder)/\(shardIndex.name)")
    try write(Array(index), to: "\(folder)/\(ShardIndex.fileName(of: shardIndex.name))")
  }

  private static func readPack(in folder: String) throws {
    let data = try DatasetSource.open("packed:\(folder)", on: .alone())
    for (_, dataset) in data.datasets.all {
      for number in 0..<min(dataset.count, 4) {
        _ = (dataset.label(at: number), dataset.imageName(at: number), try? dataset.image(at: number))
      }
    }
  }
}
