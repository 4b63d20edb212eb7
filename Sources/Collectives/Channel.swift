/// What carries numbers between ranks: MPI (`MPIChannel`), or in tests the threads of one process.
///
/// Collectives on a channel are posted in the same order on every rank and never meet those of another channel, so
/// that background and blocking ones cannot be mixed up. Methods throw what the carrier throws, MPI a
/// `CollectiveError`.
package protocol Channel: AnyObject {
  var rank: Int { get }
  /// How many ranks take part.
  var size: Int { get }

  /// Returns when every rank has called it.
  func barrier() throws

  /// Replaces `bytes` on every rank by those of rank `root`; equally many everywhere.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws

  /// The exact sum over ranks of each number.
  func sum(_ values: inout [Int64]) throws

  /// Sends `values` to rank `partner` and returns what it sends to this one, equally many; all ranks exchange in pairs.
  func exchange(_ values: [Double], with partner: Int) throws -> [Double]

  /// Fills `all` with everybody's numbers, in rank order; all ranks bring equally many.
  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, of width: NumberWidth) throws

  /// Fills `all`, piece r with the bytes of rank r.
  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces) throws

  /// Fills `all` on rank `root` alone, piece r with the bytes of rank r; elsewhere `all` does not matter.
  func gather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces, to root: Int)
    throws

  /// Starts to send piece r of `numbers` to rank r, and to receive this rank's piece of every rank's numbers
  /// as the rows of `rows`, `[size × own count]`. Both belong to the channel until the exchange is done.
  func startScatter(
    _ numbers: UnsafeRawPointer, _ pieces: Pieces, rows: UnsafeMutableRawPointer, of width: NumberWidth
  ) throws -> any PendingExchange

  /// Starts to fill `numbers` on every rank, piece r with what rank r holds there. They belong to the channel until
  /// the exchange is done.
  func startGather(
    _ numbers: UnsafeMutableRawPointer, _ pieces: Pieces, of width: NumberWidth
  ) throws -> any PendingExchange

  /// Gives back what the channel holds; nothing may follow.
  func close() throws
}

/// A collective that runs in the background. It may advance only while this process is inside calls of its channel.
package protocol PendingExchange: AnyObject {
  /// Whether it has completed; does not wait.
  func test() throws -> Bool
  func wait() throws
}

/// Bytes of one number under way.
package enum NumberWidth: Int, Sendable {
  case two = 2
  case four = 4
  case eight = 8

  package var bytes: Int { rawValue }
}

extension Channel {
  /// The same in parts, because MPI counts in 32 bits and a checkpoint may be larger.
  func broadcast(inParts bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    let part = 1 << 30
    for start in stride(from: 0, to: bytes.count, by: part) {
      let end = min(start + part, bytes.count)
      try broadcast(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]), from: root)
    }
  }

  /// Everybody's `values`, in rank order; all ranks bring equally many.
  func allGather(_ values: [Int64]) throws -> [Int64] { try gathered(values, zero: 0, of: .eight) }

  /// Everybody's `values`, in rank order; all ranks bring equally many.
  func allGather(_ values: [Double]) throws -> [Double] { try gathered(values, zero: 0, of: .eight) }

  private func gathered<Number: BitwiseCopyable>(
    _ values: [Number], zero: Number, of width: NumberWidth
  ) throws -> [Number] {
    var all = Array(repeating: zero, count: values.count * size)
    try values.withUnsafeBytes { own in
      try all.withUnsafeMutableBytes { try allGather(own, into: $0, of: width) }
    }
    return all
  }

  /// Everybody's bytes, in rank order, one array a rank; lengths may differ.
  func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    // Counts first: so every rank sees the same total, and all of them throw if it is too large.
    let pieces = Pieces(counts: try allGather([Int64(bytes.count)]).map(Int.init))
    var all = [UInt8](repeating: 0, count: pieces.total)
    try bytes.withUnsafeBytes { own in
      try all.withUnsafeMutableBytes { try allGather(own, into: $0, pieces) }
    }
    return (0..<size).map { Array(all[pieces[$0]]) }
  }
}
