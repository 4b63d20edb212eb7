/// What ranks tell each other beside numbers: small, blocking, on a channel of its own.
extension Communicator {
  /// Returns when every rank has called it.
  ///
  /// - Throws: `CollectiveError`.
  public func barrier() throws {
    try meet(.barrier) { try $0.control.barrier() }
  }

  /// Rank `root`'s bytes, on every rank. Other ranks' argument does not matter.
  ///
  /// - Throws: `CollectiveError`.
  public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws -> [UInt8] {
    let result = try meet(.broadcast) { channels in
      var count = Int64(bytes.count)
      try withUnsafeMutableBytes(of: &count) { try channels.control.broadcast($0, from: root) }
      var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
      try result.withUnsafeMutableBytes { try channels.control.broadcast(inParts: $0, from: root) }
      return result
    }
    return result ?? bytes
  }

  /// Everybody's bytes, in rank order; lengths may differ.
  ///
  /// - Throws: `CollectiveError`, on every rank if all together exceed what MPI can count.
  public func gatherBytes(_ bytes: [UInt8]) throws -> [[UInt8]] {
    try meet(.gathering) { try $0.control.allGather(bytes) } ?? [bytes]
  }

  /// Does `body` on every rank and goes on only where all succeeded, so that one rank's failure cannot leave
  /// the others waiting for ever.
  ///
  /// `body` may communicate only where it cannot fail on some ranks and pass on others before that.
  ///
  /// - Throws: The same `AgreedFailure` on every rank if `body` threw on any; `RanksOutOfStep` on every rank;
  ///   `CollectiveError`.
  public func agree<T>(_ body: () throws -> T) throws -> T {
    let result = Result(catching: body)
    let failed = try tell(isFailure(result) ? 1 : 0, for: .agreement)
    return try agreed(result, failed)
  }

  /// Does `body` as `agree` does, and learns from the same message whether any rank has been asked to stop.
  ///
  /// - Returns: nil on every rank if any has been asked to stop (`isStopRequested`), whatever became of `body`.
  /// - Throws: As `agree`.
  public func agreeUnlessStopped<T>(_ body: () throws -> T) throws -> T? {
    let result = Result(catching: body)
    let told = try tell(isStopRequestedHere ? 2 : isFailure(result) ? 1 : 0, for: .nextImages)
    return told.contains(2) ? nil : try agreed(result, told)
  }

  /// Every rank's word, 0 to 3, in rank order. How many collectives each has begun travels in the same number: ranks that
  /// have not come the same way are told so where they would else take one thing for another.
  private func tell(_ word: Int64, for purpose: CollectivePurpose) throws -> [Int64] {
    let told = try meet(purpose) { channels in
      try channels.control.allGather([Int64(place.place.number) << 2 | word])
    }
    guard let told else { return [word] }
    let counts = told.map { $0 >> 2 }
    guard counts.allSatisfy({ $0 == counts[0] }) else {
      throw RanksOutOfStep(collective: purpose.name, counts: counts)
    }
    return told.map { $0 & 3 }
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
