import Collectives
import Tensors

let statisticsChecks = [
  RankCheck("sums over shards have the bits of one rank's sum along the tree") { world in
    for leaves in [1, 2, 3, 4, 5, 8, 12] {
      for width in [1, 3, 17] {
        let first = world.rank * leaves
        let mine = (0..<leaves * width).map { SyntheticNumbers.double(first + $0 / width, $0 % width) }
        let all = (0..<world.worldSize * leaves * width).map {
          SyntheticNumbers.double($0 / width, $0 % width)
        }
        let sum = try world.sum(mine, leaves: leaves, width: width)
        let expected = ShardTree.sum(all, leaves: world.worldSize * leaves, width: width)
        try expect(
          sum.map(\.bitPattern) == expected.map(\.bitPattern),
          "\(leaves) leaves of \(width): \(sum) instead of \(expected)")
      }
    }
  },

  RankCheck("sums of nothing are zeros") { world in
    try expect(try world.sum([Double](), leaves: 0, width: 3) == [0, 0, 0], "no leaves")
    try expect(try world.sum([Double](), leaves: 2, width: 0) == [], "no columns")
    try expect(try world.sum([Int64]()) == [], "no counts")
  },

  RankCheck("counts are added exactly beyond what a Double holds") { world in
    let mine = [Int64(world.rank + 1), (1 << 53) + Int64(world.rank), -Int64(world.rank)]
    let n = Int64(world.worldSize)
    let pairs = n * (n - 1) / 2
    let sums = try world.sum(mine)
    try expect(sums == [n + pairs, n << 53 + pairs, -pairs], "\(sums)")
  },

  RankCheck("gathered floats are everybody's, in rank order") { world in
    for count in [1, 7, 4096] {
      let mine = (0..<count).map { SyntheticNumbers.float(world.rank, $0) }
      let all = try world.gather(Tensor(rows: 1, columns: count, mine)).values
      let expected = (0..<world.worldSize).flatMap { owner in
        (0..<count).map { SyntheticNumbers.float(owner, $0) }
      }
      try expect(all == expected, "\(count) floats a rank")
    }
  },
]
