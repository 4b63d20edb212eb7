import Collectives
import Foundation
import Foundations
import Images
import Tensors

extension DataKind {
  static let packed = inFolder("packed") { folder, opener in
    try PackedFolder(path: folder).open(on: opener.communicator)
  }
}

/// A folder that `sluice data pack` wrote.
struct PackedFolder {
  let path: String

  /// Opens both parts. Rank 0 reads the indices for all; every rank looks at its own view of the shards.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  func open(on communicator: Communicator) throws -> DataParts {
    let isRoot = communicator.rank == 0
    let text = try communicator.agree { isRoot ? try readIndex() : [] }
    let index = try PackedIndex(Data(try communicator.broadcast(text)), path: indexPath)

    func shards(of part: PackedIndex.Part) throws -> [ShardIndex] {
      let files = try communicator.agree {
        isRoot ? try part.shards.map { try Array(indexFile(of: $0)) } : []
      }
      return try part.shards.enumerated().map { number, shard in
        let bytes = try communicator.broadcast(isRoot ? files[number] : [])
        return try ShardIndex(bytes, path: path(ofIndexOf: shard))
      }
    }
    let datasets = try index.parts.map { name, part in
      let shards = try shards(of: part)
      return try communicator.agree {
        for shard in part.shards { try checkSize(of: shard) }
        return try PackedDataset(
          name: "packed \(name.packedName)", folder: path, shards: shards, classNames: index.classNames,
          imageSize: index.imageSize, normalization: index.colours)
      }
    }
    return DataParts(
      train: datasets.train, reference: datasets.reference, test: datasets.test,
      notes: [index.note] + index.sourceNotes, digest: index.digest)
  }

  private var indexPath: String { "\(path)/\(PackedIndex.fileName)" }

  private func readIndex() throws(DatasetError) -> [UInt8] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: indexPath))
    } catch {
      if FileManager.default.fileExists(atPath: "\(path)/\(PackPlan.fileName)") {
        throw .badSource(
          "packed:\(path)", rule: "packing did not finish: run the same sluice data pack again")
      }
      throw .unreadable(path: indexPath, reason: error.fileReason)
    }
    _ = try PackedIndex(data, path: indexPath)
    return Array(data)
  }

  private func path(ofIndexOf shard: PackedIndex.Shard) -> String {
    "\(path)/\(ShardIndex.fileName(of: shard.name))"
  }

  private func indexFile(of shard: PackedIndex.Shard) throws(DatasetError) -> Data {
    let indexPath = path(ofIndexOf: shard)
    let data: Data
    do { data = try Data(contentsOf: URL(fileURLWithPath: indexPath)) } catch {
      throw .unreadable(path: indexPath, reason: error.fileReason)
    }
    let index = try ShardIndex(Array(data), path: indexPath)
    guard ByteName(index.name) == ByteName(shard.name), index.bytes == shard.bytes,
      index.records.count == shard.images,
      DurableFiles.digest(data) == shard.indexSha256
    else {
      throw .damaged(
        path: indexPath,
        problem: "it is not the one that \(PackedIndex.fileName) names; restore it, or pack again")
    }
    return data
  }

  private func checkSize(of shard: PackedIndex.Shard) throws(DatasetError) {
    let shardPath = "\(path)/\(shard.name)"
    let size: Int
    do {
      size = try FileManager.default.attributesOfItem(atPath: shardPath)[.size] as? Int ?? 0
    } catch {
      throw .unreadable(path: shardPath, reason: error.fileReason)
    }
    guard size == shard.bytes else {
      throw .damaged(
        path: shardPath, problem: "it has \(size) bytes, its index says \(shard.bytes); copy it again")
    }
  }
}

extension PackedIndex {
  var colours: Normalization {
    func vector(_ values: [Float]) -> SIMD3<Float> { [values[0], values[1], values[2]] }
    return Normalization(mean: vector(normalization.mean), deviation: vector(normalization.deviation))
  }

  /// What it holds, in a sentence.
  var note: String {
    let parts = parts.all.map { name, part in
      "\(part.images) \(name.packedAdjective) images in \(part.shards.count) \(part.shards.count == 1 ? "shard" : "shards")"
    }
    let changes =
      [plan.maxSide.map { "longer side at most \($0)" }, plan.quality.map { "JPEG quality \($0)" }]
      .compactMap(\.self)
    let left = skippedCount == 0 ? [] : ["\(skippedCount) bad images left out"]
    return "packed from \(plan.source): " + (parts + changes + left).joined(separator: ", ")
      + ", \(classNames.count) classes (digest \(classDigest.prefix(12)))"
  }
}
