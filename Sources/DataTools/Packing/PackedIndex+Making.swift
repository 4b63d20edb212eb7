import Datasets
import Foundation
import Foundations

/// A shard that is finished, and the bytes of its index.
typealias FinishedShard = (index: ShardIndex, file: Data)

extension PackedIndex {
  /// Of a finished pack.
  ///
  /// - Parameter shards: Of each part, in order.
  init(plan: PackPlan, data: DataParts, shards: PerPart<[FinishedShard]>) {
    self.init(
      plan: plan, classNames: data.classNames, normalization: Colours(data.train.normalization),
      imageSize: min(data.train.imageSize, plan.maxSide ?? .max), sourceNotes: data.notes,
      sourceBytes: shards.values.joined().reduce(0) { $0 + $1.index.sourceBytes },
      parts: shards.map { _, shards in Part(shards) })
  }
}

extension PackedIndex.Part {
  fileprivate init(_ shards: [FinishedShard]) {
    self.init(
      images: shards.reduce(0) { $0 + $1.index.records.count },
      shards: shards.map { index, file in
        PackedIndex.Shard(
          name: index.name, images: index.records.count, bytes: index.bytes, sha256: index.sha256,
          indexSha256: DurableFiles.digest(file))
      },
      skipped: shards.flatMap(\.index.skipped))
  }
}

/// How `pack.json` and `index.json` are written.
func packJSON(_ value: some Encodable) -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  // Numbers that are finite and text always encode.
  return try! encoder.encode(value) + Data("\n".utf8)
}
