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
    let failed = try tell(isFailure(result) ? 1 : 0)
    return try agreed(result, failed)
  }

  /// Does `body` as `agree` does, and learns from the same message whether any rank has been asked to stop.
  ///
  /// - Returns: nil on every rank if any has been asked to stop (`isStopRequested`), whatever became of `body`.
  /// - Throws: As `agree`.
  public func agreeUnlessStopped<T>(_ body: () throws -> T) throws -> T? {
    let result = Result(catching: body)
    let told = try tell(isStopRequestedHere ? 2 : isFailure(result) ? 1 : 0)
    return told.contains(2) ? nil : try agreed(result, told)
  }

  /// Every rank's number, in rank order.
  private func tell(_ number: Int64) throws -> [Int64] {
    try channels?.control.allGather([number]) ?? [number]
  }

  private func isFailure<T>(_ result: Result<T, any Error>) -> Bool {
    if case .failure = result { true } else { false }
  }

  /// What this rank's `body` returned where no rank told 1, which stands for a failure.
  private func agreed<T>(_ result: Result<T, any Error>, _ failed: [Int64]) throws -> T {
    guard let first = failed.firstIndex(of: 1) else { return try result.get() }
    var message = ""
    if case .failure(let error) = result { message = oneLine(describe(error)) }
    throw AgreedFailure(
      rank: first, hostName: try broadcast(value: hostName, from: first),
      message: try broadcast(value: message, from: first), isEverywhere: !failed.contains(0))
  }
}
