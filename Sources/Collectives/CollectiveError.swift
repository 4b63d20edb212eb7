/// Why ranks could not exchange something.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// MPI refused a call; `text` is MPI's own.
  case mpi(call: String, text: String)
  /// MPI counts elements in 32 bits.
  case tooManyElements(call: String, count: Int)
  /// The MPI library cannot be used in a program with threads.
  case noThreads
  /// Slurm started this many tasks, but MPI knows nothing of the others: each would do the whole job.
  case separateTasks(count: Int)

  public var description: String {
    switch self {
    case .mpi(let call, let text):
      "\(call) failed: \(text)"
    case .tooManyElements(let call, let count):
      "\(call) cannot take \(count) elements at once; the most is \(Int32.max)"
    case .noThreads:
      "this MPI library was built without thread support (MPI_THREAD_SINGLE), Sluice needs at least "
        + "MPI_THREAD_FUNNELED: install another build of it"
    case .separateTasks(let count):
      "srun started \(count) tasks that do not know about each other: start them with 'srun --mpi=pmix', or with mpirun "
        + "or scripts/launch in the Slurm job (if they are meant to be \(count) separate runs, unset "
        + "SLURM_STEP_NUM_TASKS)"
    }
  }
}
