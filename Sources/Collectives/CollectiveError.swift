/// Why ranks could not exchange something.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// MPI refused a call; `text` is MPI's own.
  case mpi(call: String, text: String)
  /// MPI counts elements in 32 bits.
  case tooManyElements(call: String, count: Int)
  /// The MPI library cannot be used in a program with threads.
  case noThreads

  public var description: String {
    switch self {
    case .mpi(let call, let text):
      "\(call) failed: \(text)"
    case .tooManyElements(let call, let count):
      "\(call) cannot take \(count) elements at once, the most is \(Int32.max)"
    case .noThreads:
      "this MPI library was built without thread support (MPI_THREAD_SINGLE), Sluice needs at least "
        + "MPI_THREAD_FUNNELED: install another build of it"
    }
  }
}
