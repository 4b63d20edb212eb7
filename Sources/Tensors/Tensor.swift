/// Numbers of many images: `[rows, channels, height, width]`, stored `[row][block][pixel][lane]`.
///
/// `lanes` consecutive channels form a block: 16 or 8 lanes are oneDNN's layout for this machine's vectors,
/// 1 lane is plain NCHW, and `lanes == channels` with one pixel is a row-major matrix `[rows, channels]`.
/// Lanes beyond the last channel are padding and hold zeros after every operation.
///
/// A tensor is written by the operation that makes it and is shared, read-only, from then on.
public struct Tensor: Sendable {
  /// Images, or views of images.
  public let rows: Int
  public let channels: Int
  public let height: Int
  public let width: Int
  /// Channels in a block.
  public let lanes: Int
  public let storage: Storage

  /// A tensor with unspecified contents.
  public init(rows: Int, channels: Int, height: Int, width: Int, lanes: Int) {
    precondition(rows >= 0 && channels > 0 && height > 0 && width > 0 && lanes > 0)
    self.rows = rows
    self.channels = channels
    self.height = height
    self.width = width
    self.lanes = lanes
    let blocks = (channels + lanes - 1) / lanes
    storage = BufferPool.shared.take(count: rows * blocks * height * width * lanes)
  }

  /// A row-major matrix `[rows, columns]` with unspecified contents.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, channels: columns, height: 1, width: 1, lanes: columns)
  }

  /// A row-major matrix `[rows, columns]` with these numbers.
  public init(rows: Int, columns: Int, _ values: [Float]) {
    precondition(values.count == rows * columns, "\(rows)×\(columns) matrix from \(values.count) numbers")
    self.init(rows: rows, columns: columns)
    for (i, value) in values.enumerated() { storage.pointer[i] = value }
  }

  /// A row-major matrix of zeros.
  public init(zeros rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns)
    storage.pointer.update(repeating: 0, count: count)
  }

  public var blocks: Int { (channels + lanes - 1) / lanes }
  public var pixels: Int { height * width }
  /// Floats from one row to the next.
  public var rowStride: Int { blocks * pixels * lanes }
  /// Floats in all, padding included.
  public var count: Int { rows * rowStride }
  public var isMatrix: Bool { pixels == 1 && lanes == channels }

  package var pointer: UnsafeMutablePointer<Float> { storage.pointer }

  /// Overwrites the rows from `first` on by those of a tensor whose rows have the same shape and layout.
  package func copyRows(_ rows: Range<Int>, of other: Tensor, to first: Int) {
    precondition(
      rowStride == other.rowStride && rows.lowerBound >= 0 && rows.upperBound <= other.rows && first >= 0
        && first + rows.count <= self.rows, "rows \(rows) of \(other.rows) to row \(first) of \(self.rows)")
    (pointer + first * rowStride).update(
      from: other.pointer + rows.lowerBound * rowStride, count: rows.count * rowStride)
  }

  /// A tensor of this one's shape and layout, with unspecified contents.
  public func makeSimilar() -> Tensor {
    Tensor(rows: rows, channels: channels, height: height, width: width, lanes: lanes)
  }

  /// A tensor of the same numbers.
  package func copy() -> Tensor {
    let other = makeSimilar()
    other.copyRows(0..<rows, of: self, to: 0)
    return other
  }

  /// The numbers in NCHW order, without padding.
  public var values: [Float] {
    var result: [Float] = []
    result.reserveCapacity(rows * channels * pixels)
    for n in 0..<rows {
      for c in 0..<channels {
        let base = n * rowStride + c / lanes * pixels * lanes + c % lanes
        for p in 0..<pixels { result.append(storage.pointer[base + p * lanes]) }
      }
    }
    return result
  }

  /// A tensor in any layout from numbers in NCHW order.
  public init(
    rows: Int, channels: Int, height: Int, width: Int, lanes: Int, values: [Float]
  ) {
    precondition(values.count == rows * channels * height * width)
    self.init(rows: rows, channels: channels, height: height, width: width, lanes: lanes)
    storage.pointer.update(repeating: 0, count: count)
    for n in 0..<rows {
      for c in 0..<channels {
        let base = n * rowStride + c / lanes * pixels * lanes + c % lanes
        for p in 0..<pixels {
          storage.pointer[base + p * lanes] = values[(n * channels + c) * pixels + p]
        }
      }
    }
  }
}
