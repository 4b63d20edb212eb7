import Crypto
import Datasets
import Foundation
import Foundations

/// Writes one shard and its index. Under their names there is nothing, or the whole: the shard first, then its
/// index, which says that the shard is finished.
final class ShardWriter {
  private let folder: String
  private let temporary: String
  private let file: Int32
  private var index: ShardIndex
  private var hash = SHA256()
  /// What the file has not got yet.
  private var buffer: [UInt8] = []
  private var position = 0
  private var isFinished = false

  private static let bufferBytes = 4 << 20

  /// - Parameter name: For example `train-00000.tar`.
  init(folder: String, name: String) throws(UnwritableFile) {
    self.folder = folder
    temporary = "\(folder)/.tmp-\(name)"
    index = ShardIndex(of: name)
    file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Self.failure(temporary) }
  }

  deinit {
    close(file)
    if !isFinished { unlink(temporary) }
  }

  /// Adds an image, and its label, if it has one, as WebDataset wants it: in a member of the same key that ends in `.cls`.
  ///
  /// - Parameters:
  ///   - bytes: The JPEG or PNG.
  ///   - key: Without a dot, at most 90 bytes; comes once.
  ///   - sourceBytes: What the image took where it comes from.
  func append(
    _ bytes: ArraySlice<UInt8>, key: String, suffix: String, label: Int?, sourceBytes: Int
  ) throws(UnwritableFile) {
    let member = "\(key).\(suffix)"
    index.records.append(
      ShardIndex.Record(
        offset: position + TarFormat.unit, length: bytes.count, label: label,
        checksum: ShardIndex.checksum(bytes), member: member))
    index.sourceBytes += sourceBytes
    try write(member: member, bytes)
    if let label { try write(member: "\(key).cls", ArraySlice("\(label)".utf8)) }
  }

  /// Notes an image that is left out.
  func skip(_ fault: DataFault) { index.skipped.append(fault) }

  /// Ends the shard and gives both files their names.
  func finish() throws(UnwritableFile) -> ShardIndex {
    try write(TarFormat.end[...])
    try flush()
    guard fsync(file) == 0 else { throw Self.failure(temporary) }
    index.bytes = position
    index.sha256 = hash.finalize().hexadecimal
    try DurableFiles.move(temporary, to: "\(folder)/\(index.name)")
    isFinished = true
    try DurableFiles.replace("\(folder)/\(ShardIndex.fileName(of: index.name))", by: index.encoded())
    return index
  }

  private func write(member: String, _ bytes: ArraySlice<UInt8>) throws(UnwritableFile) {
    try write(TarFormat.header(name: member, size: bytes.count)[...])
    try write(bytes)
    try write(ArraySlice(repeating: 0, count: TarFormat.padding(after: bytes.count)))
  }

  private func write(_ bytes: ArraySlice<UInt8>) throws(UnwritableFile) {
    buffer += bytes
    position += bytes.count
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  private func flush() throws(UnwritableFile) {
    let data = Data(buffer)
    hash.update(data: data)
    guard writeAll(data, to: file) else { throw Self.failure(temporary) }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func failure(_ path: String) -> UnwritableFile {
    UnwritableFile(path: path, code: errno)
  }
}
