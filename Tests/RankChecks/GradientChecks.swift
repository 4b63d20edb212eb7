import Collectives
import Tensors
import TestSupport

/// The float sum over ranks of what `value` says each holds, added along the tree: the serial truth.
private func treeSum(_ ranks: Range<Int>, _ value: (Int) -> Float) -> Float {
  guard ranks.count > 1 else { return value(ranks.lowerBound) }
  let middle = ranks.lowerBound + ShardTree.split(ranks.count)
  return treeSum(ranks.lowerBound..<middle, value) + treeSum(middle..<ranks.upperBound, value)
}

/// One step's backward pass as the reducer sees it.
private struct Backward {
  let reducer: GradientReducer
  let step: Int
  fileprivate let write: (Int) -> Void

  /// Writes the gradients from `start` on that are not written yet, and says so. Until then they are no
  /// numbers, so that a reducer that sends too early cannot pass.
  func reach(_ start: Int) throws {
    write(start)
    try reducer.ready(downTo: start)
  }
}

/// Reduces `count` numbers once per step and compares them with `treeSum`.
///
/// - Parameter play: Plays the backward pass in this rank's own way, and need not reach the start.
private func checkSum(
  _ world: Communicator, count: Int, bucketBytes: Int, steps: Int = 2,
  play: (Backward) throws -> Void = { _ in }
) throws {
  let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
  defer { gradients.deallocate() }
  let reducer = GradientReducer(world, gradients: gradients, bucketBytes: bucketBytes)
  for step in 0..<steps {
    let salt = step * 1_000_003
    gradients.update(repeating: .nan)
    var written = count
    let backward = Backward(reducer: reducer, step: step) { start in
      while written > start {
        written -= 1
        gradients[written] = SyntheticNumbers.float(world.rank, written + salt)
      }
    }
    try play(backward)
    backward.write(0)
    let waits = try reducer.finish()
    // Agreed on, so that a rank whose numbers are wrong does not leave the others in the next step.
    try world.agree {
      try expect(
        0 <= waits.exposedSeconds && waits.exposedSeconds <= waits.totalSeconds, "\(waits)")
      for i in 0..<count {
        let expected = treeSum(0..<world.worldSize) { SyntheticNumbers.float($0, i + salt) }
        try expect(
          gradients[i].bitPattern == expected.bitPattern,
          "\(count) numbers in buckets of \(bucketBytes) B, step \(step): [\(i)] = \(gradients[i]), not \(expected)"
        )
      }
    }
  }
}

let gradientChecks = [
  RankCheck("gradients become their sum along the tree, for any size and any buckets") { world in
    for count in [0, 1, 2, 3, 5, 64, 997, 4099] {
      for bucketBytes in [4, 12, 256, 4 << 20] where count < 1000 || bucketBytes >= 256 {
        try checkSum(world, count: count, bucketBytes: bucketBytes)
      }
    }
  },

  RankCheck("ranks may be ready at different times and places") { world in
    let count = 5000
    try checkSum(world, count: count, bucketBytes: 1024, steps: 4) { backward in
      var start = count
      var turn = 0
      while start > 0 {
        start = max(0, start - 1 - Int(abs(SyntheticNumbers.double(world.rank + 50, turn)) * 977) % 977)
        try backward.reach(start)
        for _ in 0..<(world.rank * 3 + backward.step + turn) % 4 { try backward.reducer.progress() }
        turn += 1
      }
    }
  },

  RankCheck("sums in the background do not disturb blocking ones") { world in
    let count = 3001
    try checkSum(world, count: count, bucketBytes: 400) { backward in
      for turn in 0..<8 {
        // Ranks launch buckets before or after the blocking call, as their timing may have it.
        let start = count - count * (turn + 1) / 8
        let isEarly = (world.rank + turn) % 2 == 0
        if isEarly { try backward.reach(start) }
        let sum = try world.sum([Double(world.rank + turn)], leaves: 1, width: 1)
        let expected = world.worldSize * (world.worldSize - 1) / 2 + world.worldSize * turn
        try expect(sum == [Double(expected)], "step \(backward.step), turn \(turn): \(sum)")
        if !isEarly { try backward.reach(start) }
      }
    }
  },

  RankCheck("many buckets under way at once keep their order") { world in
    try checkSum(world, count: 20_000, bucketBytes: 64, steps: 1) { backward in
      // Even ranks launch everything at once, odd ranks drip.
      guard world.rank % 2 == 1 else { return try backward.reach(0) }
      for start in stride(from: 20_000, through: 0, by: -500) { try backward.reach(start) }
    }
  },

  RankCheck("gradients that travel as bf16 are the same everywhere and near the sum", minimumRanks: 2) {
    world in
    for count in [1, 3, 997, 40_000] {
      let sums = try sumAsBF16(world, count: count) { Float(SyntheticNumbers.double($0 + 90, $1)) }
      let bytes = sums.withUnsafeBytes { Array($0) }
      let all = try world.gatherBytes(bytes)
      try expect(all.allSatisfy { $0 == bytes }, "ranks hold different sums of \(count) numbers")
      for (i, sum) in sums.enumerated() {
        let values = (0..<world.worldSize).map { Float(SyntheticNumbers.double($0 + 90, i)) }
        // Half a unit of 8 bits for every number on its way there, and for the sum on its way back.
        let allowed = values.reduce(0) { $0 + abs($1) } * 2 * 0x1p-8
        let exact = treeSum(0..<world.worldSize) { values[$0] }
        try expect(abs(sum - exact) <= allowed, "[\(i)] = \(sum), not \(exact) ± \(allowed)")
        try expect(sum.bitPattern & 0xffff == 0, "[\(i)] = \(sum) has more bits than travelled")
      }
      let exact = sums.indices.map { i in
        treeSum(0..<world.worldSize) { Float(SyntheticNumbers.double($0 + 90, i)) }
      }
      let gap = relativeL2(sums, exact)
      try expect(gap < 5e-3, "\(count) numbers are off by \(gap)")
      try expect(count < 997 || gap > 0, "nothing was rounded")
    }
  },

  RankCheck("what is not finite stays so as bf16", minimumRanks: 2) { world in
    // A NaN whose payload lies in the lower half only, and a number that rounds up to infinity.
    let strange: [Float] = [
      .nan, Float(bitPattern: 0x7f80_0001), .infinity, -.infinity, .greatestFiniteMagnitude,
    ]
    let sums = try sumAsBF16(world, count: strange.count) { $0 == 0 ? strange[$1] : 1 }
    try expect(
      sums[0].isNaN && sums[1].isNaN && sums[2...].map(\.isInfinite) == [true, true, true] && sums[3] < 0,
      "\(sums)")
  },
]

/// The sum over ranks of what `value` says each holds at an index.
private func sumAsBF16(
  _ world: Communicator, count: Int, _ value: (_ rank: Int, _ index: Int) -> Float
) throws -> [Float] {
  var numbers = (0..<count).map { value(world.rank, $0) }
  try numbers.withUnsafeMutableBufferPointer { gradients in
    let reducer = GradientReducer(world, gradients: gradients, precision: .bf16, bucketBytes: 4096)
    try reducer.ready(downTo: count / 2)
    _ = try reducer.finish()
  }
  return numbers
}
