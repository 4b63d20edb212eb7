internal import CMPI

/// A channel of its own between all processes of the job: one duplicated MPI communicator.
final class MPIChannel: Channel {
  let rank: Int
  let size: Int
  private let handle: cmpi_comm_t

  /// A new channel between all ranks; every rank makes its channels in the same order.
  init() throws(CollectiveError) {
    var made: cmpi_comm_t?
    try checkMPI("MPI_Comm_dup") { cmpi_duplicate_world(&made) }
    guard let made else { preconditionFailure("MPI_Comm_dup succeeded without a communicator") }
    handle = made
    var number: Int32 = 0
    try checkMPI("MPI_Comm_rank") { cmpi_rank(made, &number) }
    rank = Int(number)
    try checkMPI("MPI_Comm_size") { cmpi_size(made, &number) }
    size = Int(number)
  }

  func close() throws(CollectiveError) {
    try checkMPI("MPI_Comm_free") { cmpi_free(handle) }
  }

  func barrier() throws(CollectiveError) {
    try checkMPI("MPI_Barrier") { cmpi_barrier(handle) }
  }

  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CollectiveError) {
    let count = try mpiCount(bytes.count, in: "MPI_Bcast")
    try checkMPI("MPI_Bcast") { cmpi_bcast_bytes(bytes.baseAddress, count, Int32(root), handle) }
  }

  func sum(_ values: inout [Int64]) throws(CollectiveError) {
    let count = try mpiCount(values.count, in: "MPI_Allreduce")
    try values.withUnsafeMutableBufferPointer { (values) throws(CollectiveError) in
      try checkMPI("MPI_Allreduce") { cmpi_allreduce_sum_i64(values.baseAddress, count, handle) }
    }
  }

  func exchange(_ values: [Double], with partner: Int) throws(CollectiveError) -> [Double] {
    let count = try mpiCount(values.count, in: "MPI_Sendrecv")
    var received = [Double](repeating: 0, count: values.count)
    try checkMPI("MPI_Sendrecv") { cmpi_exchange_f64(values, &received, count, Int32(partner), handle) }
    return received
  }

  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, of width: NumberWidth
  ) throws(CollectiveError) {
    precondition(all.count == own.count * size, "\(size) × \(own.count) bytes need that much room")
    let count = try mpiCount(own.count / width.bytes, in: "MPI_Allgather")
    try checkMPI("MPI_Allgather") {
      cmpi_allgather(own.baseAddress, count, all.baseAddress, width.number, handle)
    }
  }

  func allGather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces
  ) throws(CollectiveError) {
    _ = try mpiCount(pieces.total, in: "MPI_Allgatherv")
    try checkMPI("MPI_Allgatherv") {
      cmpi_allgatherv_bytes(own.baseAddress, all.baseAddress, pieces.counts, pieces.starts, handle)
    }
  }

  func gather(
    _ own: UnsafeRawBufferPointer, into all: UnsafeMutableRawBufferPointer, _ pieces: Pieces, to root: Int
  ) throws(CollectiveError) {
    _ = try mpiCount(pieces.total, in: "MPI_Gatherv")
    try checkMPI("MPI_Gatherv") {
      cmpi_gatherv_bytes(
        own.baseAddress, all.baseAddress, pieces.counts, pieces.starts, Int32(root), handle)
    }
  }

  func startScatter(
    _ numbers: UnsafeRawPointer, _ pieces: Pieces, rows: UnsafeMutableRawPointer, of width: NumberWidth
  ) throws(CollectiveError) -> any PendingExchange {
    var request: cmpi_request_t?
    try checkMPI("MPI_Ialltoallv") {
      cmpi_start_alltoallv(
        numbers, pieces.counts, pieces.starts, rows, pieces.counts[rank], width.number, handle, &request)
    }
    return MPIRequest(request, call: "MPI_Ialltoallv")
  }

  func startGather(
    _ numbers: UnsafeMutableRawPointer, _ pieces: Pieces, of width: NumberWidth
  ) throws(CollectiveError) -> any PendingExchange {
    var request: cmpi_request_t?
    try checkMPI("MPI_Iallgatherv") {
      cmpi_start_allgatherv(numbers, pieces.counts, pieces.starts, width.number, handle, &request)
    }
    return MPIRequest(request, call: "MPI_Iallgatherv")
  }
}

extension NumberWidth {
  fileprivate var number: cmpi_number {
    switch self {
    case .two: CMPI_16_BITS
    case .four: CMPI_32_BITS
    case .eight: CMPI_64_BITS
    }
  }
}

/// MPI advances it while this process is inside MPI calls.
private final class MPIRequest: PendingExchange {
  private var handle: cmpi_request_t?
  private let call: String

  init(_ handle: cmpi_request_t?, call: String) {
    self.handle = handle
    self.call = call
  }

  func test() throws(CollectiveError) -> Bool {
    guard handle != nil else { return true }
    var done: Int32 = 0
    try checkMPI(call) { cmpi_test(&handle, &done) }
    return done != 0
  }

  func wait() throws(CollectiveError) {
    guard handle != nil else { return }
    try checkMPI(call) { cmpi_wait(&handle) }
  }
}
