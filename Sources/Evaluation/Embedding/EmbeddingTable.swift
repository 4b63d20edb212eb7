import Foundation
import Foundations
import Tensors

/// Another form of a file of features, made of its rows.
enum EmbeddingTable {
  /// Comma-separated values: a line an image.
  case csv(classNames: [String])
  /// NumPy's form: the matrix of features alone.
  case numPy

  /// Rows in memory at one time.
  private static let rowsAtOnce = 1024

  /// Writes a file, which appears whole.
  ///
  /// - Parameters:
  ///   - pool: Makes lines.
  ///   - isStopped: Asked between rows.
  /// - Returns: Whether it was written; false: it was stopped.
  /// - Throws: `UnwritableFile`, `SafetensorsError`, what `isStopped` throws.
  func write(
    _ rows: EmbeddingRows, to path: String, pool: WorkerPool, isStopped: () throws -> Bool
  ) throws -> Bool {
    let stream = try StagedStream(for: path)
    let images = rows.layout.images
    try stream.write(head(rows.layout))
    for first in stride(from: 0, to: images, by: Self.rowsAtOnce) {
      if try isStopped() { return false }
      try stream.write(data(rows, first..<min(first + Self.rowsAtOnce, images), pool))
    }
    try stream.commit()
    return true
  }

  private func head(_ layout: EmbeddingLayout) -> Data {
    switch self {
    case .numPy: NumPyFile.head(rows: layout.images, columns: layout.features)
    case .csv:
      Data(
        CSV.line(
          ["index", "name", "label", "class", "macs"] + layout.gates.map { "open/\($0)" }
            + (0..<layout.features).map { "feature/\($0)" }
        ).utf8)
    }
  }

  private func data(_ rows: EmbeddingRows, _ images: Range<Int>, _ pool: WorkerPool) throws -> Data {
    let features = try rows.read(.features, images, as: Float.self)
    guard case .csv(let classNames) = self else { return features.withUnsafeBytes { Data($0) } }
    let layout = rows.layout
    let index = try rows.read(.index, images, as: Int64.self)
    let labels = layout.has(.labels) ? try rows.read(.labels, images, as: Int64.self) : nil
    let macs = try rows.read(.macs, images, as: Int64.self)
    let open = layout.has(.openChannels) ? try rows.read(.openChannels, images, as: Int32.self) : []
    let names = try rows.read(.names, images, as: UInt8.self)
    let lines = try pool.map(images.count) { row -> String in
      func cells<Value>(_ values: [Value], _ width: Int) -> ArraySlice<Value> {
        values[row * width..<(row + 1) * width]
      }
      let name = String(decoding: cells(names, layout.nameBytes).prefix { $0 != 0 }, as: UTF8.self)
      return CSV.line(
        [
          "\(index[row])", name, labels.map { "\($0[row])" } ?? "",
          labels.map { classNames[Int($0[row])] } ?? "",
          "\(macs[row])",
        ] + cells(open, layout.gates.count).map { "\($0)" }
          + cells(features, layout.features).map { "\($0)" })
    }
    return Data(lines.joined().utf8)
  }
}
