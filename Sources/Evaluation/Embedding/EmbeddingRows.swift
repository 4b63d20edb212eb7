import Datasets
import Foundation
import Foundations
import Tensors

/// A file of features that has its full size, and gets its rows as they come.
final class EmbeddingRows {
  let path: String
  let layout: EmbeddingLayout
  private let dataset: any ImageDataset
  private let file: Int32

  /// Opens a file that was made before.
  ///
  /// - Returns: nil where there is none of this size.
  /// - Throws: `UnwritableFile`.
  init?(at path: String, _ layout: EmbeddingLayout, of dataset: any ImageDataset) throws(UnwritableFile) {
    self.path = path
    self.layout = layout
    self.dataset = dataset
    file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw UnwritableFile(path: path, code: errno)
    }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure }
    if Int(status.st_size) != layout.file.byteCount { return nil }
  }

  /// Makes a file without rows, in the place of what is there.
  ///
  /// - Throws: `UnwritableFile`.
  init(making path: String, _ layout: EmbeddingLayout, of dataset: any ImageDataset) throws(UnwritableFile) {
    self.path = path
    self.layout = layout
    self.dataset = dataset
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw UnwritableFile(path: path, code: errno) }
    try write(layout.file.head, at: 0)
    guard ftruncate(file, off_t(layout.file.byteCount)) == 0 else { throw failure }
  }

  deinit { if file >= 0 { close(file) } }

  /// - Throws: `UnwritableFile`.
  func write(_ images: EmbeddedImages) throws(UnwritableFile) {
    try write(images.shown.map(Int64.init), to: .index, images.numbers)
    if layout.has(.labels) {
      // Where one image has a label, all have.
      try write(images.shown.map { Int64(dataset.label(at: $0)!) }, to: .labels, images.numbers)
    }
    try write(images.macs, to: .macs, images.numbers)
    try write(images.features, to: .features, images.numbers)
    if layout.has(.openChannels) { try write(images.openChannels, to: .openChannels, images.numbers) }
    try write(images.shown.flatMap(name), to: .names, images.numbers)
  }

  /// Returns when all rows have reached the disk.
  ///
  /// - Throws: `UnwritableFile`.
  func sync() throws(UnwritableFile) {
    guard fsync(file) == 0 else { throw failure }
  }

  /// What was written of some images, row by row.
  ///
  /// - Throws: `SafetensorsError.unreadable`.
  func read<Value: BitwiseCopyable>(
    _ column: EmbeddingLayout.Column, _ images: Range<Int>, as type: Value.Type = Value.self
  ) throws(SafetensorsError) -> [Value] {
    func unreadable(_ reason: String) -> SafetensorsError { .unreadable(path: path, reason: reason) }
    let range = layout.range(of: column, images)
    let bytes: [UInt8]
    do throws(UnreadableText) {
      bytes = try RegularFile(path)?.read(range) ?? []
    } catch {
      throw unreadable(error.reason)
    }
    guard bytes.count == range.count else { throw unreadable("it has become shorter") }
    return bytes.withUnsafeBytes { Array($0.bindMemory(to: Value.self)) }
  }

  private func name(ofImage number: Int) -> [UInt8] {
    let name = Array(dataset.imageName(at: number).utf8)
    return name + [UInt8](repeating: 0, count: layout.nameBytes - name.count)
  }

  private func write<Value: BitwiseCopyable>(
    _ values: [Value], to column: EmbeddingLayout.Column, _ images: Range<Int>
  ) throws(UnwritableFile) {
    let range = layout.range(of: column, images)
    precondition(values.count * MemoryLayout<Value>.size == range.count, "a row for every image")
    try write(values.withUnsafeBytes { Data($0) }, at: range.lowerBound)
  }

  private func write(_ data: Data, at position: Int) throws(UnwritableFile) {
    guard lseek(file, off_t(position), SEEK_SET) >= 0, writeAll(data, to: file) else { throw failure }
  }

  private var failure: UnwritableFile { UnwritableFile(path: path, code: errno) }
}
