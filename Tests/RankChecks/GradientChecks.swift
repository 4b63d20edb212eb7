import Collectives
import Tensors

/// The float sum over ranks of what `value` says each holds, added along the tree: the serial truth.
private func treeSum(_ ranks: Range<Int>, _ value: (Int) -> Float) -> Float {
  guard ranks.count > 1 else { return value(ranks.lowerBound) }
  let middle = ranks.lowerBound + ShardTree.split(ranks.count)
  return treeSum(ranks.lowerBound..<middle, value) + treeSum(middle..<ranks.upperBound, value)
}

/// Reduces `count` numbers once per step and compares them with `treeSum`.
///
/// - Parameter backward: Plays the backward pass: says what is ready, in this rank's own way.
private func checkSum(
  _ world: Communicator, count: Int, bucketBytes: Int, steps: Int = 2,
  backward: (GradientReducer, _ step: Int) throws -> Void
) throws {
  let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
  defer { gradients.deallocate() }
  let reducer = GradientReducer(world, gradients: gradients, bucketBytes: bucketBytes)
  for step in 0..<steps {
    let salt = step * 1_000_003
    for i in 0..<count { gradients[i] = SyntheticNumbers.float(world.rank, i + salt) }
    try backward(reducer, step)
    let waits = try reducer.finish()
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

let gradientChecks = [
  RankCheck("gradients become their sum along the tree, for any size and any buckets") { world in
    for count in [0, 1, 2, 3, 5, 64, 997, 4099] {
      for bucketBytes in [4, 12, 256, 4 << 20] where count < 1000 || bucketBytes >= 256 {
        try checkSum(world, count: count, bucketBytes: bucketBytes) { _, _ in }
      }
    }
  },

  RankCheck("ranks may be ready at different times and places") { world in
    let count = 5000
    try checkSum(world, count: count, bucketBytes: 1024, steps: 4) { reducer, step in
      var start = count
      var turn = 0
      while start > 0 {
        start = max(0, start - 1 - Int(abs(SyntheticNumbers.double(world.rank + 50, turn)) * 977) % 977)
        try reducer.ready(downTo: start)
        for _ in 0..<(world.rank * 3 + step + turn) % 4 { try reducer.progress() }
        turn += 1
      }
    }
  },

  RankCheck("sums in the background do not disturb blocking ones") { world in
    let count = 3001
    try checkSum(world, count: count, bucketBytes: 400) { reducer, step in
      for turn in 0..<8 {
        // Ranks launch buckets before or after the blocking call, as their timing may have it.
        if (world.rank + turn) % 2 == 0 { try reducer.ready(downTo: count - count * (turn + 1) / 8) }
        let sum = try world.sum([Double(world.rank + turn)], leaves: 1, width: 1)
        let expected = world.worldSize * (world.worldSize - 1) / 2 + world.worldSize * turn
        try expect(sum == [Double(expected)], "step \(step), turn \(turn): \(sum)")
        if (world.rank + turn) % 2 == 1 { try reducer.ready(downTo: count - count * (turn + 1) / 8) }
      }
    }
  },

  RankCheck("many buckets under way at once keep their order") { world in
    try checkSum(world, count: 20_000, bucketBytes: 64, steps: 1) { reducer, _ in
      // Even ranks launch everything at once, odd ranks drip.
      guard world.rank % 2 == 1 else { return try reducer.ready(downTo: 0) }
      for start in stride(from: 20_000, through: 0, by: -500) { try reducer.ready(downTo: start) }
    }
  },
]
