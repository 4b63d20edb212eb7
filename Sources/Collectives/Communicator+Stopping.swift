internal import CSignals

/// Requests to stop come to one rank as a signal, and are answered by all ranks at the same place.
extension Communicator {
  /// From now on SIGTERM, SIGINT, SIGHUP, SIGUSR1 or SIGUSR2 asks the job to stop (`isStopRequested`) instead of
  /// ending this process, unless it was told to ignore it. Another one, a second or more later, ends it at once.
  ///
  /// Called after MPI has started, which installs handlers of its own.
  public func catchStopSignals() {
    let error = signals_catch_stop()
    precondition(error == 0, "sigaction refused a signal: error \(error)")
  }

  /// From now on SIGUSR1 and SIGUSR2, which have waited since this process began, end it: for what has nothing to finish.
  public func leaveStopSignals() { signals_end_hold() }

  /// Whether any rank has been asked to stop. The same answer on every rank; once true, always true.
  ///
  /// - Throws: `CollectiveError`.
  public func isStopRequested() throws -> Bool {
    try ballot(isDone: false).stop
  }

  /// Does on rank 0 what takes long, and lets the other ranks' requests to stop reach it meanwhile.
  ///
  /// - Parameter body: Called on rank 0; it asks now and then whether any rank has been asked to stop.
  /// - Returns: What `body` returns on rank 0, nil on others.
  /// - Throws: The same `AgreedFailure` on every rank if `body` throws; `CollectiveError`.
  public func onRoot<T>(_ body: (_ isStopRequested: () throws -> Bool) throws -> T) throws -> T? {
    guard rank == 0 else {
      while try !ballot(isDone: false).done {}
      return try agree { nil }
    }
    let result = Result { try body(isStopRequested) }
    _ = try ballot(isDone: true)
    return try agree { try result.get() }
  }

  /// Whether this rank has been asked to stop, which others need not know.
  var isStopRequestedHere: Bool { signals_stop_requested() != 0 }

  private func ballot(isDone: Bool) throws -> (stop: Bool, done: Bool) {
    var votes: [Int64] = [isStopRequestedHere ? 1 : 0, isDone ? 1 : 0]
    try meet(.stopVote) { try $0.control.sum(&votes) }
    return (votes[0] > 0, votes[1] > 0)
  }
}
