import Foundation
import TestSupport
import Testing

@testable import Tensors

/// Contract C1: five ways to add along one tree give the same bits.
@Suite struct SummationTests {
  static let counts = Array(1...17) + [24, 31, 32, 33, 100]
  private static let width = 5

  /// Large and small numbers in turn, so that the order of addition shows in some last bit.
  private static func value<Number: BinaryFloatingPoint>(_ leaf: Int, _ column: Int) -> Number {
    (leaf % 2 == 0 ? 1 : 1e-4) * Number((leaf + 1) * 7919 * (column + 3) % 10_007) / 3
  }

  /// The serial truth, written from the definition.
  private static func expected<Number: BinaryFloatingPoint>(_ leaves: Range<Int>, _ column: Int) -> Number {
    guard leaves.count > 1 else { return value(leaves.lowerBound, column) }
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    let middle = leaves.lowerBound + half
    return expected(leaves.lowerBound..<middle, column) + expected(middle..<leaves.upperBound, column)
  }

  private static func expected<Number: BinaryFloatingPoint>(_ count: Int) -> [Number] {
    (0..<width).map { expected(0..<count, $0) }
  }

  private static func leaf(_ index: Int) -> Storage {
    let leaf = BufferPool.shared.take(count: width)
    for column in 0..<width { leaf.pointer[column] = value(index, column) }
    return leaf
  }

  private static func numbers(_ sum: Storage) -> [Float] { (0..<width).map { sum.pointer[$0] } }

  private static func doubles(_ leaves: Range<Int>) -> [Double] {
    ShardTree.sum(
      leaves.flatMap { leaf in (0..<width).map { value(leaf, $0) } }, leaves: leaves.count, width: width)
  }

  private static func floats(_ leaves: Range<Int>) -> [Float] {
    var rows: [Float] = leaves.flatMap { leaf in (0..<width).map { value(leaf, $0) } }
    var sum = [Float](repeating: .nan, count: width)
    ShardTree.sum(rows: &rows, count: leaves.count, width: width, into: &sum)
    return sum
  }

  @Test(arguments: counts) func rowsInOnePlace(count: Int) {
    #expect(Self.doubles(0..<count) == Self.expected(count))
    #expect(Self.floats(0..<count) == Self.expected(count))
  }

  /// From left to right, from right to left, and mixed up.
  @Test(arguments: counts) func leavesInAnyOrder(count: Int) {
    let mixed = RandomDraws(seed: 3, purpose: .test).permutation(of: count)
    for order in [Array(0..<count), (0..<count).reversed(), mixed] {
      let sum = ConcurrentSum(leaves: count)
      for index in order { sum.add(Self.leaf(index), count: Self.width, atLeaf: index) }
      #expect(Self.numbers(sum.total) == Self.expected(count), "\(order)")
    }
  }

  @Test(arguments: counts) func leavesFromThreads(count: Int) throws {
    let sum = ConcurrentSum(leaves: count)
    try WorkerPool(threads: 4).run(count) { sum.add(Self.leaf($0), count: Self.width, atLeaf: $0) }
    #expect(Self.numbers(sum.total) == Self.expected(count))
  }

  @Test(arguments: counts) func leavesOneAfterTheOther(count: Int) {
    var sum = StreamedSum()
    for index in 0..<count { sum.add(Self.leaf(index), count: Self.width) }
    #expect(Self.numbers(sum.total(count: Self.width)) == Self.expected(count))
  }

  /// Ranks that hold power-of-two runs of leaves and exchange sums with partners; `RankChecks` has them exchange over
  /// MPI.
  @Test(arguments: [1, 2, 4, 8, 16], [1, 2, 4]) func leavesOfRanks(ranks: Int, run: Int) {
    func sum(rank: Int, ranks: Int) -> [Double] {
      ShardTree.sum(Self.doubles(rank * run..<(rank + 1) * run), rank: rank, ranks: ranks) { _, partner in
        // A partner at distance d has added d ranks' numbers so far.
        sum(rank: partner, ranks: rank ^ partner)
      }
    }
    for rank in 0..<ranks { #expect(sum(rank: rank, ranks: ranks) == Self.expected(ranks * run)) }
  }

  @Test(arguments: [1, 2, 4, 8])
  func powerOfTwoRunsAreSubtrees(run: Int) {
    for runs in 1...5 {
      let parts = (0..<runs).flatMap { Self.doubles($0 * run..<($0 + 1) * run) }
      #expect(ShardTree.sum(parts, leaves: runs, width: Self.width) == Self.expected(run * runs))
    }
  }

  @Test func noLeavesAreZeros() {
    #expect(ShardTree.sum([], leaves: 0, width: 3) == [0, 0, 0])
  }

  @Test func orderOfAdditionShowsInTheseNumbers() {
    func oneByOne<Number: BinaryFloatingPoint>() -> [Number] {
      (0..<Self.width).map { column in (0..<13).reduce(Number(0)) { $0 + Self.value($1, column) } }
    }
    #expect(Self.doubles(0..<13) != oneByOne())
    #expect(Self.floats(0..<13) != oneByOne())
  }
}
