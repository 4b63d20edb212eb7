import CConvolutions
import Tensors

/// The right side of products of row-major matrices in a training step, in the layout that their kernel takes.
///
/// OpenBLAS has other kernels, and other bits, on every processor: it computes what is outside of steps. These give
/// the same on each (contract C9). Sums are chains of 128 terms.
public struct PackedMatrix {
  public let rows: Int
  public let columns: Int
  private let panels: Storage

  /// Of a matrix `[rows, columns]`.
  public init(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
    self.init(matrix, isTransposed: false, rows: rows, columns: columns)
  }

  /// Of the transpose of a matrix `[columns, rows]`.
  public init(transposing matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
    self.init(matrix, isTransposed: true, rows: rows, columns: columns)
  }

  private init(_ matrix: UnsafePointer<Float>, isTransposed: Bool, rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    panels = BufferPool.working.take(count: products_packed_count(Int32(rows), Int32(columns)))
    products_pack(Int32(rows), Int32(columns), matrix, isTransposed ? 1 : 0, panels.pointer)
  }

  /// result `[count, columns]` = left·self, with left `[count, rows]`.
  public func multiply(
    _ left: UnsafePointer<Float>, rows count: Int, into result: UnsafeMutablePointer<Float>,
    by instructions: InstructionSet = .best
  ) {
    products_run(
      instructions.code, Int32(count), Int32(columns), Int32(rows), left, 0, panels.pointer, result)
  }

  /// result `[count, columns]` = leftᵀ·self, with left `[rows, count]`.
  public func multiply(
    transposing left: UnsafePointer<Float>, columns count: Int, into result: UnsafeMutablePointer<Float>,
    by instructions: InstructionSet = .best
  ) {
    products_run(
      instructions.code, Int32(count), Int32(columns), Int32(rows), left, 1, panels.pointer, result)
  }
}
