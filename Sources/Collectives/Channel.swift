internal import CMPI

/// One duplicated MPI communicator: collectives on it are posted in the same order on every rank and never
/// meet those of another channel, so background and blocking ones cannot be mixed up.
package final class Channel {
  package let rank: Int
  package let size: Int
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

  /// Gives the MPI communicator back; nothing may follow.
  func close() throws(CollectiveError) {
    try checkMPI("MPI_Comm_free") { cmpi_free(handle) }
  }

  package func barrier() throws(CollectiveError) {
    try checkMPI("MPI_Barrier") { cmpi_barrier(handle) }
  }

  /// Replaces `bytes` on every rank by those of rank `root`; equally many everywhere.
  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CollectiveError) {
    let count = try mpiCount(bytes.count, in: "MPI_Bcast")
    try checkMPI("MPI_Bcast") { cmpi_bcast_bytes(bytes.baseAddress, count, Int32(root), handle) }
  }

  /// The exact sum over ranks of each number.
  func sum(_ values: inout [Int64]) throws(CollectiveError) {
    let count = try mpiCount(values.count, in: "MPI_Allreduce")
    try values.withUnsafeMutableBufferPointer { (values) throws(CollectiveError) in
      try checkMPI("MPI_Allreduce") { cmpi_allreduce_sum_i64(values.baseAddress, count, handle) }
    }
  }

  /// Whether `sumAlongTree` can add over these ranks.
  var isPowerOfTwo: Bool { size & (size - 1) == 0 }

  /// Replaces `values` on every rank by their sum over ranks along `ShardTree`, in log₂ ranks exchanges of as many
  /// numbers; the ranks are a power of two.
  func sumAlongTree(_ values: inout [Double]) throws(CollectiveError) {
    precondition(isPowerOfTwo, "\(size) ranks do not pair up")
    let count = try mpiCount(values.count, in: "MPI_Sendrecv")
    var received = [Double](repeating: 0, count: values.count)
    try values.withUnsafeMutableBufferPointer { (values) throws(CollectiveError) in
      try checkMPI("MPI_Sendrecv") {
        cmpi_sum_along_tree_f64(values.baseAddress, &received, count, handle)
      }
    }
  }

  /// Everybody's `values`, in rank order; all ranks bring equally many.
  func allGather(_ values: [Int64]) throws(CollectiveError) -> [Int64] {
    let count = try mpiCount(values.count, in: "MPI_Allgather")
    var all = [Int64](repeating: 0, count: values.count * size)
    try checkMPI("MPI_Allgather") { cmpi_allgather_i64(values, count, &all, handle) }
    return all
  }

  /// Everybody's `values`, in rank order; all ranks bring equally many.
  func allGather(_ values: [Double]) throws(CollectiveError) -> [Double] {
    let count = try mpiCount(values.count, in: "MPI_Allgather")
    var all = [Double](repeating: 0, count: values.count * size)
    try checkMPI("MPI_Allgather") { cmpi_allgather_f64(values, count, &all, handle) }
    return all
  }

  /// Everybody's `values`, in rank order; all ranks bring equally many.
  func allGather(
    _ values: UnsafeBufferPointer<Float>, into all: UnsafeMutableBufferPointer<Float>
  ) throws(CollectiveError) {
    precondition(all.count == values.count * size, "\(size) × \(values.count) numbers need that much room")
    let count = try mpiCount(values.count, in: "MPI_Allgather")
    try checkMPI("MPI_Allgather") {
      cmpi_allgather_f32(values.baseAddress, count, all.baseAddress, handle)
    }
  }

  /// Everybody's bytes, in rank order, one array a rank; lengths may differ.
  func allGather(_ bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
    // Counts first: so every rank sees the same total, and all of them throw if it is too large.
    let pieces = Pieces(counts: try allGather([Int64(bytes.count)]).map(Int.init))
    _ = try mpiCount(pieces.total, in: "MPI_Allgatherv")
    var all = [UInt8](repeating: 0, count: pieces.total)
    try checkMPI("MPI_Allgatherv") {
      cmpi_allgatherv_bytes(bytes, &all, pieces.counts, pieces.starts, handle)
    }
    return (0..<size).map { Array(all[pieces[$0]]) }
  }

  /// Starts to send piece r of `numbers` to rank r, and to receive this rank's piece of every rank's numbers
  /// as the rows of `rows`, `[size × own count]`. Both belong to MPI until the request is done.
  func startScatter(
    _ numbers: UnsafeRawPointer, _ pieces: Pieces, rows: UnsafeMutableRawPointer,
    of precision: GradientPrecision
  ) throws(CollectiveError) -> Request {
    var request: cmpi_request_t?
    try checkMPI("MPI_Ialltoallv") {
      cmpi_start_alltoallv(
        numbers, pieces.counts, pieces.starts, rows, pieces.counts[rank], precision.number, handle, &request)
    }
    return Request(request, call: "MPI_Ialltoallv")
  }

  /// Starts to fill `numbers` on every rank, piece r with what rank r holds there. They belong to MPI until
  /// the request is done.
  func startGather(
    _ numbers: UnsafeMutableRawPointer, _ pieces: Pieces, of precision: GradientPrecision
  ) throws(CollectiveError) -> Request {
    var request: cmpi_request_t?
    try checkMPI("MPI_Iallgatherv") {
      cmpi_start_allgatherv(numbers, pieces.counts, pieces.starts, precision.number, handle, &request)
    }
    return Request(request, call: "MPI_Iallgatherv")
  }
}

extension GradientPrecision {
  fileprivate var number: cmpi_number { self == .f32 ? CMPI_32_BITS : CMPI_16_BITS }
}

/// A collective that runs in the background. MPI advances it while this process is inside MPI calls.
final class Request {
  private var handle: cmpi_request_t?
  private let call: String

  init(_ handle: cmpi_request_t?, call: String) {
    self.handle = handle
    self.call = call
  }

  /// Whether it has completed; does not wait.
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
