import Foundation
import Foundations
import Images
import Tensors

/// One part of a pack: images in tar files, read by blocks of consecutive ones.
public struct PackedDataset: ChecksummedDataset {
  public let name: String
  public let classNames: [String]
  public let imageSize: Int
  public let normalization: Normalization
  public var count: Int { records.count }
  public var blocks: ImageBlocks? { layout }

  /// A block ends where the next image would make it longer, or has this many.
  static let blockBytes = 4 << 20
  static let blockImages = 256
  /// Blocks of images that are read in order: a few threads are a few blocks apart.
  private static let sequentialCacheBytes = 64 << 20

  private let records: [ShardIndex.Record]
  private let layout: ImageBlocks
  /// Where each block lies.
  private let spans: [Span]
  private let shardPaths: [String]
  /// SHA-256 of each shard, in hexadecimal.
  private let shardDigests: [String]
  private let cache: BlockCache

  private struct Span {
    let shard: Int
    let range: Range<Int>
  }

  /// - Parameters:
  ///   - folder: Where the shards are.
  ///   - shards: Their indices, in order.
  init(
    name: String, folder: String, shards: [ShardIndex], classNames: [String], imageSize: Int,
    normalization: Normalization
  ) throws(DatasetError) {
    self.name = name
    self.classNames = classNames
    self.imageSize = imageSize
    self.normalization = normalization
    shardPaths = shards.map { "\(folder)/\($0.name)" }
    shardDigests = shards.map(\.sha256)
    var records: [ShardIndex.Record] = []
    records.reserveCapacity(shards.reduce(0) { $0 + $1.records.count })
    var spans: [Span] = []
    var counts: [Int] = []
    for (number, shard) in shards.enumerated() {
      var begin = 0
      for (position, record) in shard.records.enumerated() {
        if let label = record.label, label >= classNames.count {
          throw .damaged(
            path: "\(folder)/\(ShardIndex.fileName(of: shard.name))",
            problem: "\(record.member) has label \(label), labels go from 0 to \(classNames.count - 1)")
        }
        let first = shard.records[begin]
        let isLast = position + 1 == shard.records.count
        let next = isLast ? record : shard.records[position + 1]
        guard
          isLast || position + 1 - begin == Self.blockImages
            || next.offset + next.length - first.offset > Self.blockBytes
        else { continue }
        spans.append(Span(shard: number, range: first.offset..<record.offset + record.length))
        counts.append(position + 1 - begin)
        begin = position + 1
      }
      records += shard.records
    }
    self.records = records
    self.spans = spans
    layout = ImageBlocks(counts: counts, bytes: spans.map(\.range.count))
    cache = BlockCache(capacity: Self.sequentialCacheBytes)
  }

  /// The list of images, and blocks of them while they are read in order.
  public var residentBytes: Int {
    records.count * MemoryLayout<ShardIndex.Record>.stride
      + min(Self.sequentialCacheBytes, layout.totalBytes)
  }

  public func reserve(cacheBytes: Int) { cache.reserve(cacheBytes) }

  /// How often a block was read since the start.
  package var blockReads: Int { cache.readCount }

  public func label(at index: Int) -> Int? { records[index].label }

  public func imageName(at index: Int) -> String {
    let record = records[index]
    return "\(shardPaths[spans[layout.block(of: index)].shard]): \(record.member) at byte \(record.offset)"
  }

  /// - Throws: `DatasetError.badImage` for a damaged image, `.unreadable` or `.damaged` for a shard that cannot
  ///   be read.
  public func storedImage(at index: Int) throws -> StoredImage {
    let number = layout.block(of: index)
    let span = spans[number]
    let bytes = try cache.block(number, images: layout[number].count) { try read(span) }
    let record = records[index]
    let begin = record.offset - span.range.lowerBound
    let image = bytes[begin..<begin + record.length]
    guard ShardIndex.checksum(image) == record.checksum else {
      throw DatasetError.badImage(
        name: imageName(at: index),
        reason: "its bytes are not those that were packed (CRC-32); restore the shard, or pack again")
    }
    do {
      return .encoded(try EncodedImage(image))
    } catch {
      throw DatasetError.badImage(name: imageName(at: index), reason: "\(error)")
    }
  }

  public var checksummedFiles: [String] { shardPaths }

  public func verifyChecksum(ofFile number: Int) throws {
    let path = shardPaths[number]
    let digest: String
    do { digest = try DurableFiles.digest(ofFile: path) } catch {
      throw DatasetError.unreadable(path: path, reason: error.fileReason)
    }
    guard digest == shardDigests[number] else {
      throw DatasetError.badImage(
        name: path, reason: "its SHA-256 is not the one in the index; restore the shard, or pack again")
    }
  }

  /// One long read.
  private func read(_ span: Span) throws(DatasetError) -> [UInt8] {
    let path = shardPaths[span.shard]
    // Opened anew for each of these long reads: shards may be more than a process may hold open.
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    // All of it is asked of the disk before the first part of it is waited for.
    posix_fadvise(file, span.range.lowerBound, span.range.count, POSIX_FADV_WILLNEED)
    var failure: DatasetError?
    let bytes = [UInt8](unsafeUninitializedCapacity: span.range.count) { buffer, initialized in
      initialized = 0
      while initialized < span.range.count {
        let count = pread(
          file, buffer.baseAddress! + initialized, span.range.count - initialized,
          span.range.lowerBound + initialized)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
          failure =
            count < 0
            ? .unreadable(path: path, reason: String(cString: strerror(errno)))
            : .damaged(path: path, problem: "it ends before byte \(span.range.upperBound)")
          return
        }
        initialized += count
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
