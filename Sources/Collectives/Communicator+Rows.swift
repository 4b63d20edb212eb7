import Tensors

/// What ranks bring together that is too much for every rank to hold.
extension Communicator {
  /// Bytes under way at once; MPI counts in 32 bits.
  private static let largestGather = 64 << 20

  /// Everybody's values one after the other, in rank order, on rank `root`; ranks may bring different numbers of them.
  ///
  /// - Returns: nil on other ranks, which hold no more than they bring.
  /// - Throws: `CollectiveError`.
  package func gather<Value: BitwiseCopyable>(_ own: [Value], to root: Int) throws -> [Value]? {
    guard let control = channels?.control else { return own }
    return try meet(.rows) { _ in try gather(own, to: root, over: control) }.flatMap(\.self)
  }

  private func gather<Value: BitwiseCopyable>(
    _ own: [Value], to root: Int, over control: any Channel
  ) throws -> [Value]? {
    let counts = try control.allGather([Int64(own.count)]).map(Int.init)
    let atOnce = max(Self.largestGather / worldSize / max(MemoryLayout<Value>.stride, 1), 1)
    var all = [Value](unsafeUninitializedCapacity: rank == root ? counts.reduce(0, +) : 0) { room, count in
      // Every value is overwritten below.
      if let bytes = UnsafeMutableRawBufferPointer(room).baseAddress {
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: room.count * MemoryLayout<Value>.stride)
      }
      count = rank == root ? room.count : 0
    }
    let starts = counts.indices.map { counts[..<$0].reduce(0, +) }
    for first in stride(from: 0, to: counts.max() ?? 0, by: atOnce) {
      func part(_ rank: Int) -> Range<Int> { min(first, counts[rank])..<min(first + atOnce, counts[rank]) }
      let pieces = Pieces(counts: counts.indices.map { part($0).count * MemoryLayout<Value>.stride })
      var staged = [UInt8](repeating: 0, count: rank == root ? pieces.total : 0)
      try own[part(rank)].withUnsafeBytes { own in
        try staged.withUnsafeMutableBytes { try control.gather(own, into: $0, pieces, to: root) }
      }
      guard rank == root else { continue }
      all.withUnsafeMutableBytes { all in
        for sender in counts.indices {
          let start = (starts[sender] + part(sender).lowerBound) * MemoryLayout<Value>.stride
          UnsafeMutableRawBufferPointer(rebasing: all[start...]).copyBytes(from: staged[pieces[sender]])
        }
      }
    }
    return rank == root ? all : nil
  }

  /// Replaces a tensor's numbers on every rank by those of rank `root`; all ranks bring the same shape and layout.
  ///
  /// - Throws: `CollectiveError`.
  package func broadcast(_ tensor: Tensor, from root: Int) throws {
    try meet(.weights) { channels in
      try channels.statistics.broadcast(
        inParts: UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(start: tensor.pointer, count: tensor.count)), from: root)
    }
  }
}
