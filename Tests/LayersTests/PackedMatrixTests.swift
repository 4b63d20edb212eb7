import TestSupport
import Testing

@testable import Layers

/// Products of row-major matrices.
@Suite struct PackedMatrixTests {
  struct Shape: CustomTestStringConvertible {
    let rows: Int, columns: Int, inner: Int
    var testDescription: String { "\(rows)×\(inner)·\(inner)×\(columns)" }
  }

  /// Columns in whole panels and not, sums of one chain and of several, rows beyond what is copied at one time.
  static let shapes = [
    Shape(rows: 1, columns: 1, inner: 1), Shape(rows: 5, columns: 3, inner: 7),
    Shape(rows: 64, columns: 128, inner: 128), Shape(rows: 100, columns: 37, inner: 300),
    Shape(rows: 7, columns: 48, inner: 129), Shape(rows: 200, columns: 16, inner: 64),
  ]

  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var numbers = TestNumbers(seed: seed)
    return numbers.normals(count)
  }

  /// [rows, columns] → [columns, rows].
  private func transpose(_ matrix: [Float], rows: Int, columns: Int) -> [Float] {
    (0..<columns).flatMap { column in (0..<rows).map { matrix[$0 * columns + column] } }
  }

  @Test(arguments: shapes) func isTheDefinitionOnEveryInstructionSet(shape: Shape) {
    let (rows, columns, inner) = (shape.rows, shape.columns, shape.inner)
    let a = numbers(rows * inner, seed: 1), b = numbers(inner * columns, seed: 2)
    let expected: [Float] = (0..<rows).flatMap { row in
      (0..<columns).map { column in
        Float((0..<inner).reduce(0.0) { $0 + Double(a[row * inner + $1]) * Double(b[$1 * columns + column]) })
      }
    }
    let aTransposed = transpose(a, rows: rows, columns: inner)
    let plain = PackedMatrix(b, rows: inner, columns: columns)
    let transposed = PackedMatrix(
      transposing: transpose(b, rows: inner, columns: columns), rows: inner, columns: columns)
    var results: [[Float]] = []
    for set in InstructionSet.allCases where set.isAvailable {
      for right in [plain, transposed] {
        var result = [Float](repeating: .nan, count: rows * columns)
        right.multiply(a, rows: rows, into: &result, by: set)
        results.append(result)
        right.multiply(transposing: aTransposed, columns: rows, into: &result, by: set)
        results.append(result)
      }
    }
    #expect(maxRelativeToLargest(results[0], expected) < 1e-6)
    for result in results { #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern)) }
  }
}
