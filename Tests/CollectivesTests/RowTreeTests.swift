import Tensors
import Testing

@testable import Collectives

@Suite struct RowTreeTests {
  /// Large and small numbers by turns, so that the order of addition shows in some last bit.
  private func value(_ row: Int, _ column: Int) -> Float {
    (row % 2 == 0 ? 1 : 1e-4) * Float((row + 1) * 7919 * (column + 3) % 10_007)
  }

  private func sum(_ rows: [[Float]]) -> [Float] {
    var numbers = rows.flatMap { $0 }
    var result = [Float](repeating: .nan, count: rows[0].count)
    numbers.withUnsafeMutableBufferPointer { numbers in
      result.withUnsafeMutableBufferPointer {
        ShardTree.sum(
          rows: numbers.baseAddress!, count: rows.count, width: rows[0].count, into: $0.baseAddress!)
      }
    }
    return result
  }

  private func rows(_ range: Range<Int>, width: Int) -> [[Float]] {
    range.map { row in (0..<width).map { value(row, $0) } }
  }

  @Test func addsFloatsAlongTheTreeThatDoublesUse() {
    func expected(_ range: Range<Int>, _ column: Int) -> Float {
      guard range.count > 1 else { return value(range.lowerBound, column) }
      let middle = range.lowerBound + ShardTree.split(range.count)
      return expected(range.lowerBound..<middle, column) + expected(middle..<range.upperBound, column)
    }
    for count in 1...13 {
      let found = sum(rows(0..<count, width: 5))
      #expect(found == (0..<5).map { expected(0..<count, $0) }, "\(count) rows")
    }
  }

  @Test func orderOfAdditionShowsInTheseNumbers() {
    let oneByOne = (0..<32).map { column in (0..<13).reduce(Float(0)) { $0 + value($1, column) } }
    #expect(sum(rows(0..<13, width: 32)) != oneByOne)
  }

  @Test(arguments: [1, 2, 4, 8])
  func powerOfTwoRunsAreSubtrees(run: Int) {
    for runs in 1...5 {
      let whole = sum(rows(0..<run * runs, width: 3))
      let parts = (0..<runs).map { sum(rows($0 * run..<($0 + 1) * run, width: 3)) }
      #expect(sum(parts) == whole, "\(runs) runs of \(run)")
    }
  }
}
