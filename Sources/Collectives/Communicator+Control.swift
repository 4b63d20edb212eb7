/// What ranks tell each other beside numbers: small, blocking, on a channel of its own.
extension Communicator {
  /// Returns when every rank has called it.
  ///
  /// - Throws: `CollectiveError`.
  public func barrier() throws {
    try channels?.control.barrier()
  }

  /// Rank `root`'s bytes, on every rank. Other ranks' argument does not matter.
  ///
  /// - Throws: `CollectiveError`.
  public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws -> [UInt8] {
    guard let control = channels?.control else { return bytes }
    var count = Int64(bytes.count)
    try withUnsafeMutableBytes(of: &count) { try control.broadcast($0, from: root) }
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
    try result.withUnsafeMutableBytes { try control.broadcast(inParts: $0, from: root) }
    return result
  }

  /// Everybody's bytes, in rank order; lengths may differ.
  ///
  /// - Throws: `CollectiveError`, on every rank if all together exceed what MPI can count.
  public func gatherBytes(_ bytes: [UInt8]) throws -> [[UInt8]] {
    guard let channels else { return [bytes] }
    return try channels.control.allGather(bytes)
  }

  /// Does `body` on every rank and goes on only where all succeeded, so that one rank's failure cannot leave
  /// the others waiting for ever.
  ///
  /// `body` may communicate only where it cannot fail on some ranks and pass on others before that.
  ///
  /// - Throws: The same `AgreedFailure` on every rank if `body` threw on any; `CollectiveError`.
  public func agree<T>(_ body: () throws -> T) throws -> T {
    let result = Result(catching: body)
    var message = ""
    if case .failure(let error) = result { message = oneLine(describe(error)) }
    let mine: Int64 = message.isEmpty ? 0 : 1
    let failed = try channels?.control.allGather([mine]) ?? [mine]
    guard let first = failed.firstIndex(of: 1) else { return try result.get() }
    throw AgreedFailure(
      rank: first, hostName: try broadcast(value: hostName, from: first),
      message: try broadcast(value: message, from: first), isEverywhere: !failed.contains(0))
  }
}
