internal import CMPI

/// MPI as this process started it: between `start` and `finish` ranks can talk.
final class MPIRuntime {
  /// How freely threads may call MPI.
  enum ThreadLevel: Int32 {
    case single, funneled, serialized, multiple
  }

  let threadLevel: ThreadLevel
  /// The library's name and version, in one line.
  static var library: String {
    libraryName(mpiText { cmpi_library_version($0) == 0 })
  }

  /// For example `Open MPI 4.1.4` or `MPICH 4.0.2`, from what the library says of itself.
  static func libraryName(_ text: String) -> String {
    let line = text.split { $0 == "," || $0.isNewline }.first ?? "unknown"
    let words = line.split(whereSeparator: \.isWhitespace).filter { $0 != "Version:" }
    let isOpenMPI = words.starts(with: ["Open", "MPI"])
    return words.map { isOpenMPI && $0.first == "v" ? $0.dropFirst() : $0 }.joined(separator: " ")
  }

  /// Whether a launcher (mpirun, srun, …) started this process as one rank of several, judged by the
  /// variables that Open MPI, PMIx, MPICH's Hydra (and its relatives) and MVAPICH set.
  static func isLaunched(_ environment: [String: String]) -> Bool {
    let marks = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"]
    return marks.contains { environment[$0] != nil }
  }

  /// The tasks that Slurm's srun started together with this process, itself included, and meant to be its ranks;
  /// nil if srun did not start it.
  ///
  /// Only in a job step does Slurm set these: a batch script, or a shell in an allocation, has SLURM_NTASKS but is
  /// one process. In what mpirun starts they belong to the step of mpirun's own daemons.
  static func stepTaskCount(_ environment: [String: String]) -> Int? {
    guard environment["OMPI_COMM_WORLD_SIZE"] == nil, environment["SLURM_STEP_ID"] != nil else { return nil }
    return environment["SLURM_STEP_NUM_TASKS"].flatMap(Int.init)
  }

  /// Starts MPI; once per process.
  ///
  /// - Throws: `CollectiveError.noThreads`, `.mpi`.
  init() throws(CollectiveError) {
    var started: Int32 = 0
    try checkMPI("MPI_Initialized") { cmpi_is_initialized(&started) }
    precondition(started == 0, "MPI is started once per process")
    var granted: Int32 = 0
    try checkMPI("MPI_Init_thread") { cmpi_init(&granted) }
    threadLevel = ThreadLevel(rawValue: granted) ?? .single
    guard threadLevel != .single else { throw .noThreads }
  }

  func finish() throws(CollectiveError) {
    try checkMPI("MPI_Finalize") { cmpi_finalize() }
  }

  /// Ends every rank of the job with this exit code.
  static func abort(exitCode: Int32) {
    cmpi_abort(exitCode)
  }
}

/// Makes an MPI call and turns its error code into an error with the call's name and MPI's text.
func checkMPI(_ name: String, _ call: () -> Int32) throws(CollectiveError) {
  let code = call()
  guard code != 0 else { return }
  let text = mpiText {
    cmpi_error_string(code, $0)
    return true
  }
  throw .mpi(call: name, text: text)
}

/// A count as MPI takes it.
func mpiCount(_ count: Int, in call: String) throws(CollectiveError) -> Int32 {
  guard let exact = Int32(exactly: count) else { throw .tooManyElements(call: call, count: count) }
  return exact
}

/// What `fill` writes as zero-terminated text; empty if it reports failure.
private func mpiText(_ fill: (UnsafeMutablePointer<CChar>) -> Bool) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CMPI_TEXT_CAPACITY)) { text in
    guard let base = text.baseAddress, fill(base) else { return "" }
    return String(cString: base)
  }
}
