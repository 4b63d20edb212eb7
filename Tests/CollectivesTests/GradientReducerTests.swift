import TestSupport
import Tensors
import Testing

@testable import Collectives

/// How gradients are summed over ranks, on threads: the same code that runs between processes. What MPI itself does
/// with them is for RankChecks.
@Suite struct GradientReducerTests {
  /// What a rank holds at an index.
  private static func value(_ rank: Int, _ index: Int) -> Float {
    var numbers = TestNumbers(seed: UInt64(rank * 1_000_003 + index))
    return numbers.normals(1)[0]
  }

  /// The serial truth: what ranks hold at an index, added in floats along `ShardTree`.
  private static func treeSum(_ ranks: Range<Int>, _ index: Int) -> Float {
    guard ranks.count > 1 else { return value(ranks.lowerBound, index) }
    let middle = ranks.lowerBound + ShardTree.split(ranks.count)
    return treeSum(ranks.lowerBound..<middle, index) + treeSum(middle..<ranks.upperBound, index)
  }

  private static func treeSums(_ ranks: Int, count: Int) -> [Float] {
    (0..<count).map { treeSum(0..<ranks, $0) }
  }

  /// Every rank's gradients after `body`, which gets them full of NaNs: what is sent too early cannot pass.
  private func reduced(
    ranks: Int, count: Int, precision: GradientPrecision = .f32, bucketBytes: Int,
    _ body: @escaping @Sendable (Backward) throws -> Void = { _ in }
  ) throws -> [[Float]] {
    try ThreadRanks(ranks).run { world in
      let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      defer { gradients.deallocate() }
      gradients.update(repeating: .nan)
      let backward = Backward(
        world: world, gradients: gradients,
        reducer: GradientReducer(
          world, gradients: gradients, precision: precision, bucketBytes: bucketBytes))
      try body(backward)
      backward.write(downTo: 0)
      _ = try backward.reducer.finish()
      return Array(gradients)
    }
  }

  /// One rank's backward pass, which writes gradients from their end to their start.
  private final class Backward {
    let world: Communicator
    let gradients: UnsafeMutableBufferPointer<Float>
    let reducer: GradientReducer
    private var written: Int

    init(world: Communicator, gradients: UnsafeMutableBufferPointer<Float>, reducer: GradientReducer) {
      self.world = world
      self.gradients = gradients
      self.reducer = reducer
      written = gradients.count
    }

    func write(downTo start: Int) {
      while written > start {
        written -= 1
        gradients[written] = GradientReducerTests.value(world.rank, written)
      }
    }

    func reach(_ start: Int) throws {
      write(downTo: start)
      try reducer.ready(downTo: start)
    }

    /// Whether gradients `start`… hold the sums over ranks.
    func holdsSums(from start: Int) -> Bool {
      (start..<gradients.count).allSatisfy {
        gradients[$0] == GradientReducerTests.treeSum(0..<world.worldSize, $0)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 8], [0, 1, 2, 5, 64, 997])
  func sumsHaveTheTreesBitsForAnySizeAndBuckets(ranks: Int, count: Int) throws {
    let expected = Self.treeSums(ranks, count: count).map(\.bitPattern)
    for bucketBytes in [4, 12, 256, 4 << 20] where count < 100 || bucketBytes >= 256 {
      for found in try reduced(ranks: ranks, count: count, bucketBytes: bucketBytes) {
        #expect(found.map(\.bitPattern) == expected, "buckets of \(bucketBytes) B")
      }
    }
  }

  @Test(arguments: [2, 3, 8]) func ranksMayBeReadyAtDifferentPlaces(ranks: Int) throws {
    let count = 501
    let expected = Self.treeSums(ranks, count: count).map(\.bitPattern)
    let all = try reduced(ranks: ranks, count: count, bucketBytes: 64) { backward in
      // Rank 0 is ready in one go, the others drip, each in steps of its own.
      let stride = backward.world.rank == 0 ? count : 7 * backward.world.rank
      for start in Swift.stride(from: count - stride, to: 0, by: -stride) {
        try backward.reach(start)
        for _ in 0..<start % 3 { try backward.reducer.progress() }
      }
    }
    for found in all { #expect(found.map(\.bitPattern) == expected) }
  }

  /// Communication takes place inside backward, not only at its end: where all ranks are ready, `progress` alone brings
  /// a bucket to its sum, and nothing does so without it.
  @Test(arguments: [2, 3, 4]) func progressBringsReadyBucketsToTheirSums(ranks: Int) throws {
    let count = 64
    _ = try reduced(ranks: ranks, count: count, bucketBytes: 4 * 16) { backward in
      let (world, reducer) = (backward.world, backward.reducer)
      let first = reducer.ranges[0].lowerBound
      // One after the other, so that only the last rank can see everybody's numbers as it becomes ready.
      for rank in 0..<ranks {
        if world.rank == rank { try backward.reach(first) }
        try world.barrier()
      }
      if world.rank < ranks - 1 { try expect(!backward.holdsSums(from: first), "nothing has advanced it") }
      // The first call adds and sends the sums on, the second takes in what others have sent.
      for _ in 0..<2 {
        try reducer.progress()
        try world.barrier()
      }
      try expect(backward.holdsSums(from: first), "progress brings the sums")
      try expect(backward.gradients[..<first].allSatisfy { $0.isNaN }, "the rest is not written yet")
    }
  }

  @Test(arguments: [2, 3, 4, 8], [1, 5, 997])
  func bf16RoundsWhatRanksHoldAndTheirSum(ranks: Int, count: Int) throws {
    // Every rank's number is rounded on its way there, and the sum on its way back.
    func sum(_ range: Range<Int>, _ index: Int) -> Float {
      guard range.count > 1 else { return rounded(Self.value(range.lowerBound, index)) }
      let middle = range.lowerBound + ShardTree.split(range.count)
      return sum(range.lowerBound..<middle, index) + sum(middle..<range.upperBound, index)
    }
    let expected = (0..<count).map { rounded(sum(0..<ranks, $0)).bitPattern }
    for found in try reduced(ranks: ranks, count: count, precision: .bf16, bucketBytes: 400) {
      #expect(found.map(\.bitPattern) == expected)
    }
  }

  /// To 8 significant bits, ties to even; for finite numbers.
  private func rounded(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
  }

  @Test func onlyBucketsThatAreFinalAreSent() throws {
    let all = try reduced(ranks: 2, count: 10, bucketBytes: 16) { backward in
      // In the middle of a bucket: it waits for its rest.
      try backward.reach(backward.reducer.ranges[0].lowerBound + 1)
      for _ in 0..<3 { try backward.reducer.progress() }
      try expect(!backward.holdsSums(from: 9), "half a bucket was sent")
    }
    for found in all { #expect(found == Self.treeSums(2, count: 10)) }
  }

  private struct Unmet: Error { let statement: String }

  /// Issues of ranks' threads belong to no test: ranks throw instead.
  private func expect(_ condition: Bool, _ statement: String) throws {
    if !condition { throw Unmet(statement: statement) }
  }

  private struct Broken: Error {}

  /// A rank that fails leaves nobody waiting, and its own error is the one that is thrown.
  @Test(arguments: [0, 1, 2]) func aRanksErrorSurfaces(victim: Int) {
    #expect(throws: Broken.self) {
      _ = try reduced(ranks: 3, count: 20, bucketBytes: 16) { backward in
        try backward.reach(10)
        if backward.world.rank == victim { throw Broken() }
      }
    }
  }
}
